import Foundation
import TPBytes
import TPCheckpoints
import TPEvaluation
import TPModels
import TPParity
import TPTensors
import Testing

/// Labelled clips in every kind of file. The network's logits differ from PyTorch's by less than 1e-5,
/// and so do the figures made of them; the script says how near a flip or the edge of a bin is.
@Suite struct LabelledClipsTests {
  static let frames = Result {
    try LoadedModel.open(
      path: Fixtures.root + "networks/FramesGRU.pth",
      architecture: Architecture.described(inFile: Fixtures.root + "networks/FramesGRU.json"))
  }

  static func open(
    _ path: String, clips: String? = nil, labels: String? = nil
  ) throws -> LabelledClips {
    let model = try frames.get()
    return try LabelledClips.open(
      path: path, names: .init(clips: clips, labels: labels), extents: model.architecture.input,
      classes: Evaluator.classes(model))
  }

  @Test(
    arguments: [
      ("frames.npz", nil, nil, "frames"), ("frames.h5", nil, nil, "frames"),
      ("frames.h5", "X", "fixed", "frames"), ("frames.pt", nil, nil, "frames"),
      ("frames.pt", nil, "numbers", "frames"), ("frames.csv", nil, nil, "frames"),
      ("numbers.csv", nil, nil, "twelve"), ("twelve.npz", nil, "y", "twelve"),
      ("twelve.npz", nil, "targets", "twelve"),
    ] as [(String, String?, String?, String)])
  func everyFormatIsTheSameClips(
    file: String, clips: String?, labels: String?, name: String
  ) throws {
    let dataset = try Self.open(Fixtures.path(file), clips: clips, labels: labels)
    let expected = try #require(Fixtures.expected[name])
    var done: [Int] = []
    let result = try Evaluator.evaluate([try Self.frames.get()], on: dataset) { done.append($0) }
    #expect(done == [dataset.count])
    #expect(result.warnings == [])
    #expect(result.digest.clips == expected["digests"]?["clips"]?.string)
    #expect(result.digest.labels == expected["digests"]?["labels"]?.string)
    check(result.evaluations[0], expected, tolerance: 1e-5)
  }

