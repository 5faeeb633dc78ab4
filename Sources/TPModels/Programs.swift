internal import CTPKernels
private import Synchronization

/// The programs of one network, made when they are first needed, and their memory.
final class Programs: Sendable {
  private struct Made {
    var main: Program?
    /// By the first layer that they compute.
    var asides: [Int: Program] = [:]
  }

  private let architecture: Architecture
  private let weights: BoundWeights
  private let variant: KernelVariant
  private let made = Mutex(Made())
  private let memory = Lent<PassMemory>()

  init(_ architecture: Architecture, _ weights: BoundWeights, _ variant: KernelVariant) {
    self.architecture = architecture
    self.weights = weights
    self.variant = variant
  }

  func prepare(threads: Int) { memory.give(take(main, threads: threads)) }

  /// Runs clips without recording.
  func run(clips: Int, _ input: [Float], into results: inout [Float], threads: Int) {
    let program = main
    let space = take(program, threads: threads)
    unsafe input.withUnsafeBufferPointer { input in
      unsafe results.withUnsafeMutableBufferPointer { results in
        guard let input = input.baseAddress, let results = results.baseAddress else { return }
        unsafe program.run(clips: clips, input, space, threads: threads, into: results)
      }
    }
    memory.give(space)
  }

  /// Runs one clip, hands out the activations of these names, and gives the logits.
  func record(
    _ names: Set<String>, of clip: ArraySlice<Float>, threads: Int,
    _ keep: (String, [Float]) -> Void
  ) -> [Float] {
    let program = main
    let space = take(program, threads: threads)
    let logits = unsafe clip.withUnsafeBufferPointer { clip in
      guard let clip = clip.baseAddress else { return [Float]() }
      var done = 0
      func reach(_ steps: Int) {
        unsafe program.run(done..<steps, clip, space, threads: threads)
        done = steps
      }
      for layer in architecture.layers.indices {
        if let fusion = program.fusions.first(where: { $0.layers.lowerBound == layer }),
          fusion.layers.dropLast().contains(where: { wants($0, names) })
        {
          reach(fusion.steps)
          let input = unsafe program.address(fusion.input, clip, space)
          unsafe compute(fusion, input, names, keep)
        }
        if wants(layer, names), let name = architecture.layers[layer].activation,
          let output = program.outputs.first(where: { $0.layer == layer })
        {
          reach(output.steps)
          keep(name, unsafe program.read(output.place, count: output.count, clip, space))
        }
      }
      reach(program.stepCount)
      return program.results(space)
    }
    memory.give(space)
    return logits
  }

  /// Computes the layers of a fusion one by one from its input, and hands out those that it skips.
  private func compute(
    _ fusion: Program.Fusion, _ input: UnsafePointer<Float>, _ names: Set<String>,
    _ keep: (String, [Float]) -> Void
  ) {
    let layers = fusion.layers.dropLast()
    let program = aside(layers, from: fusion.input)
    let space = PassMemory(count: program.memoryCount, threads: 1)
    var done = 0
    for output in program.outputs where wants(output.layer, names) {
      unsafe program.run(done..<output.steps, input, space, threads: 1)
      done = output.steps
      if let name = architecture.layers[output.layer].activation {
        keep(name, unsafe program.read(output.place, count: output.count, input, space))
      }
    }
  }

  private func wants(_ layer: Int, _ names: Set<String>) -> Bool {
    architecture.layers[layer].activation.map(names.contains) ?? false
  }

  private func take(_ program: Program, threads: Int) -> PassMemory {
    let count = max(1, min(threads, Int(TP_MOST_THREADS)))
    let space = memory.take { PassMemory(count: program.memoryCount, threads: count) }
    return space.threads >= count
      ? space : PassMemory(count: program.memoryCount, threads: count)
  }

  private var main: Program {
    made.withLock { made in
      if let program = made.main { return program }
      var builder = ProgramBuilder(variant: variant.code, fusing: true, input: .clip(nil))
      builder.append(architecture.layers.indices, of: architecture, weights)
      let program = Program(
        builder, clipCount: architecture.input.reduce(1, *), resultCount: architecture.classCount)
      made.main = program
      return program
    }
  }

  private func aside(_ layers: Range<Int>, from place: Place) -> Program {
    made.withLock { made in
      if let program = made.asides[layers.lowerBound] { return program }
      var input = Place.clip(nil)
      if case .volume(_, let volume) = place { input = .clip(volume) }
      var builder = ProgramBuilder(variant: variant.code, fusing: false, input: input)
      builder.append(layers, of: architecture, weights)
      let program = Program(
        builder, clipCount: architecture.inputCount(of: layers.lowerBound),
        resultCount: architecture.outputs[layers.upperBound - 1].reduce(1, *))
      made.asides[layers.lowerBound] = program
      return program
    }
  }
}
