internal import CTPKernels
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
/// In float32 every output element is a chain of fused multiply-adds in a fixed order: a
/// convolution or linear layer starts from the bias and goes over input channel, depth, height,
/// width; a batch norm is fma(x, scale, shift) with scale and shift computed in float64 and rounded
/// once; an average is the sum in row-major order divided by the count; the gates of the LSTM start
/// from bias_ih + bias_hh and go over the inputs, then over the hidden state. So the bits depend
/// neither on the processor nor on the number of clips. Several threads may run one network at
/// once.
public final class Network: Sendable {
  /// The layers.
  public let architecture: Architecture
  /// The instructions that are used.
  public let variant: KernelVariant
  let weights: BoundWeights
  private let steps: [Step<Float>]
  private let workspaces = Pool<Workspace<Float>>()
  let truthPlan = Pool<TruthPlan>()

  /// Packs the weights.
  ///
  /// - Throws: `PortError` where the weights are those of another architecture.
  public init(
    _ architecture: Architecture, _ weights: BoundWeights, variant: KernelVariant = .best
  ) throws(PortError) {
    guard weights.architecture.parameterTable == architecture.parameterTable else {
      throw PortError(
        .mismatch,
        "the weights were bound to \(weights.architecture.name), not to \(architecture.name)")
    }
    guard KernelVariant.available.contains(variant) else {
      throw PortError(.unsupported, "this processor does not run the \(variant.rawValue) kernels")
    }
    self.architecture = architecture
    self.weights = weights
    self.variant = variant
    steps = architecture.layers.indices.map { index in
      architecture.layers[index].step(
        Float.self, input: architecture.inputExtents(of: index),
        output: architecture.outputs[index], weights)
    }
  }

  /// Runs clips, one after the other.
  ///
  /// - Parameters:
  ///   - input: (N, ...) row-major, of the architecture's input.
  ///   - batch: N; 0 is allowed and gives empty results.
  ///   - recording: the activations to keep, by module name or `logits`.
  /// - Throws: `PortError` where the input has another size, or the architecture no such
  ///   activation.
  public func run(
    _ input: [Float], batch: Int, recording: Set<String> = []
  ) throws(PortError) -> NetworkRun {
    let count = try check(input.count, batch: batch, recording: recording)
    var logits: [Float] = []
    var kept: [String: [Float]] = [:]
    for spec in architecture.activations where recording.contains(spec.name) {
      var values: [Float] = []
      values.reserveCapacity(spec.elementCount * batch)
      kept[spec.name] = values
    }
    var space = workspaces.take {
      Workspace(elements: architecture.largestActivation, padded: largestPadding)
    }
    for clip in 0..<batch {
      space.current.replaceSubrange(0..<count, with: input[clip * count..<(clip + 1) * count])
      for index in steps.indices {
        apply(steps[index], architecture.inputCount(of: index), &space)
        if let name = architecture.layers[index].activation {
          let elements = architecture.outputs[index].reduce(1, *)
          kept[name]?.append(contentsOf: space.current[..<elements])
        }
      }
      logits.append(contentsOf: space.current[..<architecture.classCount])
    }
    workspaces.give(space)
    if recording.contains(Architecture.logits) { kept[Architecture.logits] = logits }
    return NetworkRun(
      logits: logits,
      activations: architecture.activations.compactMap { spec in
        kept[spec.name].map {
          Activation(name: spec.name, shape: [batch] + spec.extents, values: $0)
        }
      })
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
    let known = architecture.activations.map(\.name)
    for name in recording.sorted() where !known.contains(name) {
      let near = nearest(name, among: known.map { ($0, $0) }, atMost: 1).first
      throw PortError(
        .usage, "\(architecture.name) has no activation \(printable(name))",
        remedy: near.map { "did you mean \($0)?" } ?? "there are " + known.joined(separator: ", "))
    }
    return count
  }

  private var largestPadding: Int {
    steps.reduce(0) { most, step in
      guard case .convolution(let conv) = step else { return most }
      return max(most, conv.sizes.paddedCount)
    }
  }

  /// Runs one layer on `space.current`, in place or into `space.next` and back.
  private func apply(_ step: Step<Float>, _ count: Int, _ space: inout Workspace<Float>) {
    let variant = variant.code
    switch step {
    case .lstm(let lstm):
      run(lstm, &space)
    default:
      space.apply(variant, step, count)
    }
  }

  private func run(_ lstm: Recurrence<Float>, _ space: inout Workspace<Float>) {
    let variant = variant.code
    let hidden = lstm.hidden
    var c = [Float](repeating: 0, count: hidden)
    var h = [Float](repeating: 0, count: hidden)
    for step in 0..<lstm.steps {
      var gates = lstm.bias
      lstm.fromInput.accumulate(variant, space.current, row: step, into: &gates)
      lstm.fromHidden.accumulate(variant, h, row: 0, into: &gates)
      unsafe tp_lstm_cell_f32(variant, hidden, &gates, &c, &h)
      space.next.replaceSubrange(step * hidden..<(step + 1) * hidden, with: h)
    }
    swap(&space.current, &space.next)
  }
}

extension Architecture {
  /// The extents of a layer's input.
  func inputExtents(of layer: Int) -> [Int] { layer == 0 ? input : outputs[layer - 1] }
  /// The elements of a layer's input.
  func inputCount(of layer: Int) -> Int { inputExtents(of: layer).reduce(1, *) }
  /// The most elements that lie between two layers.
  var largestActivation: Int {
    ([input] + outputs).reduce(0) { max($0, $1.reduce(1, *)) }
  }
}
