import TPModels
import TPParity
import Testing

@Suite struct IsolationTests {
  /// Each layer of a golden whose poolings are whole; block by block where they are sampled.
  @Test(arguments: [
    (
      "best_full",
      [
        "conv3d1", "bn3d1", "pool3d1", "conv3d2", "bn3d2", "pool3d2", "conv3d3", "bn3d3", "pool3d3",
        "adaptive_pool", "lstm", "fc1", "bn_fc1", "fc_out",
      ]
    ),
    (
      "best",
      [
        "conv3d1", "bn3d1", "pool3d1", "bn3d2", "pool3d2", "bn3d3", "pool3d3", "lstm", "fc1",
        "bn_fc1", "fc_out",
      ]
    ),
  ]) func soundLayersHold(golden: String, names: [String]) throws {
    let report = try Parity.verify(
      weights: try Fixtures.model(), golden: try Fixtures.golden(golden), threads: 2)
    #expect(report.verdict == .holds, "\(report.reason)")
    for name in names { #expect(report.isolated.contains { $0.name == name }, "\(name)") }
    #expect(report.isolated.map(\.name) == report.ledger.map(\.name))
    #expect(report.diagnosis == [])
    for row in report.isolated {
      #expect(row.status == .holds)
      #expect(row.mode == .isolated)
      #expect((row.ofBound ?? 9) <= 5, "\(row.name)")
    }
  }

  /// What happens in one layer stays in it: the layers after it are right about what they read.
  @Test func twoFaultsAreFoundApart() throws {
    let bias = [Float](repeating: 0, count: 32)
    let variance = try Fixtures.values("bn_fc1.running_var").map { $0 + (1e-3 - 1e-5) }
    let model = try Fixtures.model(
      replacing: ["conv3d2.bias": bias, "bn_fc1.running_var": variance])
    let report = try Parity.verify(
      weights: model, golden: try Fixtures.golden("best_full"), threads: 2)
    #expect(report.verdict == .broken)
    #expect(
      report.isolated.filter { $0.status == .over }.map(\.name) == ["conv3d2", "bn_fc1"])
    let entries = report.ledger
    let conv = try #require(entries.first { $0.name == "conv3d2" })
    let norm = try #require(entries.first { $0.name == "bn3d2" })
    #expect(conv.introduced > 1000 * conv.inherited)
    #expect(norm.inherited > 1000 * norm.introduced)
  }
}
