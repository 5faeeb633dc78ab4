internal import CTPKernels

/// Steps with their weights, ready to run.
final class Program: Sendable {
  /// The output of a layer, as it lies after some steps.
  struct Output: Sendable {
    var layer: Int
    var steps: Int
    var place: Place
    var count: Int
  }

  /// Layers of which only the last has an output, because one step computes them all.
  struct Fusion: Sendable {
    var layers: Range<Int>
    /// The steps after which the input of the first layer lies at `input`.
    var steps: Int
    var input: Place
  }

  let variant: Int32
  let steps: [tp_step]
  private let constants: FixedMemory<Float>
  private let orders: FixedMemory<Int32>
  /// Where each of the two areas of rows begins in a workspace.
  let areas: [Int]
  /// Where the scratch memory begins in a workspace, and the floats of all.
  let scratch: Int
  let memoryCount: Int
  let outputs: [Output]
  let fusions: [Fusion]
  /// Elements of a clip, and where the last step leaves its result.
  let clipCount: Int
  let result: Int
  let resultCount: Int

  /// Packs the weights of steps that end with `resultCount` numbers.
  init(_ given: consuming ProgramBuilder, clipCount: Int, resultCount: Int) {
    var builder = given
    builder.end(count: resultCount)
    func lines(_ count: Int) -> Int { (count + 15) / 16 * 16 }
    let areas = [
      builder.volumeCount, builder.volumeCount + lines(builder.areas[0]),
    ]
    let scratch = areas[1] + lines(builder.areas[1])
    let variant = builder.variant
    var steps = builder.steps
    let sizes = builder.parameters.map { part in
      let packed = unsafe tp_packed_count(variant, &steps[part.step])
      return (
        weights: lines(packed > 0 ? packed : part.weights.count),
        bias: part.bias.isEmpty ? 0 : tp_bias_count(part.bias.count)
      )
    }
    constants = FixedMemory(count: sizes.reduce(0) { $0 + $1.weights + $1.bias })
    var next = 0
    for (part, size) in zip(builder.parameters, sizes) {
      let place = unsafe constants.base + next
      let bias = unsafe place + size.weights
      if unsafe tp_packed_count(variant, &steps[part.step]) > 0 {
        unsafe tp_pack(variant, &steps[part.step], part.weights, part.scale, place)
      } else {
        unsafe place.update(from: part.weights, count: part.weights.count)
      }
      unsafe bias.update(from: part.bias, count: part.bias.count)
      steps[part.step].weights = next
      steps[part.step].bias = next + size.weights
      next += size.weights + size.bias
    }
    orders = FixedMemory(count: builder.orders.reduce(0) { $0 + $1.order.count })
    next = 0
    for (step, order) in builder.orders {
      unsafe (orders.base + next).update(from: order, count: order.count)
      steps[step].order = next
      next += order.count
    }
    func resolved(_ offset: Int) -> Int {
      for area in 0..<2 where offset == ProgramBuilder.symbol(area: area) { return areas[area] }
      return offset
    }
    for index in steps.indices {
      steps[index].in = resolved(steps[index].in)
      steps[index].out = resolved(steps[index].out)
    }
    result = resolved(ProgramBuilder.offset(builder.place))
    self.variant = variant
    self.steps = steps
    self.areas = areas
    self.scratch = scratch
    memoryCount = scratch + lines(builder.scratchCount)
    outputs = builder.outputs
    fusions = builder.fusions
    self.clipCount = clipCount
    self.resultCount = resultCount
  }

  var stepCount: Int { steps.count }

  /// Runs some steps on one clip.
  func run(
    _ range: Range<Int>, _ clip: UnsafePointer<Float>, _ space: PassMemory, threads: Int
  ) {
    unsafe withProgram { program in
      unsafe space.pointers.withUnsafeBufferPointer { spaces in
        unsafe tp_run_steps(
          &program, range.lowerBound, range.upperBound, clip, spaces.baseAddress,
          min(threads, spaces.count))
      }
    }
  }

  /// Runs all steps on clips, and writes the results one after the other.
  func run(
    clips: Int, _ input: UnsafePointer<Float>, _ space: PassMemory, threads: Int,
    into results: UnsafeMutablePointer<Float>
  ) {
    unsafe withProgram { program in
      unsafe space.pointers.withUnsafeBufferPointer { spaces in
        unsafe tp_run_clips(
          &program, clips, input, spaces.baseAddress, min(threads, spaces.count), results)
      }
    }
  }

  private func withProgram(_ body: (inout tp_program) -> Void) {
    unsafe steps.withUnsafeBufferPointer { steps in
      var program = unsafe tp_program(
        variant: variant, constants: constants.base, orders: orders.base, steps: steps.baseAddress,
        count: steps.count, scratch: scratch,
        clip: clipCount, result: result, results: resultCount)
      unsafe body(&program)
    }
  }

  /// Reads numbers of a workspace, row-major.
  func read(
    _ place: Place, count: Int, _ clip: UnsafePointer<Float>, _ space: PassMemory
  ) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: count) { numbers, written in
      written = count
      guard let target = numbers.baseAddress, let memory = unsafe space.pointers.first ?? nil
      else { return }
      switch place {
      case .clip(var volume?): unsafe tp_leave(&volume, clip, target)
      case .clip(nil): unsafe target.initialize(from: clip, count: count)
      case .rows(let area): unsafe target.initialize(from: memory + areas[area], count: count)
      case .volume(let offset, var volume): unsafe tp_leave(&volume, memory + offset, target)
      }
    }
  }

  /// What the last step left.
  func results(_ space: PassMemory) -> [Float] {
    guard let memory = unsafe space.pointers.first ?? nil else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: memory + result, count: resultCount))
  }

  /// Where the numbers of a place begin.
  func address(
    _ place: Place, _ clip: UnsafePointer<Float>, _ space: PassMemory
  ) -> UnsafePointer<Float> {
    guard let memory = unsafe space.pointers.first ?? nil else { return unsafe clip }
    switch place {
    case .clip: return unsafe clip
    case .rows(let area): return unsafe UnsafePointer(memory + areas[area])
    case .volume(let offset, _): return unsafe UnsafePointer(memory + offset)
    }
  }
}
