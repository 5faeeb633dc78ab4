public import TPBytes
internal import TPModels
internal import TPTensors

/// Holds weights, and our engine that runs them, against a golden.
public enum Parity {
  /// Judges every recorded activation.
  ///
  /// The model is run in float32 (the port) and in float64 with the rounding noise of honest
  /// float32 (the truth), each clip by itself; memory does not grow with the number of clips. The
  /// result does not depend on `threads`.
  ///
  /// - Parameters:
  ///   - model: the weights and what they belong to.
  ///   - golden: what PyTorch recorded.
  ///   - threads: at most how many clips are run at a time; at least 1.
  ///   - isOfOriginal: whether it is known otherwise that a golden which names no weights was recorded
  ///     from those that these were made from; a golden that names them is believed.
  ///   - diagnosing: whether a golden over the line is explained, which takes seconds, most of them
  ///     where only logits are recorded.
  /// - Throws: `PortError` where the golden's input is not an input of the model, an activation is
  ///   not of a floating-point type, or bytes cannot be had. A recorded activation of a wrong shape
  ///   is no error: it is over the line.
  public static func verify(
    weights model: LoadedModel, golden: Golden, isOfOriginal: Bool = false, threads: Int = 1,
    diagnosing: Bool = true
  ) throws(PortError) -> ParityReport {
    let clips = golden.clips
    let model = try fitting(golden, model)
    try check(golden, fits: model.architecture)
    var activations: [ActivationParity] = []
    var compared: [ComparedActivation] = []
    let absorbed = model.architecture.absorbed
    for spec in model.architecture.activations {
      if let gone = absorbed.first(where: { $0.into == spec.name }) {
        var row = ActivationParity(name: gone.name, status: .absent)
        row.problem = "its batch norm is folded into it: only \(gone.into) is computed"
        activations.append(row)
      }
      // Of an empty sample nothing can be judged: it is absent, not passed.
      guard let recording = golden[spec.name], recording.positions?.isEmpty != true else {
        activations.append(ActivationParity(name: spec.name, status: .absent))
        continue
      }
      let whole = spec.shape(clips: clips)
      var row = ActivationParity(name: spec.name, status: .holds)
      if let problem = try misfit(recording, golden.provenance?.shapes[spec.name], whole) {
        row.status = .over
        row.clips = clips
        row.problem = problem
        row.golden = .incomparable(count: recording.count)
      } else {
        compared.append(
          ComparedActivation(
            name: spec.name, size: spec.elementCount, recording: recording,
            double: golden.doubles[spec.name].map {
              // The float64 record shares the positions of the activation.
              GoldenRecording(sharing: recording, $0)
            }))
      }
      activations.append(row)
    }
    let known = Set(activations.map(\.name))
    for recording in golden.recordings where !known.contains(recording.name) {
      activations.append(ActivationParity(name: recording.name, status: .unknown))
    }

    let list = compared
    let network = model.network
    let isolation = Isolation(model, compared)
    // Without anything to compare there is nothing to run for.
    let scores =
      list.isEmpty
      ? []
      : try mapClips(clips, threads: threads) { (clip: Int) throws(PortError) in
        try ClipScores(clip: clip, of: golden, list, isolation, network)
      }
    var judgement = Judgement(model: model, golden: golden, isOfOriginal: isOfOriginal)
    judgement.add(activations, list, scores)
    judgement.add(isolation, scores)
    try judgement.decide(list, scores)
    if diagnosing, [.broken, .goldenSuspect].contains(judgement.report.verdict) {
      judgement.report.diagnosis = try Diagnostician(model, golden, threads: threads)
        .diagnose(judgement.report, isolation)
      judgement.reconsider()
    }
    return judgement.report
  }

  /// Why a recording cannot be what the model computes, as a clause; `nil` where it can.
  private static func misfit(
    _ recording: GoldenRecording, _ stated: [Int]?, _ whole: Shape
  ) throws(PortError) -> String? {
    guard recording.tensor.dtype.isFloatingPoint else {
      throw PortError(
        .malformed,
        "the recorded activation holds \(recording.tensor.dtype.rawValue), not floating-point"
          + " numbers", key: recording.name)
    }
    if let stated, stated != whole.extents {
      return "recorded with the shape \(stated), the model computes \(whole)"
    }
    if let positions = recording.positions {
      guard (positions.last ?? 0) < whole.elementCount else {
        return "recorded at position \(positions.last ?? 0), the model computes"
          + " \(whole.elementCount) elements"
      }
      return nil
    }
    guard recording.tensor.shape == whole else {
      return "recorded with the shape \(recording.tensor.shape), the model computes \(whole)"
    }
    return nil
  }
}
