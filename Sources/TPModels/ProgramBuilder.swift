internal import CTPKernels

/// Where numbers lie between two steps.
enum Place {
  /// What the caller gave: a clip, row-major; or a volume of another workspace.
  case clip(tp_volume?)
  /// Row-major, in one of the two areas that steps write in turn.
  case rows(area: Int)
  /// With channels last and zeros around them, from an offset in the workspace.
  case volume(Int, tp_volume)
}

/// Lays out the steps of a program and the memory that they need.
struct ProgramBuilder {
  /// What is packed once all sizes are known.
  struct Parameters {
    var step: Int
    var weights: [Float] = []
    var scale: [Double]?
    var bias: [Float] = []
  }

  let variant: Int32
  /// Whether steps take several layers together, and Winograd's algorithm is used.
  let fusing: Bool
  var steps: [tp_step] = []
  var parameters: [Parameters] = []
  var orders: [(step: Int, order: [Int32])] = []
  var place: Place
  var outputs: [Program.Output] = []
  var fusions: [Program.Fusion] = []
  /// Floats of each of the two areas.
  var areas = [0, 0]
  /// Floats of all volumes, and the most that a step needs of scratch memory.
  var volumeCount = 0
  var scratchCount = 0
  private var volumes: [(offset: Int, volume: tp_volume)] = []

  init(variant: Int32, fusing: Bool, input: Place) {
    self.variant = variant
    self.fusing = fusing
    place = input
  }

  /// The offset of an area, until the sizes of all are known.
  static func symbol(area: Int) -> Int { -2 - area }

  /// What a step calls a place.
  static func offset(_ place: Place) -> Int {
    switch place {
    case .clip: Int(TP_CLIP)
    case .rows(let area): symbol(area: area)
    case .volume(let offset, _): offset
    }
  }

  /// Adds a step from the current place to another.
  mutating func add(_ step: tp_step, to next: Place, _ given: Parameters? = nil) {
    var step = step
    step.in = Self.offset(place)
    step.out = Self.offset(next)
    scratchCount = max(scratchCount, unsafe tp_plan(variant, &step))
    if var given {
      given.step = steps.count
      parameters.append(given)
    }
    steps.append(step)
    place = next
  }

  /// The area that the current place is not, with room for so many numbers.
  mutating func freshRows(_ count: Int) -> Place {
    var area = 0
    if case .rows(let current) = place { area = 1 - current }
    areas[area] = max(areas[area], count)
    return .rows(area: area)
  }

  /// A volume that the current place is not; those of the same sizes share memory, and their zeros.
  mutating func freshVolume(_ volume: tp_volume) -> Place {
    var taken = -1
    if case .volume(let offset, _) = place { taken = offset }
    if let found = volumes.first(where: { $0.offset != taken && $0.volume.matches(volume) }) {
      return .volume(found.offset, volume)
    }
    let offset = volumeCount
    volumes.append((offset, volume))
    volumeCount += volume.memoryCount
    return .volume(offset, volume)
  }

  /// Makes the current numbers row-major.
  mutating func leaveVolume() {
    let volume: tp_volume
    switch place {
    case .clip(let given?): volume = given
    case .volume(_, let own): volume = own
    default: return
    }
    var step = tp_step()
    step.kind = Int32(TP_LEAVE)
    step.source = volume
    add(step, to: freshRows(volume.count))
  }

  /// Says that the current numbers are the output of a layer.
  mutating func record(layer: Int, count: Int) {
    outputs.append(
      Program.Output(layer: layer, steps: steps.count, place: place, count: count))
  }
}

extension tp_volume {
  init(channels: Int, extents: [Int], padding: [Int] = [0, 0, 0], phased: Bool = false) {
    self.init()
    self.channels = channels
    self.extents = (extents[0], extents[1], extents[2])
    self.padding = (padding[0], padding[1], padding[2])
    // The first transform reads whole vectors of up to 16 tiles, and one more.
    phase = phased ? (extents[2] / 4 + 15) / 16 * 16 + 16 : 0
    row = phased ? 4 * phase : (extents[2] + 2 * padding[2]) * channels
    slice = row * (extents[1] + 2 * padding[1])
  }

  /// Elements without the padding.
  var count: Int { channels * extents.0 * extents.1 * extents.2 }
  /// Floats with the padding, to whole lines of cache.
  var memoryCount: Int { (slice * (extents.0 + 2 * padding.0) + 15) / 16 * 16 }

  /// Whether another has the same sizes.
  func matches(_ other: tp_volume) -> Bool {
    channels == other.channels && extents == other.extents && padding == other.padding
      && phase == other.phase
  }
}
