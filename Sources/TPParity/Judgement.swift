internal import TPBytes
internal import TPCheckpoints
internal import TPModels

/// Puts the scores of the clips together and reaches the verdict.
struct Judgement {
  let model: LoadedModel
  let golden: Golden
  /// Whether a golden without a digest is known to be of the weights that these were made from.
  private let isOfOriginal: Bool
  var report: ParityReport
  /// Names of the activations whose float64 record agrees with our truth on every clip.
  private var agreeing: Set<String> = []

  init(model: LoadedModel, golden: Golden, isOfOriginal: Bool = false) {
    self.model = model
    self.golden = golden
    self.isOfOriginal = isOfOriginal
    report = ParityReport(
      verdict: .undecided, reason: "", warnings: [], activations: [], predictions: [],
      certificate: nil, clips: golden.clips, digest: model.digest.description,
      goldenDigest: golden.provenance?.digest)
  }

  /// Adds up the scores, in clip order.
  mutating func add(
    _ rows: [ActivationParity], _ compared: [ComparedActivation], _ scores: [ClipScores]
  ) {
    report.activations = rows
    for (index, activation) in compared.enumerated() {
      guard let row = rows.firstIndex(where: { $0.name == activation.name }) else { continue }
      var (all, port) = (NoiseScore(), NoiseScore())
      for (clip, clipScores) in scores.enumerated() {
        let score = clipScores.scores[index]
        if score.golden.count > 0 { report.activations[row].clips += 1 }
        if score.golden.isOver { report.activations[row].goldenClipsOver.append(clip) }
        if score.port.isOver { report.activations[row].portClipsOver.append(clip) }
        all.add(score.golden)
        port.add(score.port)
      }
      if activation.double != nil, scores.allSatisfy({ $0.scores[index].doubleAgrees == true }) {
        agreeing.insert(activation.name)
      }
      report.activations[row].golden = all
      report.activations[row].port = port
    }
  }

  /// Whether the file says that precision was given up on the way from the golden's weights: then
  /// the golden's z is the price of that and decides nothing.
  var isDeclaredLossy: Bool {
    guard model.facts.isLossy else { return false }
    guard let digest = golden.provenance?.digest else { return isOfOriginal }
    return model.facts.sourceDigest == digest && model.digest.description != digest
  }

  /// Whether the golden says that it was recorded from exactly these weights.
  private var isOfTheseWeights: Bool {
    golden.provenance?.digest == model.digest.description
  }

  /// Compares predictions, marks what is over the line, and reaches the verdict.
  mutating func decide(
    _ compared: [ComparedActivation], _ scores: [ClipScores]
  ) throws(PortError) {
    try predict(compared, scores)
    let lossy = isDeclaredLossy
    for index in report.activations.indices where report.activations[index].golden != nil {
      let row = report.activations[index]
      let over = row.problem != nil || row.portIsOver || !lossy && row.goldenIsOver
      report.activations[index].status = over ? .over : .holds
    }
    if lossy { report.price = price }
    warn(lossy: lossy)
    (report.verdict, report.reason) = verdict(lossy: lossy)
  }

  /// What the declared rounding costs, as far as the golden's record can tell.
  private var price: RoundingPrice? {
    guard let logits = report.activations.first(where: { $0.name == Architecture.logits }),
      let drift = logits.golden, logits.problem == nil
    else { return nil }
    return RoundingPrice(
      precision: model.facts.storedPrecision, isFolded: model.architecture.isFolded,
      reference: .golden, drift: drift, predictions: report.predictions,
      certificate: report.certificate)
  }

  private mutating func warn(lossy: Bool) {
    if lossy {
      report.warnings.append(
        "the weights were stored as \(model.facts.storedPrecision.label): the golden's"
          + " distance from the truth is the price of that, and does not decide")
    } else if let digest = golden.provenance?.digest, digest != model.digest.description {
      let own = model.digest.description.prefix(16)
      let derived =
        "the golden was recorded from the weights that these were made from, and these are not the"
        + " same any more"
      let other =
        "the golden was recorded from other weights: it names the content digest"
        + " \(digest.prefix(16))…, and these are \(own)…"
      report.warnings.append(digest == model.facts.sourceDigest ? derived : other)
    }
    for misgiving in golden.provenance?.misgivings ?? [] {
      report.warnings.append("the golden was recorded \(misgiving.how); \(misgiving.remedy)")
    }
    report.warnings += model.warnings
  }

  private func verdict(lossy: Bool) -> (ParityReport.Verdict, String) {
    let compared = report.activations.filter { $0.golden != nil }
    if let classes = model.facts.classes, let recorded = golden.provenance?.classes,
      classes != recorded
    {
      return (
        .broken,
        "the classes are \(Set(classes) == Set(recorded) ? "in another order" : "others"):"
          + " \(list(classes)) with the weights, \(list(recorded)) in the golden"
      )
    }
    guard !compared.isEmpty else {
      return (.undecided, "nothing that the golden records is computed by the model")
    }
    if let first = compared.first(where: { $0.status == .over }) {
      if let problem = first.problem { return (.broken, "\(first.name): \(problem)") }
      if first.portIsOver, let score = first.port {
        return (
          .broken,
          "\(first.name) as computed here in float32 is the first over the line,"
            + " \(distance(score, clips: first.portClipsOver)): a fault in the kernels"
        )
      }
      return goldenOver(first, compared)
    }
    if !lossy, let isolated = report.isolated.first(where: { $0.status == .over }),
      let score = isolated.golden
    {
      return (
        .broken,
        "the golden's \(isolated.name), from its own record of"
          + " \(isolated.source ?? ""), is the first over the line,"
          + " \(distance(score, clips: isolated.goldenClipsOver)): \(suspects)"
      )
    }
    if lossy, let flipped = report.predictions.first(where: { $0.expected != $0.found }) {
      return (.broken, "the prediction of clip \(flipped.clip) differs from the golden's")
    }
    let isOne = compared.count == 1
    let count = isOne ? "1 activation" : "\(compared.count) activations"
    let lie = isOne ? "lies" : "lie"
    if lossy {
      return (
        .holds,
        "\(count) as computed here \(lie) within the noise of honest float32 on the rounded weights,"
          + " and no recorded prediction flips"
      )
    }
    let clips = report.clips == 1 ? "1 clip" : "\(report.clips) clips"
    return (.holds, "\(count) of \(clips) \(lie) within the noise of honest float32")
  }

