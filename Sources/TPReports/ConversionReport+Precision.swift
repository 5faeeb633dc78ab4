internal import TPBytes
internal import TPCheckpoints
internal import TPConversion
internal import TPModels
internal import TPParity
internal import TPTensors

extension ConversionPlan {
  /// Keys of the JSON object that tell what became of the numbers.
  var precisionMembers: [JSONValue.Member] {
    [
      .init("precision", .string(precision.word)),
      .init("batch_norm", .string(contents.facts["batch_norm"] ?? "separate")),
      .init(
        "folded",
        .array(
          folded.map {
            [
              "layer": .string($0.layer), "norm": .string($0.norm),
              "weight_max_error": .double($0.weight.maxError),
              "bias_max_error": .double($0.bias.maxError),
            ]
          })),
      .init("roundings", .array(roundings.map(\.json))),
      .init("budget", budget?.json ?? .null),
    ]
  }

  /// What became of the numbers, in a few words.
  var precisionWords: String {
    var words: [String] = []
    if !folded.isEmpty { words.append(counted(folded.count, "batch norm") + " folded") }
    if !summedBiases.isEmpty {
      words.append("the biases of " + counted(summedBiases.count, "LSTM") + " summed")
    }
    if !roundings.isEmpty {
      let types = Set(roundings.map(\.to.rawValue)).sorted().joined(separator: " and ")
      words.append(counted(roundings.count, "tensor") + " converted to " + types)
    }
    return words.isEmpty ? "every bit kept" : words.joined(separator: ", ")
  }

  /// The tensors that `precisionLines` tells of.
  var namesInPrecisionLines: Set<String> {
    var names = Set(roundings.flatMap { [$0.name, $0.name + StateDict.scaleSuffix] })
    for layer in folded { names.formUnion([layer.layer + ".weight", layer.layer + ".bias"]) }
    return names
  }

  /// Lines for a terminal about what became of the numbers; none where every bit was kept.
  var precisionLines: String {
    var text = ""
    if precision != .exact, roundings.isEmpty, folded.isEmpty {
      text += "  stored before as \(precision.word)\n"
    }
    for layer in folded {
      text += "  \(printable(layer.norm, limit: 60)) is folded into"
      text += " \(printable(layer.layer, limit: 60)), rounded once to float32"
      text += " (largest error \(significant(layer.weight.maxError)) in weights,"
      text += " \(significant(layer.bias.maxError)) in biases)\n"
    }
    guard !roundings.isEmpty else { return text + (budget?.text ?? "") }
    var table = Table([
      ("tensor", .left), ("from", .left), ("to", .left), ("bytes", .right), ("overflow", .right),
      ("to zero", .right), ("subnormal", .right), ("NaN", .right), ("max error", .right),
      ("SQNR dB", .right),
    ])
    for rounding in roundings {
      let loss = rounding.loss
      table.add(
        printable(rounding.name, limit: 60), rounding.from.rawValue, rounding.to.rawValue,
        grouped(rounding.byteCount), grouped(loss.overflow), grouped(loss.toZero),
        grouped(loss.toSubnormal), grouped(loss.nan), significant(loss.maxError),
        loss.decibels.isInfinite && loss.isExact ? "exact" : fixed(loss.decibels, 1))
    }
    return text + table.text + (budget?.text ?? "")
  }
}

extension PrecisionBudget {
  /// The value of `budget`.
  fileprivate var json: JSONValue {
    [
      "margin": .double(certificate.margin), "max_error": .double(certificate.maxError),
      "runs": .int(runs),
      "tensors": .array(
        choices.map { choice in
          [
            "name": .string(choice.name), "chosen": .string(choice.trial.dtype.rawValue),
            "trials": .array(
              choice.trials.map {
                [
                  "dtype": .string($0.dtype.rawValue), "bytes": .int($0.byteCount),
                  "impact": .double($0.impact),
                ]
              }),
          ]
        }),
    ]
  }

  /// The table of the choices for a terminal.
  fileprivate var text: String {
    var table = Table([
      ("tensor", .left), ("chosen", .left), ("bytes", .right), ("logit error alone", .left),
    ])
    for choice in choices {
      table.add(
        printable(choice.name, limit: 60), choice.trial.dtype.rawValue,
        grouped(choice.trial.byteCount),
        choice.trials.map { "\($0.dtype.rawValue) \(significant($0.impact))" }
          .joined(separator: ", "))
    }
    let bytes = choices.reduce(0) { $0 + $1.trial.byteCount }
    return "  budget: smallest margin \(significant(certificate.margin)), largest logit error"
      + " \(significant(certificate.maxError)), at most half the margin;"
      + " \(grouped(bytes)) bytes, \(runs) runs\n" + table.text
  }
}

extension TensorRounding {
  /// One element of `roundings`.
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "shape": .array(shape.extents.map(JSONValue.int)),
      "from": .string(from.rawValue), "to": .string(to.rawValue), "bytes": .int(byteCount),
      "overflow": .int(loss.overflow), "to_zero": .int(loss.toZero),
      "to_subnormal": .int(loss.toSubnormal), "nan": .int(loss.nan),
      "max_error": .double(loss.maxError), "sqnr_db": .double(loss.decibels),
    ]
  }
}
