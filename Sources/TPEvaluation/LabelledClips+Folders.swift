internal import TPBytes

extension LabelledClips {
  /// Clips in folders that are called as the classes: FOLDER/CLASS/CLIP, where a clip is a folder of
  /// pictures, a video or a file with one clip. Classes and clips come in the order of the numbers in their
  /// names.
  init(
    folder path: String, _ names: Names, _ reader: ClipReader, _ classes: Classes,
    _ accepts: ([Int]) -> Bool
  ) throws(PortError) {
    guard names.clips == nil, names.labels == nil else {
      throw PortError(
        .usage, "is a folder of classes, in which nothing has the names of --clips and --labels",
        remedy: "leave them out")
    }
    let root = path.hasSuffix("/") ? path : path + "/"
    let limit = reader.limits.members
    let folders = try LabelledClips.visible(path, limit).filter { isFolder(root + $0) }
    guard !folders.isEmpty else {
      throw PortError(
        .mismatch, "holds no folders, and a folder of clips has one for each class",
        remedy: "put them into CLASS/CLIP, or list them in a manifest of lines PATH,LABEL")
    }
    var entries: [ClipEntry] = []
    var texts: [String] = []
    var passedOver: [String] = []
    for name in folders {
      for file in try LabelledClips.visible(root + name, limit - entries.count) {
        let clip = root + name + "/" + file
        if ClipSource.isPicture(file) {
          throw PortError(
            .mismatch, "lies in the folder of a class, and is one frame of a clip", file: clip,
            remedy: "give each clip a folder of its own: \(printable(name, limit: 40))/CLIP/*.png")
        }
        guard isFolder(clip) || clipEndings.contains(ClipSource.ending(file)) else {
          passedOver.append(clip)
          continue
        }
        texts.append(name)
        entries.append(ClipEntry(path: clip, clip: entries.count))
      }
    }
    guard !entries.isEmpty else {
      throw PortError(
        .mismatch, "holds no clips in its \(folders.count) folders",
        remedy: "put folders of pictures, videos or .npy files there")
    }
    labels = try classes.indexes(of: .texts(texts)) { printable(entries[$0].path) }
    warnings =
      passedOver.isEmpty
      ? []
      : [
        "\(passedOver.count) files are no clips and were passed over: "
          + passedOver.prefix(3).map { printable($0) }.joined(separator: ", ")
          + (passedOver.count > 3 ? ", ..." : "")
      ]
    (source, extents) = try LabelledClips.files(entries, reader, accepts)
  }

  /// The names in a folder that are not hidden.
  private static func visible(_ path: String, _ most: Int) throws(PortError) -> [String] {
    let names = try folderNames(path, most: max(0, most))
    guard names.count <= most else {
      throw PortError(
        .limit, "holds more files than a dataset may have", file: path,
        remedy: ReadLimits.Named.members.remedy)
    }
    return names.filter { !$0.hasPrefix(".") }.sorted(by: precedesNaturally)
  }
}

/// Endings of files that hold a clip.
private let clipEndings = ClipSource.videoEndings.union([
  "npy", "npz", "pt", "pth", "safetensors", "h5", "hdf5",
])
