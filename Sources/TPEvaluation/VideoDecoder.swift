internal import LipReading
public import TPBytes

/// The program `ffmpeg`, where it is installed: it decodes a video to a stream of PPM pictures.
public struct VideoDecoder: Hashable, Sendable {
  /// What it calls itself: `ffmpeg` and its version.
  public let name: String
  private let program: ForeignProgram
  /// How it is told to hand over every frame once.
  private let everyFrame: [String]

  /// How long it may take over one video, in seconds.
  static let seconds = 120
  /// What it may take the file for: none of these opens further files, as a playlist would.
  private static let formats = [
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpeg", "mpegvideo",
    "mpegts", "ogg", "asf", "flv", "gif", "yuv4mpegpipe", "h264", "hevc",
  ]

  /// Looks for it in `PATH` and asks for its version.
  ///
  /// - Throws: `PortError` of kind `unsupported` where it is not installed or does not run.
  public init() throws(PortError) {
    let remedy =
      "install ffmpeg, or give the frames as a folder of PNG or PGM files, or the clip as .npy"
    guard let program = ForeignProgram(named: "ffmpeg") else {
      throw PortError(
        .unsupported, "is a video, and the program ffmpeg that would decode it is not installed",
        remedy: remedy)
    }
    var bytes: [UInt8] = []
    let outcome = try program.run(["-version"], seconds: 20) { (more) throws(PortError) in
      if bytes.count < 4_096 { bytes += more }
    }
    let words = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      .split(separator: " ")
    guard outcome.ending == .status(0), words.count >= 3, words[0] == "ffmpeg" else {
      throw PortError(
        .unsupported, "is a video, and \(program.path) does not run: \(outcome.ending)",
        remedy: remedy)
    }
    let version = printable(String(words[2]), limit: 40)
    name = "ffmpeg \(version)"
    self.program = program
    let numbers = version.split { !$0.isASCII || !$0.isNumber }.prefix(2).compactMap { Int($0) }
    // 5.1 has the new name and knows the old; what is built between releases (N-12345-g...) has no
    // number, and what is built of a release's tag has an n before it.
    let release = version.drop { $0 == "n" }
    let isOld =
      release.first?.isNumber == true && numbers.count == 2
      && (numbers[0], numbers[1]) < (5, 1)
    everyFrame = isOld ? ["-vsync", "0"] : ["-fps_mode", "passthrough"]
  }

  /// Decodes the first video stream of a file, every frame once, turned as the file says.
  ///
  /// Colours are converted by swscale's bicubic, as `cv2.VideoCapture` does.
  ///
  /// - Parameter take: is handed the frames in the order of time.
  /// - Returns: its last complaint where it went on nevertheless; the frames may then be damaged.
  /// - Throws: `PortError` where the file cannot be read or decoded, has more frames than
  ///   ``ClipSource/mostFrames`` or takes longer than two minutes, and what `take` throws.
  func decode(
    _ path: String, take: (GrayFrame) throws(PortError) -> Void
  ) throws(PortError) -> String? {
    // Missing, a folder, a pipe: told by us, in our words.
    _ = try SharedBytes(path: path, mapFrom: 1)
    // A name cannot become an option, a protocol or a pattern.
    let file = "file:" + realPath(path)
    var arguments = [
      "-nostdin", "-hide_banner", "-loglevel", "error", "-max_alloc", "1073741824",
      "-protocol_whitelist", "file",
      "-format_whitelist", VideoDecoder.formats.joined(separator: ","),
      "-max_pixels", "\(GrayFrame.mostPixels)", "-i", file, "-map", "0:V:0",
    ]
    arguments += everyFrame
    arguments += [
      "-frames:v", "\(ClipSource.mostFrames + 1)", "-sws_flags", "bicubic", "-pix_fmt", "rgb24",
      "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
    ]
    var stream = PictureStream()
    let outcome = try program.run(arguments, seconds: VideoDecoder.seconds) {
      (bytes) throws(PortError) in
      try stream.add(bytes, take)
      guard stream.count <= ClipSource.mostFrames else {
        throw PortError(
          .limit, "has more than \(ClipSource.mostFrames) frames",
          remedy: "cut it to the few seconds of one clip")
      }
    }
    let complaint = VideoDecoder.sentence(outcome.errors, file)
    guard outcome.ending == .status(0), stream.isEmpty else {
      throw PortError(
        .malformed, "\(name) cannot decode it: \(complaint ?? outcome.ending.description)",
        remedy: "play it to see whether it is whole")
    }
    return complaint
  }

  /// The last line of what it printed, without our path and the address of whoever says it.
  private static func sentence(_ errors: String, _ file: String) -> String? {
    let lines = errors.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    guard var line = lines.last.map(String.init) else { return nil }
    if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
      line = String(line[line.index(after: end)...].drop(while: \.isWhitespace))
    }
    if line.hasPrefix(file + ": ") { line = String(line.dropFirst(file.count + 2)) }
    return printable(line, limit: 160)
  }
}

/// Pictures of netpbm that come one after another, in pieces of any length.
private struct PictureStream {
  private(set) var count = 0
  private var bytes: [UInt8] = []
  private var map: PortableMap?

  /// Whether no picture is unfinished.
  var isEmpty: Bool { bytes.isEmpty }

  mutating func add(
    _ more: ArraySlice<UInt8>, _ take: (GrayFrame) throws(PortError) -> Void
  ) throws(PortError) {
    bytes += more
    var start = 0
    while start < bytes.count {
      if map == nil { map = try PortableMap(header: bytes[start...]) }
      guard let found = map, bytes.count - start >= found.start + found.pixelBytes else { break }
      let pixels = start + found.start
      try take(try found.frame(bytes[pixels..<pixels + found.pixelBytes]))
      count += 1
      start = pixels + found.pixelBytes
      map = nil
    }
    bytes.removeFirst(start)
  }
}
