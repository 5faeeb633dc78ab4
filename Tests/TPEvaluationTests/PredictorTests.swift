import TPBytes
import TPCheckpoints
import TPEvaluation
import TPModels
import TPParity
import TPTensors
import TestSupport
import Testing

private let folder =
  fixture("")
private let best = folder + "run/best_lightweight_model.pth"

@Suite struct PredictorTests {
  let model: LoadedModel
  init() throws { model = try LoadedModel.open(path: best) }

  /// PyTorch's own class and probabilities, for a clip in float32 and for one in bytes.
  @Test(arguments: ["float32.npy", "uint8.npy"]) func agreesWithPyTorch(file: String) throws {
    let bytes = try SharedBytes(path: folder + "clips/expected.json")
    let json = try JSONValue(parsing: bytes.bytes)
    let expected = try #require(json["clips"]?[file])
    #expect(json["digest"]?.string == model.digest.description)
    let clip = try ClipFile.open(path: folder + "clips/" + file, extents: model.architecture.input)
    #expect(clip.count == 1)
    #expect(clip.warnings == [])
    let predictions = try Predictor.predict(model, clip)
    #expect(predictions.count == 1)
    #expect(predictions[0].className == expected["predicted"]?.string)
    #expect(Predictor.classNames(model) == expected["classes"]?.array?.compactMap(\.string))
    let exact = (expected["float64"]?["probabilities"]?.array ?? []).compactMap(\.double)
    #expect(exact.count == 4)
    for (ours, theirs) in zip(predictions[0].probabilities, exact) {
      #expect(abs(Double(ours) - theirs) < 2e-6)
    }
  }

  /// 40 clips in one file: rms against PyTorch's float64 no more than 1.5 times PyTorch's own.
  @Test func validationSet() throws {
    let path = folder + "validation.npz"
    let clips = try ClipFile.open(path: path, extents: model.architecture.input)
    #expect(clips.count == 40)
    let predictions = try Predictor.predict(model, clips)
    let file = try CheckpointFile.open(path: path)
    func tensor(_ name: String) throws -> Tensor {
      try #require(file.tensors.first { $0.name == name }?.tensor)
    }
    let truth = try tensor("float64/logits").doubles()
    let torch = try tensor("logits").doubles()
    let ours = predictions.flatMap(\.logits).map { Double($0) }
    func rms(_ values: [Double]) -> Double {
      let squares = zip(values, truth).map { ($0 - $1) * ($0 - $1) }
      return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }
    #expect(ours.count == 160)
    #expect(rms(ours) < 1.5 * rms(torch))
    for (number, prediction) in predictions.enumerated() {
      let row = torch[number * 4..<number * 4 + 4]
      let largest = try #require(row.max())
      #expect(row.firstIndex(of: largest) == number * 4 + prediction.index)
    }
    // The best epoch's validation accuracy, as the training saved it.
    let labels = try tensor("labels").integers()
    let right = zip(predictions, labels).filter { $0.index == $1 }.count
    #expect(Double(right) / 40 * 100 == model.facts.bestValidationAccuracy)
  }

  @Test func aPredictionOfNoNumbersIsTold() throws {
    let extents = model.architecture.input
    var values = [Float](repeating: 0, count: 2 * extents.reduce(1, *))
    values[values.count - 1] = .nan
    let clips = Clip(values: values, count: 2, extents: extents)
    #expect(
      try Predictor.predict(model, clips).map(\.warning) == [
        nil, "the probabilities of clip 1 are not numbers: nothing is predicted",
      ])
  }

  @Test func clipsOfAnotherShapeAreRefused() throws {
    let clip = Clip(values: [0, 0], count: 1, extents: [2])
    #expect(
      throws: PortError(
        .mismatch, "clips of [2] were given and LightweightCNNLSTM takes [1, 32, 64, 96]")
    ) { try Predictor.predict(model, clip) }
  }
}

@Suite struct ClipFileTests {
  static func file(_ tensors: [(String, Tensor)]) -> Checkpoint {
    Checkpoint(
      container: .npz,
      tensors: tensors.map { name, tensor in
        TensorRecord(path: name.isEmpty ? [] : [name], tensor: tensor)
      })
  }

  static func tensor(_ extents: [Int], _ values: [Float]) -> Tensor {
    Tensor(floats: values, shape: Shape(known: extents))
  }

  @Test(arguments: [
    ([2, 3], 1), ([1, 2, 3], 1), ([1, 1, 2, 3], 1), ([4, 1, 2, 3], 4), ([4, 2, 3], 4),
  ]) func shapes(extents: [Int], count: Int) throws {
    let values = (0..<6 * count).map { Float($0) / 100 }
    let file = Self.file([("", Self.tensor(extents, values))])
    #expect(
      try ClipFile.clip(in: file, extents: [1, 2, 3])
        == Clip(values: values, count: count, extents: [1, 2, 3]))
  }

  @Test func bytesAreDividedInFloat32() throws {
    let tensor = try Tensor(
      dtype: .uint8, shape: Shape(known: [4]),
      storage: Storage(key: "", region: ByteRegion([0, 1, 127, 255])))
    let clip = try ClipFile.clip(in: Self.file([("x", tensor)]), extents: [4])
    #expect(clip.values == [0, 1 / 255, 127 / 255, 1])
  }

  @Test(arguments: ["input", "clip", "clips"]) func nameChooses(name: String) throws {
    let wanted = Self.tensor([2], [0.25, 0.5])
    let file = Self.file([("other", Self.tensor([1], [9])), (name, wanted)])
    #expect(try ClipFile.clip(in: file, extents: [2]).values == [0.25, 0.5])
  }

  @Test(
    arguments: [
      ([Float.nan, 0.5], ["1 of the 2 values are not finite"]),
      ([-0.5, 2], ["2 of the 2 values lie outside of [0, 1], from -0.5 to 2.0"]),
      (
        [0, 200],
        [
          "1 of the 2 values lie outside of [0, 1], from 0.0 to 200.0; were they divided by 255?"
        ]
      ),
    ] as [([Float], [String])]) func oddValuesAreWarnings(values: [Float], warnings: [String])
    throws
  {
    let file = Self.file([("clip", Self.tensor([2], values))])
    #expect(try ClipFile.clip(in: file, extents: [2]).warnings == warnings)
  }

  @Test func refusals() throws {
    #expect(
      throws: PortError(
        .mismatch, "a clip of shape (3, 2) does not fit: the model takes (1, 2, 3)", key: "clip",
        remedy: "give (2, 3), (1, 2, 3) or several clips along a dimension in front")
    ) {
      try ClipFile.clip(
        in: Self.file([("clip", Self.tensor([3, 2], [0, 0, 0, 0, 0, 0]))]), extents: [1, 2, 3])
    }
    #expect(
      throws: PortError(
        .mismatch, "holds 2 tensors, none of them called a clip",
        remedy: "give a file with one array, or call it input, clip, clips")
    ) {
      try ClipFile.clip(
        in: Self.file([("a", Self.tensor([1], [0])), ("b", Self.tensor([1], [0]))]), extents: [1])
    }
    let integers = try Tensor(
      dtype: .int16, shape: Shape(known: [1]),
      storage: Storage(key: "", region: ByteRegion([1, 0])))
    #expect(
      throws: PortError(
        .mismatch, "a clip of int16 has no known scale", key: "x",
        remedy: "give floating-point values in [0, 1], or bytes (uint8)")
    ) { try ClipFile.clip(in: Self.file([("x", integers)]), extents: [1]) }
  }
}
