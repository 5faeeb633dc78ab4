public import TPBytes
public import TPParity

/// What `verify` tells about weights and a golden.
public struct VerifyReport: Sendable {
  /// The weights' file, as the user gave it.
  public var weights: String
  /// The golden's file.
  public var golden: String
  /// The name of the architecture.
  public var architecture: String
  /// The class names in index order, where they are known.
  public var classes: [String]?
  /// What came of it.
  public var parity: ParityReport
  /// Whether the text tells what each layer adds to the golden's error.
  public var showsLedger = false
  /// How many known faults the golden would catch; `nil` where nobody asked, or parity does not hold.
  public var audit: GoldenAudit?

  /// A report on judged weights.
  public init(
    weights: String, golden: String, architecture: String, classes: [String]?, parity: ParityReport
  ) {
    self.weights = weights
    self.golden = golden
    self.architecture = architecture
    self.classes = classes
    self.parity = parity
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "weights": .string(weights),
      "golden": .string(golden),
      "architecture": .string(architecture),
      "verdict": .string(parity.verdict.rawValue),
      "reason": .string(parity.reason),
      "warnings": .array(parity.warnings.map(JSONValue.string)),
      "clips": .int(parity.clips),
      "activations": .array((parity.activations + parity.isolated).map(json)),
      "ledger": .array(parity.ledger.map(json)),
      "diagnosis": .array(parity.diagnosis.map(json)),
      "predictions": .array(parity.predictions.map(json)),
      "certificate": parity.certificate.map(json) ?? .null,
      "price": parity.price?.json(classes: classes) ?? .null,
      "audit": audit.map(json) ?? .null,
      "digest": .string(parity.digest),
      "golden_digest": parity.goldenDigest.map(JSONValue.string) ?? .null,
    ]
  }

  private func json(_ prediction: PredictionParity) -> JSONValue {
    [
      "clip": .int(prediction.clip),
      "description": prediction.description.map(JSONValue.string) ?? .null,
      "expected": .string(name(prediction.expected)),
      "found": .string(name(prediction.found)),
      "margin": .double(prediction.margin),
    ]
  }

  private func json(_ certificate: DecisionCertificate) -> JSONValue {
    [
      "margin": .double(certificate.margin),
      "max_error": .double(certificate.maxError),
      "no_prediction_can_flip": .bool(certificate.noPredictionCanFlip),
    ]
  }

  private func json(_ activation: ActivationParity) -> JSONValue {
    [
      "name": .string(activation.name),
      "status": .string(activation.status.rawValue),
      "mode": .string(activation.mode.rawValue),
      "source": activation.source.map(JSONValue.string) ?? .null,
      "clips": .int(activation.clips),
      "elements": (activation.golden ?? activation.port).map { .int($0.count) } ?? .null,
      "golden": activation.golden.map(score) ?? .null,
      "port": activation.port.map(score) ?? .null,
      "of_bound": activation.ofBound.map(JSONValue.double) ?? .null,
      "max_abs": activation.maxError.map(JSONValue.double) ?? .null,
      "golden_clips_over": .array(activation.goldenClipsOver.map(JSONValue.int)),
      "port_clips_over": .array(activation.portClipsOver.map(JSONValue.int)),
      "problem": activation.problem.map(JSONValue.string) ?? .null,
    ]
  }

  private func score(_ score: NoiseScore) -> JSONValue {
    [
      "max": .double(score.max), "rms": .double(score.rms),
      "rms_line": .double(NoiseScore.rmsLine(count: score.count)),
    ]
  }

  /// The name of a class, or its index where names are not known.
  func name(_ index: Int) -> String { className(index, of: classes) }

  /// What the report for a terminal begins with: warnings, who is held against whom, and the reason.
  var opening: String {
    parity.warnings.map { "warning: \(printable($0, limit: 2000))\n" }.joined()
      + "\(printable(weights)) against \(printable(golden)): \(words)\n"
      + "  \(printable(parity.reason, limit: 2000))\n"
  }

  /// The report for a terminal.
  public var text: String {
    var text = opening
    text += "  \(printable(architecture, limit: 60)), \(counted(parity.clips, "clip"))"
    text += ", lines: max |z| \(significant(NoiseScore.maxLine)), rms z 2 (1 + 4 / sqrt(n))\n\n"
    text += diagnosisLines
    text += table + names(.absent, "not recorded") + names(.unknown, "not of this model")
    text += parity.activations.filter { $0.status == .absent }.compactMap { activation in
      activation.problem.map {
        "  absent: \(printable(activation.name, limit: 40)), \(printable($0, limit: 400))\n"
      }
    }.joined()
    return text + notes
  }

  /// What stands below the table: the ledger, the price or the predictions, the audit.
  var notes: String {
    var text = ""
    if showsLedger { text += "\n" + ledgerTable }
    if let price = parity.price {
      text += "\n" + price.text(classes: classes)
    } else if !parity.predictions.isEmpty {
      text += "\n" + predictionLines
    }
    if let audit { text += "\n" + auditLines(audit) }
    return text
  }

  /// The verdict for a headline.
  var words: String {
    switch parity.verdict {
    case .holds: "parity holds"
    case .broken: "parity is BROKEN"
    case .goldenSuspect: "the golden is SUSPECT"
    case .undecided: "undecided"
    }
  }

  private var table: String {
    var table = Table([
      ("activation", .left), ("n", .right), ("PyTorch max z", .right), ("rms z", .right),
      ("port max z", .right), ("rms z", .right), ("line", .right), ("max error", .right),
      ("", .left),
    ])
    for activation in parity.activations {
      let name = printable(activation.name, limit: 40)
      switch activation.status {
      case .absent, .unknown: break
      case .holds, .over:
        let count = (activation.golden ?? activation.port)?.count ?? 0
        table.add(
          name, grouped(count), number(activation.golden?.max), number(activation.golden?.rms),
          number(activation.port?.max), number(activation.port?.rms),
          significant(NoiseScore.rmsLine(count: count)), number(activation.maxError),
          remark(activation))
      }
    }
    return table.text
  }

  /// The activations of one status in a line of their own; nothing where there is none.
  private func names(_ status: ActivationParity.Status, _ title: String) -> String {
    let rows = parity.activations.filter { $0.status == status && $0.problem == nil }
    if rows.isEmpty { return "" }
    let names = rows.prefix(30).map { printable($0.name, limit: 40) }.joined(separator: ", ")
    let more = rows.count > 30 ? " and \(rows.count - 30) more" : ""
    return "  \(title): \(names)\(more)\n"
  }

  func number(_ value: Double?) -> String {
    value.map { significant($0) } ?? ""
  }

  func remark(_ activation: ActivationParity) -> String {
    if activation.status == .holds { return "holds" }
    if let problem = activation.problem { return "OVER: " + printable(problem, limit: 120) }
    let sides = [("PyTorch", activation.goldenIsOver), ("port", activation.portIsOver)]
    return "OVER: " + sides.filter(\.1).map(\.0).joined(separator: ", ")
  }

  private var predictionLines: String {
    let flipped = parity.predictions.filter { $0.expected != $0.found }
    var text = "  predictions: \(parity.predictions.count - flipped.count) of "
    text += "\(parity.predictions.count) equal"
    if let certificate = parity.certificate {
      text += certificate.clause(anyFlipped: !flipped.isEmpty)
      text += " (smallest margin \(significant(certificate.margin))"
      text += ", largest logit error \(significant(certificate.maxError)))"
    }
    text += "\n"
    for prediction in flipped.prefix(20) {
      text += "    clip \(prediction.clip)"
      text += prediction.description.map { " (\(printable($0, limit: 60)))" } ?? ""
      text += ": PyTorch \(printable(name(prediction.expected)))"
      text += ", port \(printable(name(prediction.found)))"
      text += ", margin \(significant(prediction.margin))\n"
    }
    return text
  }
}

extension DecisionCertificate {
  /// What it says, as the end of a sentence that counts the equal predictions; nothing where some
  /// are not.
  func clause(anyFlipped: Bool) -> String {
    noPredictionCanFlip ? "; none can flip" : anyFlipped ? "" : "; one could flip"
  }
}
