public import TPBytes
internal import TPCheckpoints
public import TPParity

extension RoundingPrice {
  /// The object `price` of a report; classes by name where names are known.
  public func json(classes: [String]?) -> JSONValue {
    [
      "precision": .string(precision.word),
      "batch_norm": .string(isFolded ? "folded" : "separate"),
      "reference": .string(reference.rawValue),
      "drift": [
        "max": .double(drift.max), "rms": .double(drift.rms), "max_abs": .double(drift.maxError),
      ],
      "predictions": .int(predictions.count),
      "flipped": .array(
        flipped.map { prediction in
          [
            "clip": .int(prediction.clip),
            "description": prediction.description.map(JSONValue.string) ?? .null,
            "expected": .string(className(prediction.expected, of: classes)),
            "found": .string(className(prediction.found, of: classes)),
            "margin": .double(prediction.margin),
          ]
        }),
      "certificate": certificate.map { certificate in
        [
          "margin": .double(certificate.margin), "max_error": .double(certificate.maxError),
          "no_prediction_can_flip": .bool(certificate.noPredictionCanFlip),
        ]
      } ?? .null,
    ]
  }

  /// Lines for a terminal, indented by two spaces.
  public func text(classes: [String]?) -> String {
    var what = precision.isLossy ? precision.label : ""
    if isFolded { what += (what.isEmpty ? "" : " and ") + "folded batch norms" }
    if what.isEmpty { what = precision.label }
    var text = "  price of \(what): logits moved by at most \(significant(drift.maxError)),"
    text += " in units of float32's own noise max \(significant(drift.max)), rms"
    text += " \(significant(drift.rms))"
    text += reference == .golden ? " (from the golden's record)\n" : " (from the original)\n"
    guard let certificate else { return text }
    text += "  \(flipped.count) of \(counted(predictions.count, "prediction")) flipped"
    text +=
      certificate.noPredictionCanFlip
      ? "; certified: none can flip" : "; not certified: one could flip"
    text += " (smallest margin \(significant(certificate.margin)), largest logit error"
    text += " \(significant(certificate.maxError)))\n"
    for prediction in flipped.prefix(20) {
      text += "    clip \(prediction.clip)"
      text += prediction.description.map { " (\(printable($0, limit: 60)))" } ?? ""
      text += ": \(printable(className(prediction.expected, of: classes))) became"
      text += " \(printable(className(prediction.found, of: classes))),"
      text += " margin \(significant(prediction.margin))\n"
    }
    return text
  }
}

/// The name of a class, or its index where names are not known.
func className(_ index: Int, of classes: [String]?) -> String {
  guard let classes, classes.indices.contains(index) else { return "\(index)" }
  return classes[index]
}
