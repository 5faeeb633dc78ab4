public import TPBytes
public import TPEvaluation

/// What `evaluate` tells about weights on labelled clips.
public struct EvaluateReport: Sendable {
  /// Weights as a report names them.
  public struct Weights: Sendable {
    /// The file, as the user gave it.
    public var file: String
    /// The content digest.
    public var digest: String
    /// The name of the architecture.
    public var architecture: String
    /// The epoch after which they were saved; `nil` where the file does not say.
    public var epoch: Int?
    /// What the training measured itself.
    public var recorded: [RecordedAccuracy]

    /// Weights of a file.
    public init(
      file: String, digest: String, architecture: String, epoch: Int?,
      recorded: [RecordedAccuracy]
    ) {
      self.file = file
      self.digest = digest
      self.architecture = architecture
      self.epoch = epoch
      self.recorded = recorded
    }
  }

  /// The weights.
  public var weights: Weights
  /// The dataset's file, as the user gave it.
  public var dataset: String
  /// What identifies its clips.
  public var digest: DatasetDigest
  /// How its clips are made of recordings; `nil` where all are arrays of one file.
  public var preparation: DatasetPreparation?
  /// What came of it.
  public var evaluation: Evaluation
  /// Other weights on the same clips; `nil` where none were given.
  public var other: (weights: Weights, paired: PairedEvaluation)?
  /// How it stands to an earlier run; `nil` where none was given.
  public var expectation: EvaluationExpectation?
  /// What is odd about weights, clips or predictions.
  public var warnings: [String]

  /// A report on evaluated weights.
  public init(
    weights: Weights, dataset: String, digest: DatasetDigest,
    preparation: DatasetPreparation? = nil, evaluation: Evaluation,
    other: (weights: Weights, paired: PairedEvaluation)? = nil, warnings: [String] = []
  ) {
    self.weights = weights
    self.dataset = dataset
    self.digest = digest
    self.preparation = preparation
    self.evaluation = evaluation
    self.other = other
    self.warnings = warnings
  }

  /// The predicted class of each clip by name; `nil` where nothing is predicted.
  var predictions: [String?] {
    evaluation.outcomes.map { $0.predicted.map(evaluation.classes.name) }
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "weights": json(weights),
      "dataset": [
        "file": .string(dataset),
        "clips": .int(evaluation.accuracy.total),
        "clips_digest": .string(digest.clips),
        "labels_digest": .string(digest.labels),
        "preparation": preparation?.json ?? .null,
      ],
      "classes": evaluation.classes.names.map { .array($0.map(JSONValue.string)) } ?? .null,
      "result": evaluation.json,
      "recorded": .array(weights.recorded.map { $0.json(evaluation.accuracy) }),
      "predictions": .array(evaluation.outcomes.map(json)),
      "expectation": expectation?.json ?? .null,
      "comparison": other.map { comparison($0.weights, $0.paired) } ?? .null,
      "warnings": .array(warnings.map(JSONValue.string)),
    ]
  }

  private func json(_ outcome: ClipOutcome) -> JSONValue {
    let predicted = outcome.predicted.map { JSONValue.string(evaluation.classes.name($0)) }
    return [
      "clip": .int(outcome.clip),
      "label": .string(evaluation.classes.name(outcome.label)),
      "predicted": predicted ?? .null,
      "confidence": .double(outcome.confidence),
      "loss": .double(outcome.loss),
    ]
  }

  private func json(_ weights: Weights) -> JSONValue {
    [
      "file": .string(weights.file),
      "digest": .string(weights.digest),
      "architecture": .string(weights.architecture),
      "epoch": weights.epoch.map(JSONValue.int) ?? .null,
    ]
  }

  private func comparison(_ other: Weights, _ paired: PairedEvaluation) -> JSONValue {
    [
      "weights": json(other),
      "result": paired.second.json,
      "recorded": .array(other.recorded.map { $0.json(paired.second.accuracy) }),
      "both_right": .int(paired.bothRight),
      "only_first_right": .int(paired.test.onlyFirst),
      "only_second_right": .int(paired.test.onlySecond),
      "both_wrong": .int(paired.bothWrong),
      "mcnemar": [
        "method": .string(paired.test.method.rawValue),
        "statistic": paired.test.statistic.map(JSONValue.double) ?? .null,
        "p": .double(paired.test.probability),
      ],
      "differing": .array(
        paired.differing.map { clip in
          let names = [paired.first, paired.second].map { evaluation in
            evaluation.outcomes[clip].predicted.map {
              JSONValue.string(evaluation.classes.name($0))
            } ?? .null
          }
          return [
            "clip": .int(clip),
            "label": .string(paired.first.classes.name(paired.first.outcomes[clip].label)),
            "first": names[0],
            "second": names[1],
          ]
        }),
    ]
  }
}

extension Evaluation {
  var json: JSONValue {
    [
      "accuracy": accuracy.json,
      "per_class": .array(
        perClass.enumerated().map { index, result in
          [
            "class": .string(classes.name(index)),
            "recall": result.recall.json,
            "precision": result.precision.json,
          ]
        }),
      "confusion": .array(confusion.map { .array($0.map(JSONValue.int)) }),
      "without_prediction": .int(withoutPrediction),
      "cross_entropy": .double(crossEntropy),
      "expected_calibration_error": .double(calibration.error),
      "calibration": .array(
        calibration.bins.enumerated().map { index, bin in
          let count = Double(Calibration.binCount)
          return [
            "low": .double(Double(index) / count),
            "high": .double(Double(index + 1) / count),
            "clips": .int(bin.clips),
            "right": .int(bin.right),
            "confidence": bin.confidence.map(JSONValue.double) ?? .null,
          ]
        }),
    ]
  }
}

extension Proportion {
  var json: JSONValue {
    [
      "count": .int(count),
      "of": .int(total),
      "share": share.map(JSONValue.double) ?? .null,
      "low": interval.map { .double($0.low) } ?? .null,
      "high": interval.map { .double($0.high) } ?? .null,
    ]
  }
}

extension RecordedAccuracy {
  func json(_ accuracy: Proportion) -> JSONValue {
    [
      "set": .string(set.rawValue),
      "key": .string(key),
      "share": .double(share),
      "unit": .string(isPercent ? "percent" : "fraction"),
      "gap": accuracy.share.map { .double($0 - share) } ?? .null,
    ]
  }
}
