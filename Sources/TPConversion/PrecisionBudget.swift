internal import TPBytes
internal import TPModels
public import TPParity
public import TPTensors

/// The smallest type for each tensor with which every prediction on the clips of a golden is still
/// certified: the smallest margin of the recorded logits is more than twice the largest error of a
/// logit as computed in float32 from the stored numbers.
///
/// All tensors begin in the smallest type that they can have: int8 for those of two dimensions or
/// more, else float16 or bfloat16, whichever moves the logits less. While predictions are not
/// certified, the tensor that by itself moves the logits most gets the next larger type. Then every
/// tensor that was given a larger one is tried in the smaller ones again, the most bytes to be saved
/// first. So in the end no single tensor can be smaller. Every step is a run of the network on every
/// clip, from the first layer on that differs, and no order depends on time or threads.
public struct PrecisionBudget: Sendable {
  /// A tensor in a type, all others as they were.
  public struct Trial: Hashable, Sendable {
    /// The type.
    public let dtype: DType
    /// Bytes, scales included.
    public let byteCount: Int
    /// The largest error of a logit.
    public let impact: Double
  }

  /// What was chosen for a tensor.
  public struct Choice: Sendable {
    /// Its name.
    public let name: String
    /// Its extents.
    public let shape: Shape
    /// What it can be stored as, the smallest type first; the last one is as it was.
    public let trials: [Trial]
    /// The place of the chosen one.
    public fileprivate(set) var chosen = 0

    /// The chosen one.
    public var trial: Trial { trials[chosen] }
  }

  /// Every floating-point entry of the architecture, in its order.
  public private(set) var choices: [Choice] = []
  /// With the types that were chosen.
  public private(set) var certificate: DecisionCertificate
  /// How often the network was run on all clips.
  public private(set) var runs = 0

  /// The type that a tensor gets; `nil` for one that stays as it is.
  func type(of name: String) -> DType? {
    choices.first { $0.name == name }.flatMap { choice in
      choice.chosen == choice.trials.count - 1 ? nil : choice.trial.dtype
    }
  }

  /// Chooses.
  ///
  /// - Throws: `PortError` of kind `undecided` where predictions are not certified even without any
  ///   rounding; where the golden is not one of this network, or bytes cannot be had.
  init(
    _ stored: StateDict, _ architecture: Architecture, golden: Golden, threads: Int,
    limits: ReadLimits
  ) throws(PortError) {
    var bench = try RoundingBench(stored, architecture, golden: golden, threads: threads)
    certificate = try bench.certificate([:], keeping: true)
    guard certificate.noPredictionCanFlip else {
      throw PortError(
        .undecided,
        "even without rounding no prediction is certified: the smallest margin is"
          + " \(certificate.margin) and the largest error of a logit \(certificate.maxError)",
        remedy: "record clips about which the network is surer, or choose a type with --dtype")
    }
    for spec in architecture.parameterTable where spec.dtype.isFloatingPoint {
      try bench.addCandidates(spec.name, stored, limits: limits)
      let candidates = bench.candidates[spec.name] ?? []
      var trials: [Trial] = []
      for (place, candidate) in candidates.enumerated() {
        // The last one is the tensor as it is: that was run.
        let alone =
          place == candidates.count - 1
          ? certificate : try bench.certificate([spec.name: place])
        trials.append(
          Trial(
            dtype: candidate.dtype, byteCount: candidate.byteCount, impact: alone.maxError))
      }
      let kept = Self.kept(trials)
      choices.append(
        Choice(name: spec.name, shape: spec.shape, trials: kept.map { trials[$0] }))
      bench.keepCandidates(spec.name, kept)
    }
    certificate = try bench.certificate(chosen, keeping: true)
    while !certificate.noPredictionCanFlip {
      var worst: Int?
      for place in choices.indices
      where choices[place].chosen < choices[place].trials.count - 1 {
        if let found = worst, choices[found].trial.impact >= choices[place].trial.impact {
          continue
        }
        worst = place
      }
      // All are as they were, and that was certified.
      guard let worst else { break }
      choices[worst].chosen += 1
      certificate = try bench.certificate(chosen, keeping: true)
    }
    let promoted = choices.indices.filter { choices[$0].chosen > 0 }.sorted {
      let left = choices[$0].trial.byteCount - choices[$0].trials[0].byteCount
      let right = choices[$1].trial.byteCount - choices[$1].trials[0].byteCount
      return left == right ? $0 < $1 : left > right
    }
    for place in promoted {
      let own = choices[place].chosen
      for smaller in 0..<own {
        choices[place].chosen = smaller
        let found = try bench.certificate(chosen)
        if found.noPredictionCanFlip {
          certificate = found
          break
        }
        choices[place].chosen = own
      }
      // What those after it are compared with.
      if choices[place].chosen != own { _ = try bench.certificate(chosen, keeping: true) }
    }
    runs = bench.runs
  }

  /// What the bench is told: every tensor that is not as it was.
  private var chosen: [String: Int] {
    var places: [String: Int] = [:]
    for choice in choices where choice.chosen < choice.trials.count - 1 {
      places[choice.name] = choice.chosen
    }
    return places
  }

  /// Of several types of one size only the one that moves the logits least is kept, the first of
  /// equals; the last, which is the tensor as it was, always is.
  private static func kept(_ trials: [Trial]) -> [Int] {
    var places: [Int] = []
    for place in trials.indices {
      if let last = places.last, trials[last].byteCount == trials[place].byteCount {
        if trials[place].impact < trials[last].impact || place == trials.count - 1 {
          places[places.count - 1] = place
        }
      } else {
        places.append(place)
      }
    }
    return places
  }
}
