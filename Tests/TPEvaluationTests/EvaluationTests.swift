import TPBytes
import TPEvaluation
import Testing

/// The figures by themselves, against other programs'. What is summed in float64 may differ by 1e-12.
@Suite struct EvaluationTests {
  private static let tables = Fixtures.expected["tables"] ?? .null

  /// Classes of one name are told apart by their order, where it is the same.
  @Test func placesOfClasses() throws {
    let classes = Classes(names: ["a", "a", "b"], count: 3)
    #expect(try classes.places(of: classes) == [0, 1, 2])
    #expect(throws: PortError.self) {
      try classes.places(of: Classes(names: ["a", "b", "a"], count: 3))
    }
    let other = Classes(names: ["c", "a", "b"], count: 3)
    #expect(try Classes(names: ["a", "b", "c"], count: 3).places(of: other) == [2, 0, 1])
    #expect(throws: PortError.self) { try classes.places(of: other) }
    #expect(throws: PortError.self) { try other.places(of: classes) }
    #expect(try Classes(names: nil, count: 3).places(of: other) == [0, 1, 2])
  }

  @Test func intervalsAreThoseOfStatsmodels() throws {
    let rows = try #require(Self.tables["wilson"]?.array)
    #expect(rows.count > 25)
    for row in rows {
      check(Proportion(try #require(row["count"]?.int), of: try #require(row["of"]?.int)), row)
    }
    #expect(Proportion(0, of: 0).share == nil)
    #expect(Proportion(0, of: 0).interval == nil)
    #expect(Proportion(0, of: 9).interval?.low == 0)
    #expect(Proportion(9, of: 9).interval?.high == 1)
  }

  /// The tails of the two distributions come from different formulas: 1e-11 of the probability.
  @Test func testsAreThoseOfStatsmodels() throws {
    let rows = try #require(Self.tables["mcnemar"]?.array)
    #expect(rows.count == 15)
    for row in rows {
      let ours = McNemar(
        onlyFirst: try #require(row["b"]?.int), onlySecond: try #require(row["c"]?.int))
      #expect(ours.method.rawValue == row["method"]?.string)
      #expect(isClose(ours.statistic, row["statistic"]?.double))
      let p = try #require(row["p"]?.double)
      #expect(abs(ours.probability - p) <= 1e-11 * p, "\(row.text())")
    }
  }

  @Test func figuresAreThoseOfTorchAndScikitLearn() throws {
    let rows = try #require(Self.tables["figures"]?.array)
    #expect(rows.count == 4)
    for row in rows {
      let ours = Evaluation(
        classes: Classes(names: nil, count: try #require(row["classes"]?.int)),
        labels: try #require(row["labels"]).integers,
        // Tenths, as NumPy rounded them.
        logits: try #require(row["logits"]).integers.map { Float(Double($0) / 10) })
      check(ours, row, tolerance: 1e-12)
    }
  }

  @Test func outputsOfASoftmaxAreProbabilities() throws {
    let row = try #require(Self.tables["probabilities"])
    let ours = Evaluation(
      classes: Classes(names: nil, count: 2), labels: row["labels"]?.integers ?? [],
      logits: row["logits"]?.doubles.map { Float($0) } ?? [], areProbabilities: true)
    check(ours, row, tolerance: 1e-12)
    #expect(ours.outcomes[1].loss == 0)
    let certain = Evaluation(
      classes: Classes(names: nil, count: 2), labels: [1], logits: [1, 0],
      areProbabilities: true)
    #expect(certain.crossEntropy == .infinity)
    #expect(certain.calibration.error == 1)
  }

  @Test func theFirstOfSeveralLargestLogitsIsThePrediction() {
    let ours = Evaluation(
      classes: Classes(names: ["a", "b", "c"], count: 3), labels: [0, 1],
      logits: [1, 2, 2, -3, -3, -3])
    #expect(ours.outcomes.map(\.predicted) == [1, 0])
  }

  @Test(
    arguments: [[0, .nan, 0], [.infinity, 0, 0], [.infinity, .infinity, 0]] as [[Float]])
  func whatIsNoNumberPredictsNothing(logits: [Float]) {
    let ours = Evaluation(
      classes: Classes(names: nil, count: 3), labels: [1, 2], logits: logits + [0, 0, 5])
    #expect(ours.outcomes.map(\.predicted) == [nil, 2])
    #expect(ours.withoutPrediction == 1)
    #expect(ours.accuracy == Proportion(1, of: 2))
    #expect(ours.confusion == [[0, 0, 0], [0, 0, 0], [0, 0, 1]])
    #expect(ours.perClass[1].recall == Proportion(0, of: 1))
    #expect(ours.crossEntropy.isNaN)
    #expect(ours.calibration.error.isNaN)
  }

  @Test func anImpossibleClassIsANumberAllTheSame() {
    let ours = Evaluation(
      classes: Classes(names: nil, count: 2), labels: [1], logits: [0, -.infinity])
    #expect(ours.outcomes[0].predicted == 0)
    #expect(ours.outcomes[0].confidence == 1)
    #expect(ours.crossEntropy == .infinity)
  }

  @Test func classesArePutInOneOrder() throws {
    let first = Classes(names: ["a", "b", "c"], count: 3)
    #expect(try first.places(of: Classes(names: ["c", "a", "b"], count: 3)) == [2, 0, 1])
    #expect(try first.places(of: Classes(names: nil, count: 3)) == [0, 1, 2])
    #expect(
      throws: PortError(
        .mismatch, "tells other classes apart: a, x, c, and the other weights a, b, c",
        remedy: "compare weights of the same classes")
    ) { try first.places(of: Classes(names: ["a", "x", "c"], count: 3)) }
    #expect(
      throws: PortError(
        .mismatch, "tells 2 classes apart, and the other weights 3",
        remedy: "compare weights of the same classes")
    ) { try first.places(of: Classes(names: nil, count: 2)) }
  }
}
