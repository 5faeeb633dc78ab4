import Foundation
import TPParity
import Testing

/// Goldens of the reference network by every engine that ought to agree with it
/// (fixtures/engines/every_engine.py): PyTorch with oneDNN on and off, ONNX Runtime, OpenVINO.
@Suite struct EngineTests {
  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: Fixtures.folder + "engines")
    return (files ?? []).filter { $0.hasSuffix(".npz") }.sorted()
  }()

  @Test func everyEngineIsThere() {
    for (engine, count) in [("torch_", 8), ("onnxruntime_", 3), ("openvino_", 2)] {
      #expect(Self.names.count { $0.hasPrefix(engine) } == count, "\(engine)")
    }
  }

  @Test(arguments: names) func isNoFalseAlarm(name: String) throws {
    let golden = try Golden.open(path: Fixtures.folder + "engines/" + name)
    let report = try Parity.verify(weights: try Fixtures.model(), golden: golden, threads: 2)
    #expect(report.verdict == .holds, "\(report.reason)")
    #expect(report.warnings == [])
    let isOfLogits = name.hasSuffix("_logits.npz")
    #expect(report.activations.count { $0.status == .holds } == (isOfLogits ? 1 : 14))
    #expect(report.isolated.count == (isOfLogits ? 0 : 10))
    for row in report.activations + report.isolated where row.golden != nil {
      #expect((row.golden?.max ?? 99) < 10, "\(row.name)")
    }
  }
}
