public import TPBytes

/// The output of one module for all clips.
public struct Activation: Sendable {
  /// The module's name, or `logits`.
  public let name: String
  /// (N, ...).
  public let shape: [Int]
  /// Row-major.
  public let values: [Float]
}

/// What a forward pass gave.
public struct NetworkRun: Sendable {
  /// (N, classes), row-major.
  public let logits: [Float]
  /// Those that were asked for, in forward order; `logits` last.
  public let activations: [Activation]
}

/// An architecture with its weights, ready to run in float32 and in float64.
///
/// In float32 a convolution, the batch norm, the ReLU and the max pooling after it are computed
/// together: the weights are multiplied by the norm's scale in float64 and rounded once. Kernels of
/// 3x3x3 with stride 1 and padding 1 over extents that divide by 2, 4, 4, to a multiple of 16
/// channels from 1 or a multiple of 16, go by Winograd's algorithm, from one channel by a form of it
/// in which no output feels an input outside of its window; every other output is a chain of
/// fused multiply-adds over input channel, depth, height, width, and then the bias, which with groups,
/// dilation or another border comes first. In a linear
/// layer the chain starts from the bias. A batch norm of its own is fma(x, scale, shift) with scale and shift
/// computed in float64 and rounded once; an average is the sum in row-major order divided by the
/// count; the gates of an LSTM or GRU start from bias_ih + bias_hh and go over the inputs, then over
/// the hidden state; the sums of layer norm and softmax are float64. Every order is fixed, so the bits depend neither on the processor nor on the number
/// of threads or clips. Outputs that are not computed, because a later layer is computed with them,
/// are computed aside where they are asked for, layer by layer, and feed nothing.
///
/// Several threads may run one network at once.
public final class Network: Sendable {
  /// The layers.
  public let architecture: Architecture
  /// The instructions that are used.
  public let variant: KernelVariant
  let weights: BoundWeights
  let programs: Programs
  let truthPlan = Lent<TruthPlan>()

  /// Takes the weights; they are packed by the first run, or by `prepare(threads:)`.
  ///
  /// - Throws: `PortError` where the weights are those of another architecture.
  public init(
    _ architecture: Architecture, _ weights: BoundWeights, variant: KernelVariant = .best
  ) throws(PortError) {
    guard weights.architecture.parameterTable == architecture.parameterTable else {
      throw PortError(
        .mismatch,
        "the weights were bound to \(printable(weights.architecture.name)), not to"
          + " \(printable(architecture.name))")
    }
    guard KernelVariant.available.contains(variant) else {
      throw PortError(.unsupported, "this processor does not run the \(variant.rawValue) kernels")
    }
    self.architecture = architecture
    self.weights = weights
    self.variant = variant
    programs = Programs(architecture, weights, variant)
  }

  /// Packs the weights and makes the memory of a run, so that the first one is as fast as any.
  public func prepare(threads: Int = 1) { programs.prepare(threads: threads) }

  /// Runs clips.
  ///
  /// - Parameters:
  ///   - input: (N, ...) row-major, of the architecture's input.
  ///   - batch: N; 0 is allowed and gives empty results.
  ///   - recording: the activations to keep, by module name or `logits`.
  ///   - threads: the most that work on it, this one included.
  /// - Throws: `PortError` where the input has another size, or the architecture no such
  ///   activation.
  public func run(
    _ input: [Float], batch: Int, recording: Set<String> = [], threads: Int = 1
  ) throws(PortError) -> NetworkRun {
    var logits: [Float] = []
    if recording.isEmpty {
      try run(input, batch: batch, into: &logits, threads: threads)
      return NetworkRun(logits: logits, activations: [])
    }
    let count = try check(input.count, batch: batch, recording: recording)
    var kept: [String: [Float]] = [:]
    for spec in architecture.activations where recording.contains(spec.name) {
      var values: [Float] = []
      values.reserveCapacity(spec.elementCount * batch)
      kept[spec.name] = values
    }
    let names = recording.subtracting([Architecture.logits])
    for clip in 0..<batch {
      let place = clip * count..<(clip + 1) * count
      logits += programs.record(names, of: input[place], threads: threads) { name, values in
        kept[name]?.append(contentsOf: values)
      }
    }
    if recording.contains(Architecture.logits) { kept[Architecture.logits] = logits }
    return NetworkRun(
      logits: logits,
      activations: architecture.activations.compactMap { spec in
        kept[spec.name].map {
          Activation(name: spec.name, shape: [batch] + spec.extents, values: $0)
        }
      })
  }

  /// Runs clips and writes their logits, (N, classes) row-major, over what `logits` holds.
  ///
  /// Nothing is allocated once there has been a run by so many threads, where `logits` has room.
  /// - Throws: `PortError` where the input has another size.
  public func run(
    _ input: [Float], batch: Int, into logits: inout [Float], threads: Int = 1
  ) throws(PortError) {
    _ = try check(input.count, batch: batch, recording: [])
    let wanted = batch * architecture.classCount
    if logits.count != wanted { logits = Array(repeating: 0, count: wanted) }
    programs.run(clips: batch, input, into: &logits, threads: threads)
  }

  /// Elements of one clip, once input, batch and names are known to fit.
  func check(
    _ elements: Int, batch: Int, recording: Set<String>
  ) throws(PortError) -> Int {
    let count = architecture.input.reduce(1, *)
    let (needed, overflow) = count.multipliedReportingOverflow(by: batch)
    guard batch >= 0, !overflow, elements == needed else {
      throw PortError(
        .mismatch,
        "\(batch) clips of \(architecture.input) are needed and \(elements) numbers were given")
    }
    if recording.isEmpty { return count }
    let known = architecture.activations.map(\.name)
    for name in recording.sorted() where !known.contains(name) {
      let near = nearest(name, among: known.map { ($0, $0) }, atMost: 1).first
      throw PortError(
        .usage, "\(printable(architecture.name)) has no activation \(printable(name))",
        remedy: near.map { "did you mean \(printable($0))?" }
          ?? "there are " + known.map { printable($0) }.joined(separator: ", "))
    }
    return count
  }
}

extension Architecture {
  /// The extents of a layer's input.
  func inputExtents(of layer: Int) -> [Int] { layer == 0 ? input : outputs[layer - 1] }
  /// The elements of a layer's input.
  func inputCount(of layer: Int) -> Int { inputExtents(of: layer).reduce(1, *) }
}
