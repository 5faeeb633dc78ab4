import Foundation
import TPBytes
import TestSupport
import Testing

/// `predict` and `evaluate` on frames and videos; what OpenCV and PyTorch make of the same recordings is in
/// fixtures/frames/expected.json.
@Suite struct RecordingTests {
  private let folder = TemporaryFolder()
  private let schemas: JSONSchema
  private static let weights = fixture("run/best_lightweight_model.pth")
  private static let expected: JSONValue = {
    let text = try? String(contentsOfFile: fixture("frames/expected.json"), encoding: .utf8)
    return text.flatMap { try? JSONValue(parsing: $0) }?["clip"] ?? .null
  }()
  static let hasFFmpeg = ForeignProgram(named: "ffmpeg") != nil

  init() throws { schemas = try JSONSchema.documented() }

  private func predict(
    _ paths: [String], _ options: [String] = [], environment: [String: String] = [:],
    in folder: String? = nil
  ) throws -> Run {
    try torchport(
      ["predict", Self.weights] + options + ["--"] + paths, environment: environment,
      folder: folder)
  }

  /// Holds a run against PyTorch's float64 logits for the clip that OpenCV prepared.
  private func check(_ run: Run, _ name: String) throws -> JSONValue {
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "predict.json") == [])
    let prediction = try #require(json["predictions"]?.array?.first)
    let known = try #require(Self.expected[name])
    #expect(prediction["class"] == known["predicted"])
    let logits = (known["float64_logits"]?.array ?? []).compactMap(\.double)
    #expect(logits.count == 4)
    let ours = (prediction["probabilities"]?.array ?? []).compactMap { $0["logit"]?.double }
    #expect(ours.count == 4)
    // Four times the largest error of PyTorch's own float32 logits (rounding.json: 1.2e-6); one gray
    // level in one pixel is more.
    for (ours, theirs) in zip(ours, logits) { #expect(abs(ours - theirs) < 5e-6, "\(name)") }
    return json["preparation"] ?? .null
  }

  @Test func framesFromAFolderAPatternOrAList() throws {
    let frames = fixture("frames/clip")
    let list = (1...45).map { "\(frames)/frame_\($0).png" }
    for paths in [[frames], [frames + "/"], [frames + "/frame_*.png"], list.shuffled()] {
      let preparation = try check(predict(paths, ["--json"]), "center")
      #expect(preparation["recorded"] == 45)
      #expect(preparation["source"] == "frames")
      #expect(preparation["size"] == [40, 60])
      #expect(preparation["resized"] == [64, 96])
      #expect(preparation["decoder"] == .null)
      #expect(preparation["indexes"]?.array?.first == 6)
      #expect(preparation["indexes"]?.array?.last == 37)
    }
    let even = try check(predict([frames], ["--json", "--sampling", "even"]), "even")
    #expect(even["sampling"] == "even")
    let short = try check(predict(Array(list.prefix(20)), ["--json"]), "first 20")
    #expect(short["indexes"]?.array?.suffix(13) == (0..<13).map { _ in 19 })
  }

  @Test func theTextSaysWhatWasTaken() throws {
    let frames = fixture("frames/clip")
    var run = try predict([frames])
    #expect(
      run.output.hasPrefix("45 frames of 40 x 60; frames 6 to 37 taken; resized to 64 x 96\n"))
    run = try predict([frames + "/frame_1.png"])
    #expect(
      run.output.hasPrefix(
        "1 frame of 40 x 60; all taken, and the last 31 times more; resized to 64 x 96\n"))
    run = try predict([frames], ["--sampling", "even"])
    #expect(run.output.hasPrefix("45 frames of 40 x 60; 32 evenly spaced ones taken;"))
  }

  @Test func whatIsRefused() throws {
    let frames = fixture("frames/clip")
    for (paths, words) in [
      ([folder.path], "holds no pictures that end in .png, .pgm or .ppm"),
      ([frames + "/x*.png"], "no file fits this pattern"),
      ([fixture("frames") + "/cl*/frame_1.png"], "cannot list: no such file or folder"),
      ([frames + "/frame_1.png", fixture("clips/uint8.npy")], "is no picture, and several files"),
      ([fixture("run/training.jpg")], "is a picture of a kind that is not read"),
      ([frames + "/frame_46.png"], "cannot open: no such file or folder"),
    ] {
      let run = try predict(paths)
      #expect(run.status == 2)
      #expect(run.errors.contains(words), "\(run.errors)")
    }
    let run = try predict([frames], ["--sampling", "middle"])
    #expect(run.status == 64)
  }

  @Test func aVideoWithoutFFmpegSaysWhatToDo() throws {
    for path in ["", folder.path, "."] {
      let run = try predict([fixture("frames/clip.mkv")], environment: ["PATH": path])
      #expect(run.status == 2)
      #expect(
        run.errors.contains(
          "is a video, and the program ffmpeg that would decode it is not installed; install ffmpeg,"
            + " or give the frames as a folder of PNG or PGM files, or the clip as .npy"),
        "\(run.errors)")
    }
  }

  /// A program called ffmpeg that does what it might: a shell script in a folder of its own.
  private func replacement(
    _ script: String, version: String = "4.3.1-x"
  ) throws -> [String: String] {
    let path = folder.file("ffmpeg")
    let answer = #"[ "$1" = -version ] && { echo "ffmpeg version \#(version) Copyright"; exit 0; }"#
    try "#!/bin/sh\n\(answer)\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return ["PATH": folder.path + ":/usr/bin:/bin"]
  }

  @Test func whatTheProgramPrintsBecomesFrames() throws {
    let arguments = folder.file("arguments")
    let environment = try replacement(
      "printf '%s\\n' \"$@\" > '\(arguments)'; cat '\(fixture("frames/clip.pgms"))'")
    let video = folder.file("-i http:a;b $(c).mp4")
    try Data([0]).write(to: URL(fileURLWithPath: video))
    let preparation = try check(
      predict(["-i http:a;b $(c).mp4"], ["--json"], environment: environment, in: folder.path),
      "center")
    #expect(preparation["decoder"] == "ffmpeg 4.3.1-x")
    #expect(preparation["recorded"] == 45)
    let given = try String(contentsOfFile: arguments, encoding: .utf8).split(separator: "\n")
    // One argument, a file by its whole path; before 5.1 every frame was asked for in other words.
    let file = try #require(given.first { $0.hasPrefix("file:") })
    #expect(file.hasSuffix("/-i http:a;b $(c).mp4") && file.hasPrefix("file:/"))
    #expect(given.contains("-vsync"))
    #expect(zip(given, given.dropFirst()).contains { $0 == ("-i", file) })
  }

  /// Which option asks for every frame changed with 5.1, whatever stands before the number.
  @Test(arguments: [
    ("4.4", "-vsync"), ("n4.4.1-2-gcc33e73618", "-vsync"), ("5.1.6-0+deb12u1", "-fps_mode"),
    ("n7.1", "-fps_mode"), ("N-4-g0123456789", "-fps_mode"),
  ]) func everyFrameIsAskedFor(version: String, option: String) throws {
    let arguments = folder.file("arguments")
    let environment = try replacement(
      "printf '%s\\n' \"$@\" > '\(arguments)'; cat '\(fixture("frames/clip.pgms"))'",
      version: version)
    let video = folder.file("clip.mp4")
    try Data([0]).write(to: URL(fileURLWithPath: video))
    #expect(try predict([video], environment: environment).status == 0)
    let given = try String(contentsOfFile: arguments, encoding: .utf8).split(separator: "\n")
    #expect(given.contains { $0 == option })
  }

  @Test(
    arguments: [
      ("exit 1", "cannot decode it: status 1"),
      ("echo '[x @ 0x1] it is  broken' >&2; exit 1", "cannot decode it: it is  broken"),
      ("printf 'P6\\n60 40\\n255\\nabc'", "cannot decode it: status 0"),
      ("printf 'garbage'", "does not begin with P5"), ("exit 0", "holds no frames"),
      ("kill -11 $$", "cannot decode it: signal 11"),
      ("printf 'P5\\n60000 60000\\n255\\n'", "each side must be 1 to 16384"),
      ("while printf 'P5\\n1 1\\n255\\nx'; do :; done", "has more than 9000 frames"),
    ]) func aProgramThatFails(script: String, words: String) throws
  {
    let environment = try replacement(script)
    let video = folder.file("clip.mp4")
    try Data([0]).write(to: URL(fileURLWithPath: video))
    let run = try predict([video], environment: environment)
    #expect(run.status == 2)
    #expect(run.errors.contains(words), "\(run.errors)")
    #expect(run.errors.contains("clip.mp4"))
  }

  @Test(.enabled(if: hasFFmpeg)) func videosAsOpenCVReadsThem() throws {
    for name in ["clip.mkv", "clip.mp4"] {
      let preparation = try check(predict([fixture("frames/\(name)")], ["--json"]), name)
      #expect(preparation["recorded"] == 45)
      #expect(preparation["source"] == "video")
      #expect(preparation["decoder"]?.string?.hasPrefix("ffmpeg ") == true)
    }
  }

  @Test(.enabled(if: hasFFmpeg)) func namesAndPlaylistsCannotReachOtherFiles() throws {
    let video = try Data(contentsOf: URL(fileURLWithPath: fixture("frames/clip.mp4")))
    for name in [
      "-i.mp4", "concat:a|b.mp4", "http:x.mp4", "frame%03d.mp4", "a;b $(c).mp4", "pipe:0.mp4",
      "data:,.mp4", "*.mp4",
    ] {
      try video.write(to: URL(fileURLWithPath: folder.file(name)))
      let run = try predict([name], ["--json"], in: folder.path)
      _ = try check(run, "clip.mp4")
    }
    try video.write(to: URL(fileURLWithPath: folder.file("real.mp4")))
    let path = folder.file("real.mp4")
    for text in [
      "ffconcat version 1.0\nfile real.mp4\n",
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nreal.mp4\n#EXT-X-ENDLIST\n",
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://\(path)\n#EXT-X-ENDLIST\n",
      "version https://git-lfs.github.com/spec/v1\n", "",
    ] {
      try text.write(toFile: folder.file("list.mp4"), atomically: true, encoding: .utf8)
      let run = try predict([folder.file("list.mp4")])
      #expect(run.status == 2, "\(text)")
      #expect(run.errors.contains("list.mp4: ffmpeg "), "\(run.errors)")
    }
    try video.prefix(3_000).write(to: URL(fileURLWithPath: folder.file("cut.mp4")))
    #expect(try predict([folder.file("cut.mp4")]).status == 2)
  }

  /// A folder of classes: frames, one array, and what is no clip.
  private func dataset() throws -> String {
    let root = folder.file("data")
    for name in ["my_mouth_is_dry", "pillow", "doctor/empty.d"] {
      try FileManager.default.createDirectory(
        atPath: root + "/" + name, withIntermediateDirectories: true)
    }
    try FileManager.default.removeItem(atPath: root + "/doctor/empty.d")
    let link = { (name: String, target: String) in
      try FileManager.default.createSymbolicLink(
        atPath: root + "/" + name, withDestinationPath: target)
    }
    try link("my_mouth_is_dry/a", fixture("frames/clip"))
    try link("pillow/b", fixture("frames/clip"))
    try link("pillow/clip.npy", fixture("clips/uint8.npy"))
    try "hello".write(toFile: root + "/pillow/notes.txt", atomically: true, encoding: .utf8)
    return root
  }

  @Test func aFolderForEachClass() throws {
    let run = try torchport("evaluate", Self.weights, dataset(), "--json")
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(schemas.findings(json, file: "evaluate.json") == [])
    #expect(
      json["dataset"]?["preparation"] == [
        "sampling": "center", "frames": 2, "videos": 0, "tensors": 1, "decoder": .null,
      ])
    let predictions = try #require(json["predictions"]?.array)
    #expect(predictions.map { $0["label"] } == ["my_mouth_is_dry", "pillow", "pillow"])
    #expect(predictions.prefix(2).allSatisfy { $0["predicted"] == "my_mouth_is_dry" })
    #expect(run.errors.contains("1 files are no clips and were passed over: "))
  }

  @Test func aManifestOfFoldersIsTheSameDataset() throws {
    let root = try dataset()
    let manifest = folder.file("data.csv")
    let lines = """
      data/my_mouth_is_dry/a,my_mouth_is_dry
      data/pillow/b,pillow
      data/pillow/clip.npy,pillow
      """
    try lines.write(toFile: manifest, atomically: true, encoding: .utf8)
    let runs = try [root, manifest].map { path in
      try torchport("evaluate", Self.weights, path, "--json", "--sampling", "even")
    }
    for run in runs { #expect(run.status == 0, "\(run.errors)") }
    for key in ["clips_digest", "labels_digest", "preparation"] {
      #expect(runs[0].json?["dataset"]?[key] == runs[1].json?["dataset"]?[key])
    }
    #expect(runs[0].json?["dataset"]?["preparation"]?["sampling"] == "even")
    #expect(runs[0].json?["result"] == runs[1].json?["result"])
  }

  @Test(.enabled(if: hasFFmpeg)) func videosInADataset() throws {
    let root = try dataset()
    try FileManager.default.copyItem(
      atPath: fixture("frames/clip.mkv"), toPath: root + "/doctor/clip.mkv")
    let run = try torchport("evaluate", Self.weights, root, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let preparation = run.json?["dataset"]?["preparation"]
    #expect(preparation?["videos"] == 1)
    #expect(preparation?["decoder"]?.string?.hasPrefix("ffmpeg ") == true)
    #expect(run.json?["predictions"]?.array?.first?["predicted"] == "my_mouth_is_dry")
  }

  @Test func foldersThatAreNoDataset() throws {
    let root = try dataset()
    func words(_ path: String, _ options: String..., status: Int32 = 2) throws -> String {
      let run = try torchport(["evaluate", Self.weights, path] + options)
      #expect(run.status == status)
      return run.errors
    }
    #expect(try words(fixture("frames/clip")).contains("holds no folders, and a folder of clips"))
    #expect(try words(root, "--labels", "y", status: 64).contains("--clips and --labels"))
    let frame = try Data(contentsOf: URL(fileURLWithPath: fixture("frames/clip/frame_1.png")))
    try frame.write(to: URL(fileURLWithPath: root + "/pillow/frame.png"))
    #expect(try words(root).contains("lies in the folder of a class, and is one frame of a clip"))
    try FileManager.default.removeItem(atPath: root + "/pillow/frame.png")
    try FileManager.default.moveItem(atPath: root + "/pillow", toPath: root + "/cushion")
    #expect(try words(root).contains("the label \"cushion\" of "))
    let video = root + "/doctor/clip.mp4"
    try FileManager.default.moveItem(atPath: root + "/cushion", toPath: root + "/pillow")
    try Data().write(to: URL(fileURLWithPath: video))
    let run = try torchport(["evaluate", Self.weights, root], environment: ["PATH": ""])
    #expect(run.status == 2)
    #expect(run.errors.contains("clip.mp4: is a video, and the program ffmpeg"))
  }
}