  /// Says that the golden is what is wrong where every failing layer is explained by how it was
  /// recorded, and by nothing else; where it is known to be wrong already, says how it came about.
  mutating func reconsider() {
    let found = report.diagnosis
    let explained = found.first { $0.fault.isOfGolden }.map { "\($0.layer): \($0.cause)" }
    if report.verdict == .goldenSuspect {
      guard let explained, found.allSatisfy({ $0.fault.isOfGolden || $0.fault == .unknown })
      else { return }
      report.reason =
        explained + "; it was recorded from these weights, and its float64 record agrees with the"
        + " truth"
      return
    }
    guard report.verdict == .broken,
      found.allSatisfy({ $0.fault.isOfGolden || $0.fault == .unknown }),
      !report.activations.contains(where: { $0.portIsOver || $0.problem != nil && $0.golden != nil }
      ),
      model.facts.classes == nil || golden.provenance?.classes == nil
        || model.facts.classes == golden.provenance?.classes
    else { return }
    if let explained, found.allSatisfy(\.fault.isOfGolden) {
      report.verdict = .goldenSuspect
      report.reason = explained
    } else if isOfTheseWeights, let misgiving = golden.provenance?.misgivings.first {
      report.verdict = .goldenSuspect
      report.reason =
        "the golden was recorded from these weights and, as it says itself, \(misgiving.how)"
        + (explained.map { "; \($0)" } ?? "")
    }
  }

  private func goldenOver(
    _ first: ActivationParity, _ compared: [ActivationParity]
  ) -> (ParityReport.Verdict, String) {
    let place = first.golden.map { ", " + distance($0, clips: first.goldenClipsOver) } ?? ""
    let over = compared.filter { $0.status == .over }
    let explained = over.allSatisfy {
      $0.problem == nil && !$0.portIsOver && agreeing.contains($0.name)
    }
    if isOfTheseWeights, explained {
      return (
        .goldenSuspect,
        "the golden's \(first.name) is the first over the line\(place), although it was recorded"
          + " from these weights and its float64 record agrees with the truth"
      )
    }
    if let otherWeights {
      return (
        .broken, "\(otherWeights): the golden's \(first.name) is the first over the line\(place)"
      )
    }
    return (.broken, "the golden's \(first.name) is the first over the line\(place): \(suspects)")
  }

  private var suspects: String {
    "the weights, their mapping or the layer list are not those that were recorded, or the golden"
      + " is bad"
  }

  /// Says that the golden names weights that these have nothing to do with; `nil` where it does not.
  private var otherWeights: String? {
    guard let digest = golden.provenance?.digest, digest != model.digest.description,
      digest != model.facts.sourceDigest
    else { return nil }
    return "the golden was recorded from other weights (content digest \(digest.prefix(16))…, these"
      + " are \(model.digest.description.prefix(16))…)"
  }

  /// The number that is over its line, rms first because it is the sharper one.
  private func distance(_ score: NoiseScore, clips: [Int]) -> String {
    if !score.isOver, let clip = clips.first { return "on clip \(clip), judged alone" }
    let line = NoiseScore.rmsLine(count: score.count)
    return score.rms > line
      ? "at rms z \(short(score.rms)) where \(short(line)) is allowed"
      : "at max z \(short(score.max)) where \(short(NoiseScore.maxLine)) is allowed"
  }

  private func list(_ names: [String]) -> String {
    names.map { printable($0, limit: 40) }.joined(separator: ", ")
  }
}

extension Judgement {
  private mutating func predict(
    _ compared: [ComparedActivation], _ scores: [ClipScores]
  ) throws(PortError) {
    guard
      let logits = compared.first(where: { $0.name == Architecture.logits }),
      logits.recording.positions == nil
    else { return }
    var comparison = LogitComparison()
    for (clip, score) in scores.enumerated() {
      let range = logits.recording.range(ofClip: clip, size: logits.size)
      comparison.add(
        clip: clip, description: golden.provenance?.clips?[clip],
        expected: try logits.recording.doubles(range), found: score.portLogits)
    }
    report.predictions = comparison.predictions
    report.certificate = comparison.certificate
  }
}

/// The index of the largest value, the first of several; as in PyTorch, a NaN is larger than all.
package func largest(_ values: [Double]) -> Int {
  var best = 0
  for (index, value) in values.enumerated().dropFirst() where !values[best].isNaN {
    if value > values[best] || value.isNaN { best = index }
  }
  return best
}
