import Foundation
import TPBytes
import TPCheckpoints
import TPComparison
import TPTensors
import Testing

/// What the fixture run does not have: gaps in layers, NaN, other shapes, shares.
@Suite struct RunHistoryTests {
  /// A folder that goes when the value goes.
  private final class Folder: Sendable {
    let path = NSTemporaryDirectory() + "/" + UUID().uuidString
    init() throws {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func write(
    _ folder: Folder, epoch: Int, _ tensors: KeyValuePairs<String, [Float]>,
    lists: [String: [Double]] = [:]
  ) throws -> String {
    var tree = MetadataTree()
    let model = tree.add(.none)
    var entries = [
      MetadataTree.Entry(key: tree.add(.string("model_state_dict")), value: model),
      .init(key: tree.add(.string("epoch")), value: tree.add(.int(epoch))),
    ]
    for (name, values) in lists {
      let items = values.map { tree.add(.float($0)) }
      entries.append(.init(key: tree.add(.string(name)), value: tree.add(.list(items))))
    }
    tree.root = tree.add(.dict(entries))
    var file = WeightFile(
      tensors: try StateDict(
        tensors.map { ($0.key, Tensor(floats: $0.value, shape: Shape(known: [$0.value.count]))) }),
      facts: [:], digests: [:])
    file.kept = KeptParts(tree: tree, model: model, names: [])
    let path = folder.path + "/\(UUID().uuidString).pth"
    try CheckpointFile.write(file, format: .torch, to: path, replacing: false)
    return path
  }

  /// By hand: the layer's updates are (1, 1) and (1, 0), so the cosine is 1/sqrt(2).
  @Test func aTensorThatStopsCountsInItsLayer() throws {
    let folder = try Folder()
    let paths = [
      try write(folder, epoch: 1, ["a.weight": [3], "a.bias": [4]]),
      try write(folder, epoch: 2, ["a.weight": [4], "a.bias": [5]]),
      try write(folder, epoch: 3, ["a.weight": [5], "a.bias": [5]]),
    ]
    let history = RunHistory(paths: paths.reversed())
    #expect(history.failures.isEmpty && history.steps.count == 2)
    let layer = try #require(history.steps.last?.layers.first)
    #expect(abs((layer.cosine ?? 0) - 0.5.squareRoot()) < 1e-15)
    #expect(layer.norm == 41.0.squareRoot() && layer.update == 1)
    #expect(layer.fromFirst == 5.0.squareRoot() / 5)
    #expect(history.frozen.map(\.tensor) == ["a.bias"])
    #expect(history.frozen.first?.isThroughout == false)
  }

  @Test func findsTheFirstNaN() throws {
    let folder = try Folder()
    let paths = [
      try write(folder, epoch: 1, ["a.weight": [1, 2]]),
      try write(folder, epoch: 2, ["a.weight": [.nan, .infinity]]),
      try write(folder, epoch: 3, ["a.weight": [.nan, .nan]]),
    ]
    let history = RunHistory(paths: paths)
    #expect(history.nonFinite.map(\.file) == [1, 2])
    #expect(history.nonFinite.first?.nan == 1 && history.nonFinite.first?.infinite == 1)
    #expect(history.steps.first?.model.update.isNaN == true)
  }

  @Test func otherShapesAreSaid() throws {
    let folder = try Folder()
    let paths = [
      try write(folder, epoch: 1, ["a.weight": [1], "b.weight": [1]]),
      try write(folder, epoch: 2, ["a.weight": [1, 2], "b.weight": [2], "c.weight": [1]]),
    ]
    let history = RunHistory(paths: paths)
    #expect(history.layouts.count == 2)
    #expect(history.steps.first?.tensors.map(\.name) == ["b.weight"])
    #expect(history.steps.first?.unmatched == 3)
    #expect(history.notes.contains { $0.contains("2 different sets of tensors") })
  }

  @Test func sharesAreNoPercent() throws {
    let folder = try Folder()
    let accuracies = [0.4, 0.6, 0.6, 0.55, 0.5, 0.6, 0.58, 0.81, 0.8]
    let path = try write(
      folder, epoch: 8, ["a.weight": [1]],
      lists: ["val_acc": accuracies, "train_acc": accuracies.map { $0 + 0.1 }])
    let curves = try #require(RunHistory(paths: [path]).curves)
    #expect(!curves.isPercent)
    // Nine values at epoch 8: epochs count from 0.
    #expect(curves.firstEpoch == 0)
    #expect(curves.best?.epoch == 7)
    #expect(curves.milestones.map(\.epoch) == [1, 7, 7, 7, 7])
    #expect(curves.plateaus == [2...6])
    #expect(abs((curves.gap(at: 7) ?? 0) - 10) < 1e-9)
  }

  /// Two files of one epoch: the same weights are a copy, others are kept.
  @Test func twoFilesOfOneEpoch() throws {
    let folder = try Folder()
    let paths = [
      try write(folder, epoch: 4, ["a.weight": [1]]),
      try write(folder, epoch: 4, ["a.weight": [1]]),
      try write(folder, epoch: 4, ["a.weight": [2]]),
    ]
    let history = RunHistory(paths: paths)
    #expect(history.files.count == 3 && history.sequence.count == 2)
    #expect(history.files.count { $0.copyOf != nil } == 1)
    #expect(history.notes.contains { $0.contains("are both of epoch 4") })
  }

  /// Between two files of one epoch a tensor that stands still neither begins nor ends to.
  @Test func whatIsFrozenStaysSoOverTwoFilesOfOneEpoch() throws {
    let folder = try Folder()
    let paths = try [(1, 1), (2, 2), (2, 3), (3, 4)].map { epoch, value in
      try write(folder, epoch: epoch, ["a.weight": [Float(value)], "b.weight": [5]])
    }
    let history = RunHistory(paths: paths)
    #expect(history.sequence.count == 4)
    #expect(history.frozen.map(\.tensor) == ["b.weight"])
    #expect(history.frozen.first?.isThroughout == true)
  }
}
