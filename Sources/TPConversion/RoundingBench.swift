internal import TPBytes
internal import TPModels
internal import TPParity
internal import TPTensors

/// Runs a network with some of its numbers rounded on the clips of a golden.
struct RoundingBench {
  /// A tensor as it could be stored.
  struct Candidate {
    var dtype: DType
    var byteCount: Int
    /// The numbers that it then stands for.
    var numbers: [Float]
  }

  private let architecture: Architecture
  private let weights: BoundWeights
  private let quantised: Set<String>
  private let clips: [Float]
  private let expected: [[Double]]
  private let threads: Int
  /// How often all clips were run.
  private(set) var runs = 0

  /// - Throws: `PortError` where the golden is not one of this network, or records no logits.
  init(
    _ stored: StateDict, _ architecture: Architecture, golden: Golden, threads: Int
  ) throws(PortError) {
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
    self.architecture = architecture
    self.clips = clips
    self.expected = expected
    self.threads = threads
    quantised = Set(stored.quantisedNames)
    weights = try architecture.bind(stored)
  }

  /// How near predictions are to flipping with these numbers in place of the stored ones.
  mutating func certificate(
    _ changes: [String: [Float]]
  ) throws(PortError) -> DecisionCertificate {
    runs += 1
    let network = try Network(architecture, weights.replacing(changes))
    let logits = try network.run(clips, batch: expected.count, threads: threads).logits
    let classes = architecture.classCount
    var comparison = LogitComparison()
    for (clip, recorded) in expected.enumerated() {
      comparison.add(
        clip: clip, description: nil, expected: recorded,
        found: logits[clip * classes..<(clip + 1) * classes].map { Double($0) })
    }
    guard let certificate = comparison.certificate else {
      throw PortError(.undecided, "the golden has no clips")
    }
    return certificate
  }

  /// What a tensor can be stored as, the smallest first, and last as it is. A type that makes a
  /// finite number infinite is none, and neither is int8 for what is not finite.
  func candidates(
    _ name: String, _ stored: StateDict, limits: ReadLimits
  ) throws(PortError) -> [Candidate] {
    guard let tensor = stored[name] else { return [] }
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
    return list + [own]
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
