public import TPBytes

/// What a path with a clip stands for.
public enum ClipSource: Hashable, Sendable {
  /// A file of tensors.
  case tensors(String)
  /// Files of pictures in the order of time, and the path or pattern that they were found by.
  case frames([String], of: String)
  /// A video.
  case video(String)

  /// Endings of pictures that are read here.
  static let pictureEndings: Set<String> = ["png", "pgm", "ppm", "pnm"]
  /// Endings of files that `ffmpeg` is asked to decode.
  static let videoEndings: Set<String> = [
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts", "3gp", "ogv",
    "wmv", "flv", "gif", "y4m",
  ]
  /// The most frames of a recording: five minutes of 30 in a second.
  public static let mostFrames = 9_000
  /// The most files of a folder of frames, those that are no pictures counted.
  private static let mostFiles = 2 * mostFrames

  /// Looks at what lies at a path: a folder is one of pictures, a file what its ending says.
  ///
  /// - Throws: `PortError` that names the folder where there are no pictures in it, or too many.
  public init(path: String) throws(PortError) {
    if isFolder(path) {
      let names = try folderNames(path, most: ClipSource.mostFiles)
      // Of a folder that was not listed whole, frames would be missing without a word.
      guard names.count <= ClipSource.mostFiles else {
        throw PortError(
          .limit, "holds more than \(ClipSource.mostFiles) files", file: path,
          remedy: "give a folder with the frames of one clip alone")
      }
      let folder = path.hasSuffix("/") ? path : path + "/"
      let pictures = names.filter { !$0.hasPrefix(".") && ClipSource.isPicture($0) }
      guard !pictures.isEmpty else {
        throw PortError(
          .mismatch, "holds no pictures that end in .png, .pgm or .ppm", file: path,
          remedy: "give a folder with the frames of one clip"
            + (names.contains(where: ClipSource.isOtherPicture) ? "; make them PNG" : ""))
      }
      self = try ClipSource.pictures(pictures.map { folder + $0 }, of: path)
    } else {
      let ending = ClipSource.ending(path)
      if ClipSource.pictureEndings.contains(ending) {
        self = .frames([path], of: path)
      } else if ClipSource.videoEndings.contains(ending) {
        self = .video(path)
      } else if ClipSource.isOtherPicture(path) {
        throw PortError(
          .unsupported, "is a picture of a kind that is not read", file: path,
          remedy: "save the frames as PNG or PGM")
      } else {
        self = .tensors(path)
      }
    }
  }

  /// Files of pictures as one recording, in the order of the numbers in their names.
  ///
  /// - Parameters:
  ///   - paths: the files, in any order.
  ///   - name: what they are called in errors: a folder, or a pattern.
  /// - Throws: `PortError` of kind `limit` for too many, `mismatch` where there are none, they are of
  ///   several kinds or one is no picture.
  public static func pictures(_ paths: [String], of name: String) throws(PortError) -> ClipSource {
    guard paths.count <= mostFrames else {
      throw PortError(
        .limit, "has more than \(mostFrames) frames", file: name,
        remedy: "give the frames of one clip")
    }
    if let other = paths.first(where: { !isPicture($0) }) {
      throw PortError(
        .mismatch, "is no picture, and several files must be the frames of one clip", file: other,
        remedy: "give PNG, PGM or PPM files, or one clip at a time")
    }
    guard !paths.isEmpty else {
      throw PortError(
        .mismatch, "has no frames", file: name, remedy: "give at least one picture")
    }
    let kinds = Set(paths.map(ending)).sorted()
    guard kinds.count == 1 else {
      throw PortError(
        .mismatch,
        "holds pictures of several kinds: " + kinds.map { "." + $0 }.joined(separator: ", "),
        file: name, remedy: "say which with a pattern, such as '*.\(kinds.first ?? "png")'")
    }
    return .frames(paths.sorted(by: precedesNaturally), of: name)
  }

  /// Whether a name is that of a picture which is read here.
  static func isPicture(_ path: String) -> Bool { pictureEndings.contains(ending(path)) }

  private static func isOtherPicture(_ path: String) -> Bool {
    ["jpg", "jpeg", "bmp", "tif", "tiff", "webp"].contains(ending(path))
  }

  /// What follows the last dot of a name, in lower case; empty where there is none.
  static func ending(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  /// The path or pattern.
  public var path: String {
    switch self {
    case .tensors(let path), .video(let path), .frames(_, let path): path
    }
  }
}
