/// Half the distance from 1 to the next float32: the largest relative error of one rounding.
let roundingUnit = 0x1p-24

/// An activation of one clip, whole or at some positions, in float64: what an isolated layer reads
/// and gives.
struct Field: Sendable {
  /// The extents of the whole activation, without the dimension of the clips.
  var extents: [Int]
  /// Flat row-major positions, strictly increasing; `nil`: all of it.
  var positions: [Int]?
  /// The values, one for each position.
  var values: [Double]
  /// What honest float32 does to each value, as a variance; empty where nothing was rounded yet.
  var variances: [Double] = []
  /// The most that rounding could do to each value; empty where nothing was rounded yet.
  var bounds: [Double] = []

  /// The bound where no worst case is known.
  static let unknownBound = 1e200
  /// A bound from here on says that none is known, also after the layers that follow.
  static let leastUnknownBound = 1e150

  /// The elements of the whole activation.
  var size: Int { extents.reduce(1, *) }
  /// Whether every value is what the engine saw, without rounding noise.
  var isExact: Bool { variances.isEmpty }

  func variance(_ index: Int) -> Double { variances.isEmpty ? 0 : variances[index] }
  func bound(_ index: Int) -> Double { bounds.isEmpty ? 0 : bounds[index] }

  /// Where each element of the whole activation stands among the values; -1 where it is unknown.
  var places: [Int32] {
    guard let positions else { return (0..<Int32(size)).map { $0 } }
    var places = [Int32](repeating: -1, count: size)
    for (index, position) in positions.enumerated() { places[position] = Int32(index) }
    return places
  }
}

/// Collects the elements of a field one by one.
struct FieldBuilder {
  private(set) var field: Field
  let judging: Bool

  /// - Parameters:
  ///   - judging: whether noise is carried.
  ///   - isWhole: whether every position will come, in order.
  init(extents: [Int], isWhole: Bool, judging: Bool, capacity: Int) {
    field = Field(extents: extents, positions: isWhole ? nil : [], values: [])
    self.judging = judging
    field.values.reserveCapacity(capacity)
    if judging {
      field.variances.reserveCapacity(capacity)
      field.bounds.reserveCapacity(capacity)
    }
  }

  @inline(__always)
  mutating func add(_ position: Int, _ value: Noisy) {
    add(position, value.value, variance: value.variance, bound: value.bound)
  }

  @inline(__always)
  mutating func add(_ position: Int, _ value: Double, variance: Double = 0, bound: Double = 0) {
    field.positions?.append(position)
    field.values.append(value)
    if judging {
      field.variances.append(variance)
      field.bounds.append(bound)
    }
  }
}

/// Float32's smallest normal number: engines may lose what is smaller.
let leastNoise = 0x1p-126
