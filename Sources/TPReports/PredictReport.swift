public import TPBytes
public import TPEvaluation

/// What `predict` tells about clips.
public struct PredictReport: Sendable {
  /// The weights' file, as the user gave it.
  public var weights: String
  /// The clip's file.
  public var clip: String
  /// The name of the architecture.
  public var architecture: String
  /// The class names in index order; `nil` where the weights do not say.
  public var classes: [String]?
  /// One for each clip of the file.
  public var predictions: [Prediction]
  /// How the clip was made of a recording; `nil` where it was prepared elsewhere.
  public var preparation: ClipPreparation?
  /// What is odd about the clip.
  public var warnings: [String]

  /// A report on predictions.
  public init(
    weights: String, clip: String, architecture: String, classes: [String]?,
    predictions: [Prediction], preparation: ClipPreparation? = nil, warnings: [String]
  ) {
    self.weights = weights
    self.clip = clip
    self.architecture = architecture
    self.classes = classes
    self.predictions = predictions
    self.preparation = preparation
    self.warnings = warnings
  }

  /// The name of a class, or its index where names are not known.
  private func name(_ index: Int) -> String { className(index, of: classes) }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "weights": .string(weights),
      "clip": .string(clip),
      "architecture": .string(architecture),
      "preparation": preparation?.json ?? .null,
      "predictions": .array(predictions.map(json)),
      "warnings": .array(warnings.map(JSONValue.string)),
    ]
  }

  private func json(_ prediction: Prediction) -> JSONValue {
    let classes = prediction.probabilities.indices.map { index -> JSONValue in
      [
        "class": .string(name(index)),
        "probability": .double(Double(prediction.probabilities[index])),
        "logit": .double(Double(prediction.logits[index])),
      ]
    }
    return [
      "clip": .int(prediction.clip),
      "class": .string(name(prediction.index)),
      "probability": .double(Double(prediction.probabilities[prediction.index])),
      "probabilities": .array(classes),
    ]
  }

  /// The report for a terminal: the most probable class first.
  public var text: String {
    let title = preparation.map { $0.text + "\n" } ?? ""
    return title + predictions.map(text).joined(separator: "\n")
  }

  private func text(_ prediction: Prediction) -> String {
    let title = predictions.count > 1 ? "clip \(prediction.clip)\n" : ""
    var table = Table([("class", .left), ("probability", .right), ("logit", .right)])
    let order = prediction.probabilities.indices.sorted {
      (prediction.probabilities[$0], $1) > (prediction.probabilities[$1], $0)
    }
    for index in order {
      table.add(
        printable(name(index), limit: 60), percent(Double(prediction.probabilities[index])),
        fixed(Double(prediction.logits[index]), 4))
    }
    return title + table.text
  }
}