  /// Labels count the classes that the dataset names, not those of the weights.
  @Test(arguments: ["ordered.npz", "named.npz", "ordered.pt"])
  func theDatasetsOwnClassOrder(file: String) throws {
    let dataset = try Self.open(Fixtures.path(file))
    let expected = try #require(Fixtures.expected["twelve"])
    let result = try Evaluator.evaluate([try Self.frames.get()], on: dataset)
    #expect(
      result.warnings == [
        "the dataset's classes are c, a, b, those of the weights a, b, c: the labels were taken by"
          + " name"
      ])
    #expect(result.digest.labels == expected["digests"]?["labels"]?.string)
    check(result.evaluations[0], expected, tolerance: 1e-5)
  }

  @Test(arguments: [
    ("foreign.npz", "is \"another\" by the dataset's own names, which is no class of the model"),
    ("short.npz", "is no index of the 2 classes that the dataset names"),
  ])
  func classesThatAreNotTheModels(file: String, words: String) throws {
    let error = #expect(throws: PortError.self) { _ = try Self.open(Fixtures.path(file)) }
    #expect(error?.kind == .mismatch)
    #expect(error?.key == "labels")
    #expect(error?.message.contains(words) == true)
  }

  @Test func aNetworkThatEndsInSoftmaxAndNamesNoClasses() throws {
    let model = try LoadedModel.open(
      path: Fixtures.path("wave.pth"),
      architecture: Architecture.described(inFile: Fixtures.root + "networks/Wave.json"))
    let dataset = try LabelledClips.open(
      path: Fixtures.path("wave.npz"), extents: model.architecture.input,
      classes: Evaluator.classes(model)
    ) { model.architecture.taking($0) != nil }
    #expect(dataset.extents == [2, 64])
    let result = try Evaluator.evaluate([model], on: dataset)
    let expected = try #require(Fixtures.expected["wave"])
    check(result.evaluations[0], expected, tolerance: 1e-5)
    #expect(result.digest.clips == expected["digests"]?["clips"]?.string)
    #expect(result.digest.labels == expected["digests"]?["labels"]?.string)
  }

  /// 40 clips of 0.8 MB are more than one batch.
  @Test func theValidationClipsOfTheRun() throws {
    let model = try LoadedModel.open(path: Fixtures.root + "run/best_lightweight_model.pth")
    let dataset = try LabelledClips.open(
      path: Fixtures.root + "validation.npz", extents: model.architecture.input,
      classes: Evaluator.classes(model))
    var done: [Int] = []
    let result = try Evaluator.evaluate([model], on: dataset, threads: 2) { done.append($0) }
    #expect(done == [21, 40])
    let expected = try #require(Fixtures.expected["validation"])
    check(result.evaluations[0], expected, tolerance: 1e-5)
    #expect(result.digest.clips == expected["digests"]?["clips"]?.string)
    #expect(result.digest.labels == expected["digests"]?["labels"]?.string)
    let recorded = RecordedAccuracy.all(in: model.checkpoint, model.facts)
    #expect(recorded.map(\.set) == [.validation, .training])
    #expect(recorded.map(\.key) == ["val_accuracies", "train_accuracies"])
    #expect(recorded.map(\.isPercent) == [true, true])
    #expect(recorded[0].share == 0.95)
    // Where the best so far was another epoch's, the epoch's own counts.
    let early = try CheckpointFile.open(path: Fixtures.root + "run/checkpoint_epoch_5.pth")
    let facts = ModelFacts(early)
    #expect(facts.bestValidationAccuracy == 77.5)
    #expect(RecordedAccuracy.all(in: early, facts).first?.share == 0.725)
    // 163 of 192 clips: 84.90 % in the line of epoch 24 of fixtures/run/training.log.
    #expect(isClose(recorded[1].share, 0.8489583333333333, 1e-9))
  }

  @Test func twoModelsAreComparedByTheNamesOfTheirClasses() throws {
    let architecture = try Architecture.described(
      inFile: Fixtures.root + "networks/FramesGRU.json")
    let models = try ["other.pth", "permuted.pth"].map {
      try LoadedModel.open(path: Fixtures.path($0), architecture: architecture)
    }
    let dataset = try Self.open(Fixtures.path("frames.npz"))
    let first = try Self.frames.get()
    let other = try Evaluator.evaluate([first, models[0]], on: dataset)
    check(other.evaluations[1], try #require(Fixtures.expected["other"]), tolerance: 1e-5)
    let paired = PairedEvaluation(other.evaluations[0], other.evaluations[1])
    let expected = try #require(Fixtures.expected["pair"])
    #expect(paired.bothRight == expected["both_right"]?.int)
    #expect(paired.bothWrong == expected["both_wrong"]?.int)
    #expect(paired.test.onlyFirst == expected["only_first_right"]?.int)
    #expect(paired.test.onlySecond == expected["only_second_right"]?.int)
    #expect(paired.differing == expected["differing"]?.integers)
    #expect(isClose(paired.test.probability, expected["test"]?["p"]?.double))
    // The same network with its classes in another order says the same.
    let permuted = try Evaluator.evaluate([first, models[1]], on: dataset)
    #expect(
      permuted.evaluations[0].outcomes.map(\.predicted)
        == permuted.evaluations[1].outcomes.map(\.predicted))
    #expect(
      RecordedAccuracy.all(in: models[0].checkpoint, models[0].facts).map(\.share) == [0.625, 0.75])
    #expect(
      RecordedAccuracy.all(in: models[0].checkpoint, models[0].facts).allSatisfy { !$0.isPercent })
  }
}
