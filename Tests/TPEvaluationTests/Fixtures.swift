import TPBytes
import TPEvaluation
import TPTensors
import TestSupport
import Testing

/// What PyTorch, scikit-learn, statsmodels and SciPy say: fixtures/evaluation/make.py wrote it.
enum Fixtures {
  static let root = fixture("")

  static func path(_ name: String) -> String { root + "evaluation/" + name }

  static let expected: JSONValue = {
    guard let file = try? SharedBytes(path: path("expected.json")) else { return .null }
    return (try? JSONValue(parsing: file.bytes)) ?? .null
  }()
}

extension JSONValue {
  var doubles: [Double] { (array ?? []).compactMap(\.double) }
  var integers: [Int] { (array ?? []).compactMap(\.int) }
}

/// Whether two numbers are equal but for what adding float64 numbers in another order loses.
func isClose(_ ours: Double?, _ theirs: Double?, _ tolerance: Double = 1e-12) -> Bool {
  guard let ours, let theirs else { return ours == nil && theirs == nil }
  return abs(ours - theirs) <= tolerance * max(1, abs(theirs))
}

/// Holds a proportion against statsmodels' proportion_confint(method: "wilson").
func check(_ ours: Proportion, _ theirs: JSONValue?) {
  #expect(ours.share == theirs?["share"]?.double)
  #expect(isClose(ours.interval?.low, theirs?["low"]?.double), "\(ours)")
  #expect(isClose(ours.interval?.high, theirs?["high"]?.double), "\(ours)")
  guard let theirs, theirs != .null else {
    #expect(ours.total == 0)
    return
  }
  #expect(ours.count == theirs["count"]?.int)
  #expect(ours.total == theirs["of"]?.int)
}

/// Holds an evaluation against what the script says of it.
///
/// - Parameter tolerance: of what is made of probabilities.
func check(_ ours: Evaluation, _ theirs: JSONValue, tolerance: Double) {
  check(ours.accuracy, theirs["accuracy"])
  for (index, result) in ours.perClass.enumerated() {
    check(result.recall, theirs["recall"]?.array?[index])
    check(result.precision, theirs["precision"]?.array?[index])
  }
  #expect(ours.confusion == theirs["confusion"]?.array?.map(\.integers))
  #expect(
    ours.outcomes.map { $0.predicted.map(ours.classes.name) }
      == theirs["predicted"]?.array?.map(\.string))
  #expect(isClose(ours.crossEntropy, theirs["cross_entropy"]?.double, tolerance))
  #expect(
    isClose(ours.calibration.error, theirs["expected_calibration_error"]?.double, tolerance))
  for (bin, expected) in zip(ours.calibration.bins, theirs["bins"]?.array ?? []) {
    #expect(bin.clips == expected["clips"]?.int)
    #expect(bin.right == expected["right"]?.int)
    #expect(isClose(bin.confidence, expected["confidence"]?.double, tolerance))
  }
  for (key, path) in [
    ("confidence", \ClipOutcome.confidence), ("loss", \ClipOutcome.loss),
  ] as [(String, KeyPath<ClipOutcome, Double>)] {
    guard let values = theirs[key]?.doubles else { continue }
    #expect(values.count == ours.outcomes.count)
    for (outcome, value) in zip(ours.outcomes, values) {
      #expect(isClose(outcome[keyPath: path], value, tolerance))
    }
  }
}
