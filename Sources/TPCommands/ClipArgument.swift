internal import TPBytes
internal import TPEvaluation
internal import TPReports

/// The clip that paths on a command line stand for: one file or folder, a pattern, or the frames that a
/// shell made of a pattern.
struct ClipArgument {
  /// What to read.
  let source: ClipSource
  /// How a report names it.
  let name: String

  /// - Throws: `PortError` where a pattern fits no picture, or several paths are not frames of one clip.
  init(_ paths: [String]) throws(PortError) {
    guard paths.count == 1, let path = paths.first else {
      let folder = ClipArgument.folder(paths.first ?? "")
      source = try ClipSource.pictures(paths, of: folder.isEmpty ? "the frames" : folder)
      name = source.path
      return
    }
    name = path
    if !fileExists(path), path.contains(where: { "*?[".contains($0) }) {
      source = try ClipArgument.matches(path)
    } else {
      source = try ClipSource(path: path)
    }
  }

  /// The pictures whose names fit a pattern in its last component.
  private static func matches(_ pattern: String) throws(PortError) -> ClipSource {
    let folder = self.folder(pattern)
    let glob = Glob(String(pattern.dropFirst(folder.count)))
    let names = try folderNames(folder.isEmpty ? "." : folder, most: 1_000_000)
    // As in a shell, a hidden file is not meant.
    let found = names.filter { !$0.hasPrefix(".") && glob.matches($0) }
    guard !found.isEmpty else {
      throw PortError(
        .notFound, "no file fits this pattern", file: pattern,
        remedy: "only the last part of a path may have one")
    }
    return try ClipSource.pictures(found.map { folder + $0 }, of: pattern)
  }

  /// A path up to its last slash.
  private static func folder(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }
}
