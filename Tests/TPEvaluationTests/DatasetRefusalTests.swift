import Foundation
import TPBytes
import TPCheckpoints
import TPEvaluation
import TPTensors
import Testing

/// Everything that can be wrong with labelled clips is one sentence with the place and what to do.
@Suite struct DatasetRefusalTests {
  private let folder = NSTemporaryDirectory() + "torchport-dataset-\(UUID().uuidString)"
  private static let classes = Classes(names: ["no", "yes"], count: 2)

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private static func floats(_ extents: [Int], _ value: Float = 0.5) -> Tensor {
    let shape = Shape(known: extents)
    return Tensor(floats: Array(repeating: value, count: shape.elementCount), shape: shape)
  }

  private static func integers(_ values: [Int64]) throws -> Tensor {
    let bytes = values.flatMap { value in
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    return try Tensor(
      dtype: .int64, shape: Shape(known: [values.count]),
      storage: Storage(key: "", region: ByteRegion(bytes)))
  }

  /// What opening, or running through, a dataset of clips of 1 x 2 x 2 throws.
  private func failure(
    _ path: String, _ names: LabelledClips.Names = .init(), extents: [Int] = [1, 2, 2],
    classes: Classes = Self.classes
  ) -> PortError? {
    do throws(PortError) {
      _ = try LabelledClips.open(path: path, names: names, extents: extents, classes: classes)
      return nil
    } catch {
      return error
    }
  }

  private func archive(_ tensors: [(String, Tensor)]) throws -> String {
    let path = folder + "/\(UUID().uuidString).npz"
    try CheckpointFile.write(
      WeightFile(
        tensors: try StateDict(tensors.map { (name: $0.0, tensor: $0.1) }), facts: [:],
        digests: [:]), format: .npz, to: path, replacing: false)
    return path
  }

  @Test func arraysThatAreNotThere() throws {
    let clips = Self.floats([2, 2, 2])
    let labels = try Self.integers([0, 1])
    var path = try archive([("a", clips), ("b", labels)])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "holds no clips under the names clips, x, X, inputs, data", file: path,
          remedy: "say which array they are with --clips; there are a (2, 2, 2), b (2,)"))
    #expect(
      failure(path, .init(clips: "a"))
        == PortError(
          .mismatch, "holds no labels under the names labels, y, targets", file: path,
          remedy: "say which array they are with --labels; there are a (2, 2, 2), b (2,)"))
    #expect(
      failure(path, .init(clips: "c"))
        == PortError(
          .mismatch, "holds nothing called c that could be its clips", file: path,
          remedy: "there are a (2, 2, 2), b (2,)"))
    #expect(failure(path, .init(clips: "a", labels: "b")) == nil)
    path = try archive([("x", clips), ("data", clips), ("y", labels), ("targets", labels)])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "several arrays may be its clips: x, data", file: path,
          remedy: "say which with --clips"))
    #expect(
      failure(path, .init(clips: "x"))
        == PortError(
          .mismatch, "several arrays may be its labels: y, targets", file: path,
          remedy: "say which with --labels"))
  }

  @Test func clipsThatDoNotFit() throws {
    let labels = try Self.integers([0, 1])
    var path = try archive([("x", Self.floats([2, 3, 2])), ("y", labels)])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "a clip of shape (2, 3, 2) does not fit: the model takes (1, 2, 2)",
          file: path, key: "x",
          remedy: "give (2, 2), (1, 2, 2) or several clips along a dimension in front"))
    path = try archive([("x", Self.floats([0, 2, 2])), ("y", try Self.integers([]))])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "holds no clips", file: path, key: "x", remedy: "give at least one clip"))
    path = try archive([("x", try Self.integers([0, 1, 2, 3])), ("y", labels)])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "a clip of int64 has no known scale", file: path, key: "x",
          remedy: "give floating-point values in [0, 1], or bytes (uint8)"))
    path = try archive([("x", Self.floats([3, 2, 2])), ("y", labels)])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "there are 3 clips and 2 labels", file: path, key: "y",
          remedy: "give one label for each clip, in the same order"))
    path = try archive([("x", Self.floats([2, 2])), ("y", try Self.integers([1]))])
    #expect(failure(path) == nil, "one clip without a dimension in front")
  }

  @Test func labelsThatAreNoClasses() throws {
    let clips = Self.floats([2, 2, 2])
    for label in [-1, 2] as [Int64] {
      let path = try archive([("x", clips), ("y", try Self.integers([0, label]))])
      #expect(
        failure(path)
          == PortError(
            .mismatch, "the label \(label) of clip 1 is no class index of the model", file: path,
            key: "y", remedy: "the indexes go from 0 to 1: no, yes"))
    }
    let none = try archive([("x", clips), ("y", try Self.integers([]))])
    #expect(failure(none)?.message == "there are 2 clips and 0 labels")
    let path = try archive([("x", clips), ("y", Self.floats([2]))])
    #expect(
      failure(path)
        == PortError(
          .mismatch, "the labels are float32, no class indexes", file: path, key: "y",
          remedy: "save them as integers (int64), or as class names"))
  }

  /// Lists of tensors and of labels, as only a PyTorch file has them.
  @Test(
    arguments: [
      (
        "misshapen", "labels",
        "clip 2: a clip of shape (1, 8, 20) does not fit: the model takes (1, 16, 20)",
        "misshapen.2"
      ),
      (
        "batches", "two",
        "clip 0: a clip of shape (2, 1, 16, 20) does not fit: the model takes (1, 16, 20)",
        "batches"
      ),
      ("infinite", "two", "clip 1: element 0 is inf, not a finite number", "infinite.1"),
      ("clips", "two", "there are 3 clips and 2 labels", "two"),
      ("clips", "mixed", "some labels are integers and some are texts", "mixed"),
      ("clips", "odd", "the label of clip 1, None, is neither an integer nor a text", "odd"),
      ("clips", "column", "the labels have the shape (3, 1)", "column"),
      ("clips", "empty", "there are 3 clips and 0 labels", "empty"),
      ("many", "many", "holds 1000001 clips, more than 1000000", "many"),
    ]) func listsThatAreRefused(clips: String, labels: String, message: String, key: String) throws
  {
    let model = try LabelledClipsTests.frames.get()
    var failure: PortError?
    do {
      let dataset = try LabelledClipsTests.open(
        Fixtures.path("bad.pt"), clips: clips, labels: labels)
      _ = try Evaluator.evaluate([model], on: dataset)
    } catch {
      failure = error as? PortError
    }
    #expect(failure?.message == message)
    #expect(failure?.key == key)
    #expect(failure?.kind == (clips == "many" ? .limit : .mismatch))
    #expect(failure?.remedy != nil)
  }

  private func manifest(_ text: String) throws -> String {
    let path = folder + "/list.CSV"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func save(_ name: String, _ tensor: Tensor) throws {
    try CheckpointFile.write(
      WeightFile(
        tensors: try StateDict([(name: "array", tensor: tensor)]), facts: [:], digests: [:]),
      format: .npy, to: folder + "/" + name, replacing: false)
  }

  @Test(
    arguments: [
      ("", PortError.Kind.mismatch, "lists no clips"),
      ("path,label\n\n", .mismatch, "lists no clips"),
      ("good.npy,maybe\n", .mismatch, "the label \"maybe\" of line 1 is no class of the model"),
      (
        "path,label\ngood.npy,yes\ngood.npy,2\n", .mismatch,
        "the label \"2\" of line 3 is no class of the model"
      ),
      (
        "good.npy,0\ngood.npy,yes\n", .mismatch,
        "the label \"0\" of line 1 is no class of the model"
      ),
      (
        "good.npy,0\ngood.npy,2\n", .mismatch,
        "the label 2 of line 2 is no class index of the model"
      ),
      (
        "good.npy\n", .malformed,
        "line 1: is neither a header with the columns path and label nor a path and a label"
      ),
      ("path,label,path\na,b,c\n", .malformed, "line 1: two columns have the same name"),
      ("good.npy,yes\n\"x\",no,1\n", .malformed, "line 2: has 3 fields where 2 are needed"),
      ("label,path\nyes,\n", .malformed, "line 2: names no file"),
      ("good.npy,\"yes\nno\n", .malformed, "line 1: a quoted field does not end"),
      ("good.npy,\"yes\"no\n", .malformed, "line 1: a field goes on after its closing quote"),
      (
        "good.npy,ye\"s\n", .malformed,
        "line 1: a quote stands inside of a field that does not begin with one"
      ),
      ("good.npy,ye\0s\n", .malformed, "line 1: is not text in UTF-8"),
      // Texts are compared in time that grows with the square of these.
      (
        "good.npy,e\(String(repeating: "\u{301}", count: 129))", .limit,
        "line 1: a text has more than 128 combining marks in a row"
      ),
    ]) func manifestsThatAreRefused(text: String, kind: PortError.Kind, message: String) throws
  {
    try save("good.npy", Self.floats([2, 2]))
    let path = try manifest(text)
    let error = failure(path)
    #expect(error?.message == message)
    #expect(error?.kind == kind)
    #expect(error?.file == path)
    #expect(error?.remedy != nil)
  }

  @Test func recordsAndFieldsAreBounded() {
    #expect(
      throws: PortError(
        .limit, "line 3: more than 2 records stand in the file", remedy: "split it")
    ) { try CommaSeparatedRows(Array("a\nb\nc\n".utf8), most: 2) }
    let commas = "a,b\n" + String(repeating: ",", count: 20)
    #expect(
      throws: PortError(
        .limit, "line 2: more than 16 fields stand in the file",
        remedy: "leave out the columns that are not needed, or split it")
    ) { try CommaSeparatedRows(Array(commas.utf8), most: 2) }
  }

  @Test func filesOfAManifestThatAreRefused() throws {
    try save("good.npy", Self.floats([2, 2]))
    try save("two.npy", Self.floats([2, 1, 2, 2]))
    try save("wide.npy", Self.floats([2, 3]))
    try save("nan.npy", Self.floats([2, 2], .nan))
    var path = try manifest("two.npy,yes\n")
    #expect(
      failure(path)
        == PortError(
          .mismatch,
          "clip 0, line 1 of the manifest: holds 2 clips, and the manifest gives it one label",
          file: folder + "/two.npy", remedy: "give each clip a file and a line of its own"))
    path = try manifest("no.npy,yes\n")
    #expect(failure(path)?.kind == .notFound)
    #expect(failure(path)?.file == folder + "/no.npy")
    #expect(failure(path)?.message.hasPrefix("clip 0, line 1 of the manifest: ") == true)
    let model = try LabelledClipsTests.frames.get()
    // Only what is looked at when it is a clip's turn.
    path = try manifest("\u{FEFF}\(Fixtures.path("frames/01.npy")),1\r\n\"wide.npy\",0\r\n")
    let dataset = try LabelledClipsTests.open(path)
    #expect(dataset.count == 2)
    #expect(
      throws: PortError(
        .mismatch,
        "clip 1, line 2 of the manifest: a clip of shape (2, 3) does not fit: the model takes (1, 16, 20)",
        file: folder + "/wide.npy", key: "array",
        remedy: "give (16, 20), (1, 16, 20) or several clips along a dimension in front")
    ) { try Evaluator.evaluate([model], on: dataset) }
  }

  @Test func namesOfColumns() throws {
    try save("good.npy", Self.floats([2, 2]))
    let path = try manifest("Clip,Who,Says\ngood.npy,me,\"yes\"\n")
    #expect(failure(path, .init(clips: "clip", labels: "says")) == nil)
    #expect(failure(path)?.kind == .malformed)
    #expect(
      try LabelledClips.open(
        path: path, names: .init(clips: "clip", labels: "says"), extents: [1, 2, 2],
        classes: Self.classes
      ).labels == [1])
    // Names win over digits.
    let digits = try manifest("good.npy,1\n")
    #expect(
      try LabelledClips.open(
        path: digits, extents: [1, 2, 2], classes: Classes(names: ["1", "0"], count: 2)
      ).labels == [0])
    #expect(
      failure(try manifest("good.npy,yes\n"), classes: Classes(names: nil, count: 2))?.message
        == "the label \"yes\" of line 1 is no class index, and the weights name no classes")
  }
}
