internal import TPBytes
internal import TPModels
internal import TPParity
internal import TPTensors

/// Runs a network with some of its numbers rounded on the clips of a golden.
///
/// What lies before the first number that is another than in a run which was kept is not computed
/// again; the bits are those of a whole run all the same.
struct RoundingBench {
  /// A tensor as it could be stored.
  struct Candidate {
    var dtype: DType
    var byteCount: Int
    /// The numbers that it then stands for.
    var numbers: [Float]
  }

  /// The network from a layer on.
  private struct Tail {
    var architecture: Architecture
    /// The activation that it reads; `nil` for the clips.
    var source: String?
    var names: Set<String>

    init(_ architecture: Architecture, source: String?) {
      self.architecture = architecture
      self.source = source
      names = Set(architecture.parameterTable.map(\.name))
    }
  }

  /// The most floats that are kept of a run; of longer goldens none are.
  private static let mostKept = 1 << 28

  private let weights: BoundWeights
  private let quantised: Set<String>
  private let expected: [[Double]]
  private let threads: Int
  /// The whole network, then what is left of it after more and more layers.
  private let tails: [Tail]
  /// What each tail reads in the run that was kept; at first only the clips.
  private var inputs: [[Float]]
  /// The numbers that differed from the stored ones then: places in the lists of candidates.
  private var kept: [String: Int] = [:]
  /// What each tensor can be stored as; see `addCandidates(_:_:limits:)`.
  private(set) var candidates: [String: [Candidate]] = [:]
  /// How often all clips were run.
  private(set) var runs = 0

  /// - Throws: `PortError` where the golden is not one of this network, or records no logits.
  init(
    _ stored: StateDict, _ architecture: Architecture, golden: Golden, threads: Int
  ) throws(PortError) {
    let architecture = Parity.fitting(golden, architecture)
    try Parity.check(golden, fits: architecture)
    var clips: [Float] = []
    var expected: [[Double]] = []
    for clip in 0..<golden.clips {
      guard let logits = try golden.logits(ofClip: clip, classes: architecture.classCount) else {
        throw PortError(
          .undecided, "the golden does not record the logits of every clip",
          remedy: "record it with its logits in full")
      }
      clips += try golden.clip(clip)
      expected.append(logits)
    }
    self.expected = expected
    self.threads = threads
    inputs = [clips]
    tails = try Self.tails(of: architecture, clips: expected.count)
    quantised = Set(stored.quantisedNames)
    weights = try architecture.bind(stored)
  }

  private static func tails(
    of architecture: Architecture, clips: Int
  ) throws(PortError) -> [Tail] {
    let whole = Tail(architecture, source: nil)
    var tails = [whole]
    var sizes = [0]
    for place in architecture.layers.indices.dropFirst() {
      switch architecture.layers[place].kind {
      // These are computed together with the layer before them, in one chain of operations.
      case .batchNorm, .relu, .maxPool, .dropout: continue
      default: break
      }
      guard let source = architecture.layers[place - 1].activation else { continue }
      let extents = architecture.outputs[place - 1]
      let tail = Tail(
        try Architecture(
          name: architecture.name, input: extents, layers: Array(architecture.layers[place...])),
        source: source)
      if tail.names.isEmpty { break }
      if tails.count > 1, tails[tails.count - 1].names == tail.names {
        tails.removeLast()
        sizes.removeLast()
      }
      tails.append(tail)
      sizes.append(extents.reduce(1, *))
    }
    let each = sizes.reduce(0) { $0.addingReportingOverflow($1).partialValue }
    return each > 0 && clips <= mostKept / each ? tails : [whole]
  }

  /// How near predictions are to flipping with other numbers in place of the stored ones.
  ///
  /// - Parameters:
  ///   - chosen: places in the lists of candidates, by the names of tensors.
  ///   - keeping: whether the runs after this one will differ from it in little.
  mutating func certificate(
    _ chosen: [String: Int], keeping: Bool = false
  ) throws(PortError) -> DecisionCertificate {
    runs += 1
    let names = Set(chosen.keys).union(kept.keys).filter { chosen[$0] != kept[$0] }
    var start = inputs.count - 1
    while start > 0, !tails[start].names.isSuperset(of: names) { start -= 1 }
    let tail = tails[start]
    var numbers: [String: [Float]] = [:]
    for (name, place) in chosen where tail.names.contains(name) {
      numbers[name] = candidates[name]?[place].numbers
    }
    let network = try Network(
      tail.architecture, weights.restricted(to: tail.architecture).replacing(numbers))
    let later = keeping ? tails[(start + 1)...] : []
    let run = try network.run(
      inputs[start], batch: expected.count, recording: Set(later.compactMap(\.source)),
      threads: threads)
    if keeping {
      inputs.removeSubrange((start + 1)...)
      for tail in later {
        inputs += run.activations.filter { $0.name == tail.source }.map(\.values)
      }
      kept = chosen
    }
    return try certificate(of: run.logits, classes: tail.architecture.classCount)
  }

  private func certificate(
    of logits: [Float], classes: Int
  ) throws(PortError) -> DecisionCertificate {
    var comparison = LogitComparison()
    for (clip, recorded) in expected.enumerated() {
      let found = logits.dropFirst(clip * classes).prefix(classes).map { Double($0) }
      comparison.add(clip: clip, description: nil, expected: recorded, found: found)
    }
    guard let certificate = comparison.certificate else {
      throw PortError(.undecided, "the golden has no clips")
    }
    return certificate
  }

  /// Finds what a tensor can be stored as, the smallest first, and last as it is. A type that makes a
  /// finite number infinite is none, and neither is int8 for what is not finite.
  mutating func addCandidates(
    _ name: String, _ stored: StateDict, limits: ReadLimits
  ) throws(PortError) {
    guard let tensor = stored[name] else { return }
    let isQuantised = quantised.contains(name)
    let scales = isQuantised ? stored[name + StateDict.scaleSuffix]?.byteCount ?? 0 : 0
    let own = Candidate(
      dtype: tensor.dtype, byteCount: (tensor.byteCount ?? 0) + scales, numbers: weights[name])
    var list: [Candidate] = []
    if !isQuantised {
      do throws(PortError) {
        for dtype in [DType.int8, .float16, .bfloat16, .float32] {
          guard let found = try candidate(tensor, dtype, limits), found.byteCount < own.byteCount
          else { continue }
          list.append(found)
        }
      } catch {
        throw error.at(key: name)
      }
    }
    candidates[name] = list + [own]
  }

  /// Leaves some of the candidates of a tensor, in their order.
  mutating func keepCandidates(_ name: String, _ places: [Int]) {
    let all = candidates[name] ?? []
    candidates[name] = places.map { all[$0] }
  }

  private func candidate(
    _ tensor: Tensor, _ dtype: DType, _ limits: ReadLimits
  ) throws(PortError) -> Candidate? {
    let rounded: RoundedTensor
    if dtype == .int8 {
      guard tensor.shape.rank >= 2, let made = try? tensor.quantised(limits: limits) else {
        return nil
      }
      rounded = made
    } else {
      rounded = try tensor.rounded(to: dtype, limits: limits)
    }
    guard rounded.loss.overflow == 0 else { return nil }
    return Candidate(
      dtype: dtype,
      byteCount: (rounded.tensor.byteCount ?? 0) + (rounded.scale?.byteCount ?? 0),
      numbers: try rounded.numbers())
  }
}
