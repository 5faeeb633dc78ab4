internal import TPBytes

/// A clip with a path of its own: a line of a manifest, or what lies in the folder of a class.
struct ClipEntry: Hashable, Sendable {
  /// Its file or folder, from the folder in which the command runs.
  var path: String
  /// The number of the clip, from 0.
  var clip: Int
  /// The number of the line, from 1; `nil` where there is no manifest.
  var line: Int?

  /// The clip, which must be a single one.
  func clip(
    _ reader: ClipReader, accepting accepts: ([Int]) -> Bool = { _ in false }
  ) throws(PortError) -> Clip {
    do throws(PortError) {
      let clip = try reader.clip(ClipSource(path: path), accepting: accepts)
      guard clip.count == 1 else {
        throw PortError(
          .mismatch,
          "holds \(clip.count) clips, and \(line == nil ? "its folder" : "the manifest") gives it one"
            + " label", file: path,
          remedy: line == nil
            ? "give each clip a file of its own" : "give each clip a file and a line of its own")
      }
      return clip
    } catch {
      let place = line.map { ", line \($0) of the manifest" } ?? ""
      throw error.preceded(by: "clip \(clip)\(place): ")
    }
  }
}

extension LabelledClips {
  /// The most bytes of a manifest.
  private static let mostManifestBytes = 64 << 20

  /// Clips in files of their own, which a manifest lists with their labels.
  init(
    manifest path: String, _ names: Names, _ reader: ClipReader, _ classes: Classes,
    _ accepts: ([Int]) -> Bool
  ) throws(PortError) {
    let file = try SharedBytes(path: path)
    guard file.count <= LabelledClips.mostManifestBytes else {
      throw PortError(
        .limit,
        "a manifest has at most \(LabelledClips.mostManifestBytes) bytes, this \(file.count)",
        remedy: "split it")
    }
    let rows = try CommaSeparatedRows(file.region.array(), most: reader.limits.members).rows
    let columns = try ManifestColumns(rows.first, names)
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    var entries: [ClipEntry] = []
    var texts: [String] = []
    for row in columns.hasHeader ? rows.dropFirst() : rows[...] {
      guard row.fields.count == columns.count else {
        throw PortError(
          .malformed,
          "line \(row.line): has \(row.fields.count) fields where \(columns.count) are needed",
          remedy: "put fields with commas in quotes")
      }
      let name = row.fields[columns.path]
      guard !name.isEmpty else {
        throw PortError(
          .malformed, "line \(row.line): names no file", remedy: "give the path of a clip")
      }
      texts.append(row.fields[columns.label])
      entries.append(
        ClipEntry(
          path: name.utf8.first == UInt8(ascii: "/") ? name : folder + name, clip: entries.count,
          line: row.line))
    }
    guard !entries.isEmpty else {
      throw PortError(
        .mismatch, "lists no clips", remedy: "give a line PATH,LABEL for each clip")
    }
    labels = try classes.indexes(of: .texts(texts)) { "line \(entries[$0].line ?? 0)" }
    warnings = []
    (source, extents) = try LabelledClips.files(entries, reader, accepts)
  }

  /// Clips with paths of their own, and the extents that the first one has.
  static func files(
    _ entries: [ClipEntry], _ reader: ClipReader, _ accepts: ([Int]) -> Bool
  ) throws(PortError) -> (Source, extents: [Int]) {
    var reader = reader
    let counts = LabelledClips.counts(entries)
    if counts.videos > 0 {
      do throws(PortError) {
        reader.decoder = try VideoDecoder()
      } catch {
        throw error.in(file: counts.firstVideo ?? "")
      }
    }
    let extents = try entries[0].clip(reader, accepting: accepts).extents
    return (.files(entries, reader.taking(extents)), extents)
  }

  /// How many clips are of which kind.
  static func counts(
    _ entries: [ClipEntry]
  ) -> (frames: Int, videos: Int, tensors: Int, firstVideo: String?) {
    var (frames, videos, tensors) = (0, 0, 0)
    var firstVideo: String?
    for entry in entries {
      let ending = ClipSource.ending(entry.path)
      if ClipSource.pictureEndings.contains(ending) || isFolder(entry.path) {
        frames += 1
      } else if ClipSource.videoEndings.contains(ending) {
        videos += 1
        firstVideo = firstVideo ?? entry.path
      } else {
        tensors += 1
      }
    }
    return (frames, videos, tensors, firstVideo)
  }
}

/// Which columns of a manifest are which.
private struct ManifestColumns {
  var path = 0
  var label = 1
  var count = 2
  var hasHeader = false

  /// From the first record: a header where it has the names of both columns, else data.
  init(_ first: CommaSeparatedRows.Row?, _ names: LabelledClips.Names) throws(PortError) {
    guard let first else { return }
    let fields = first.fields.map { $0.lowercased() }
    let wanted = (names.clips ?? "path", names.labels ?? "label")
    let places = [wanted.0, wanted.1].map { name in
      first.fields.indices.filter { first.fields[$0] == name || fields[$0] == name }
    }
    if let path = places[0].first, let label = places[1].first, path != label {
      guard places.allSatisfy({ $0.count == 1 }) else {
        throw PortError(
          .malformed, "line \(first.line): two columns have the same name",
          remedy: "name one column \(wanted.0) and one \(wanted.1)")
      }
      (self.path, self.label, count, hasHeader) = (path, label, fields.count, true)
      return
    }
    guard names.clips == nil, names.labels == nil, first.fields.count == 2 else {
      throw PortError(
        .malformed,
        "line \(first.line): is neither a header with the columns \(printable(wanted.0, limit: 40))"
          + " and \(printable(wanted.1, limit: 40)) nor a path and a label",
        remedy: "begin with the line path,label, or name the columns with --clips and --labels")
    }
  }
}
