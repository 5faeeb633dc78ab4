public import TPBytes
internal import TPEvaluation

/// An earlier run's predictions, from the JSON that `evaluate` printed.
public struct ExpectedEvaluation: Sendable {
  let file: String
  let clipsDigest: String
  let labelsDigest: String
  let weightsDigest: String
  let right: Int
  let predictions: [String?]

  /// Takes the predictions out of what `evaluate --json` printed.
  ///
  /// - Throws: `PortError` where it is something else.
  public init(file: String, json: JSONValue) throws(PortError) {
    self.file = file
    guard json["command"]?.string == "evaluate",
      let clipsDigest = json["dataset"]?["clips_digest"]?.string,
      let labelsDigest = json["dataset"]?["labels_digest"]?.string,
      let weightsDigest = json["weights"]?["digest"]?.string,
      let right = json["result"]?["accuracy"]?["count"]?.int,
      let rows = json["predictions"]?.array,
      let predictions = ExpectedEvaluation.predictions(rows)
    else {
      throw PortError(
        .malformed, "is not what `evaluate --json` printed of evaluated weights", file: file,
        remedy: "give the output of such a run")
    }
    self.clipsDigest = clipsDigest
    self.labelsDigest = labelsDigest
    self.weightsDigest = weightsDigest
    self.right = right
    self.predictions = predictions
  }

  /// The predicted classes; `nil` where a row is none, or not in its place.
  private static func predictions(_ rows: [JSONValue]) -> [String?]? {
    var found: [String?] = []
    for (clip, row) in rows.enumerated() {
      guard row["clip"]?.int == clip, let predicted = row["predicted"] else { return nil }
      guard predicted == .null || predicted.string != nil else { return nil }
      found.append(predicted.string)
    }
    return found
  }

  /// What became of the predictions.
  public func comparison(_ report: EvaluateReport) -> EvaluationExpectation {
    var result = EvaluationExpectation(
      file: file, isSameClips: report.digest.clips == clipsDigest,
      isSameLabels: report.digest.labels == labelsDigest,
      isSameWeights: report.weights.digest == weightsDigest, before: right,
      now: report.evaluation.accuracy.count)
    let found = report.predictions
    guard result.isSameClips, result.isSameLabels, found.count == predictions.count else {
      return result
    }
    result.compared = found.count
    for (clip, (expected, found)) in zip(predictions, found).enumerated() where expected != found {
      result.differing.append(.init(clip: clip, expected: expected, found: found))
    }
    return result
  }
}

/// How predictions stand to those of an earlier run.
public struct EvaluationExpectation: Sendable, Hashable {
  /// A clip for which another class is predicted.
  public struct Difference: Sendable, Hashable {
    /// The clip's number.
    public var clip: Int
    /// The class that was predicted then; `nil` where nothing was.
    public var expected: String?
    /// The class that is predicted now; `nil` where nothing is.
    public var found: String?
  }

  /// The earlier run's file.
  public var file: String
  /// Whether it was made on the same clips.
  public var isSameClips: Bool
  /// Whether the clips had the same labels.
  public var isSameLabels: Bool
  /// Whether it was made with the same weights.
  public var isSameWeights: Bool
  /// How many clips were right then.
  public var before: Int
  /// How many are now.
  public var now: Int
  /// How many predictions were compared; 0 where the clips or the labels are others.
  public var compared = 0
  /// The clips for which another class is predicted.
  public var differing: [Difference] = []

  /// Whether there was anything to compare.
  public var isDecided: Bool { compared > 0 }
  /// Whether a prediction differs, or fewer are right.
  public var isWorse: Bool { isDecided && (!differing.isEmpty || now < before) }

  var json: JSONValue {
    [
      "file": .string(file),
      "same_clips": .bool(isSameClips),
      "same_labels": .bool(isSameLabels),
      "same_weights": .bool(isSameWeights),
      "compared": .int(compared),
      "right_before": .int(before),
      "right_now": .int(now),
      "differing": .array(
        differing.map { difference in
          [
            "clip": .int(difference.clip),
            "expected": difference.expected.map(JSONValue.string) ?? .null,
            "found": difference.found.map(JSONValue.string) ?? .null,
          ]
        }),
    ]
  }

  /// What came of it, as one sentence.
  var sentence: String {
    let name = printable(file)
    guard isDecided else {
      let why =
        isSameClips
        ? "the same clips with other labels" : isSameLabels ? "other clips" : "another dataset"
      return "nothing could be compared with \(name), which was made on \(why)"
    }
    let weights = isSameWeights ? "" : ", which was made with other weights"
    guard isWorse else {
      return "all \(counted(compared, "prediction")) are those of \(name)\(weights)"
    }
    var text = "\(grouped(differing.count)) of \(counted(compared, "prediction")) "
    text += "\(differing.count == 1 ? "is" : "are") not that of \(name)\(weights); "
    text += "\(grouped(now)) right, \(grouped(before)) before"
    return text
  }

  /// The sentence, and the first of the clips.
  var text: String {
    var text = "  \(isWorse ? "NOT AS EXPECTED: " : "")\(sentence)\n"
    for difference in differing.prefix(20) {
      text += "    clip \(difference.clip): expected \(name(difference.expected))"
      text += ", got \(name(difference.found))\n"
    }
    if differing.count > 20 { text += "    and \(differing.count - 20) more\n" }
    return text
  }

  func name(_ name: String?) -> String { name.map { printable($0, limit: 60) } ?? "nothing" }
}
