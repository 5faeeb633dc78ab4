import TPBytes
import TPEvaluation
import TestSupport
import Testing

/// What paths stand for, and in which order frames come.
@Suite struct ClipSourceTests {
  private let scratch = TemporaryFolder()

  private func source(_ path: String) throws(PortError) -> ClipSource {
    try ClipSource(path: path)
  }

  @Test func namesSayWhatAFileIs() throws {
    #expect(try source("a/b.npy") == .tensors("a/b.npy"))
    #expect(try source("clip") == .tensors("clip"))
    #expect(try source(".mp4") == .tensors(".mp4"))
    #expect(try source("x.MP4") == .video("x.MP4"))
    #expect(try source("x.PNG") == .frames(["x.PNG"], of: "x.PNG"))
    #expect(throws: PortError.self) { try source("x.jpg") }
  }

  @Test func framesComeInTheOrderOfTheirNumbers() throws {
    let names = [
      "frame_10.png", "frame_9.png", "frame_1.png", "frame_002.png", "frame_2.png", "a.png",
      "frame_2b.png", "frame_99999999999999999999999.png", "frame_100.png", "b10c2.png",
      "b10c10.png", "b9c11.png",
    ]
    let found = try ClipSource.pictures(names, of: "here")
    #expect(
      found
        == .frames(
          [
            "a.png", "b9c11.png", "b10c2.png", "b10c10.png", "frame_1.png", "frame_2.png",
            "frame_002.png", "frame_2b.png", "frame_9.png", "frame_10.png", "frame_100.png",
            "frame_99999999999999999999999.png",
          ], of: "here"))
  }

  @Test func foldersThatAreRefused() throws {
    do {
      _ = try source(scratch.path)
      Issue.record("was taken")
    } catch {
      #expect(error.message == "holds no pictures that end in .png, .pgm or .ppm")
    }
    _ = try scratch.save(".hidden.png", [])
    _ = try scratch.save("notes.txt", [])
    #expect(throws: PortError.self) { try source(scratch.path) }
    let first = try scratch.save("1.png", [])
    #expect(try source(scratch.path) == .frames([first], of: scratch.path))
    _ = try scratch.save("1.pgm", [])
    do {
      _ = try source(scratch.path)
      Issue.record("was taken")
    } catch {
      #expect(error.message == "holds pictures of several kinds: .pgm, .png")
    }
    #expect(throws: PortError.self) { try ClipSource.pictures(["a.png", "b.npy"], of: "here") }
    let many = (0...ClipSource.mostFrames).map { "\($0).png" }
    #expect(throws: PortError.self) { try ClipSource.pictures(many, of: "here") }
  }

  /// A folder of which only a part was listed would give some of the frames without a word.
  @Test func aFolderOfTooManyFilesIsRefused() throws {
    for number in 0...18_000 { _ = try scratch.save("\(number).txt", []) }
    _ = try scratch.save("1.png", [])
    #expect(
      throws: PortError(
        .limit, "holds more than 18000 files", file: scratch.path,
        remedy: "give a folder with the frames of one clip alone")
    ) { try source(scratch.path) }
  }

  @Test func noFramesAreRefused() {
    let error = PortError(
      .mismatch, "has no frames", file: "here", remedy: "give at least one picture")
    #expect(throws: error) { try ClipSource.pictures([], of: "here") }
    #expect(throws: error) {
      try ClipReader(extents: [1, 1, 2, 2]).clip(.frames([], of: "here"))
    }
  }
}
