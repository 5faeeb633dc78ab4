import Foundation
import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// The 40 validation clips, with PyTorch's logits in float32 and in float64.
@Suite struct ValidationTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("fixtures")

  private func rms(_ values: [Float], _ truth: [Double]) -> Double {
    let squares = zip(values, truth).map { (Double($0) - $1) * (Double($0) - $1) }
    return (squares.reduce(0, +) / Double(max(squares.count, 1))).squareRoot()
  }

  @Test func ourFloat32IsAsCloseToFloat64AsPyTorchs() throws {
    let file = try CheckpointFile.open(
      path: Self.fixtures.appendingPathComponent("validation.npz").path)
    func tensor(_ name: String) throws -> Tensor {
      try #require(file.tensors.first { $0.name == name }?.tensor)
    }
    let clips = try tensor("clips").floats().map { $0 / 255 }
    let theirs = try tensor("logits").floats()
    let truth = try tensor("float64/logits").doubles()
    let labels = try tensor("labels").integers()
    let model = try LoadedModel.open(
      path: Self.fixtures.appendingPathComponent("run/best_lightweight_model.pth").path)
    let run = try model.network.run(clips, batch: 40)
    #expect(run.logits.count == 160)
    let ours = rms(run.logits, truth)
    let bound = 2 * rms(theirs, truth)
    print("rms error of the logits: ours \(ours), PyTorch's \(bound / 2)")
    #expect(ours <= bound)
    // The accuracy that the training log states for this epoch: 38 of 40.
    let right = labels.indices.filter { clip in
      let logits = run.logits[clip * 4..<clip * 4 + 4]
      return logits.indices.max { logits[$0] < logits[$1] } == clip * 4 + labels[clip]
    }
    #expect(right.count == 38)
  }
}
