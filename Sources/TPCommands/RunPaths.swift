internal import TPBytes
internal import TPCheckpoints
internal import TPScanning

/// The checkpoints that files and folders on the command line stand for.
struct RunPaths {
  /// The files, each once.
  private(set) var files: [String] = []
  /// Files of folders that hold no weights: logs, texts, pictures.
  private(set) var passedOver: [String] = []
  /// Folders that could not be read, and why.
  private(set) var failures: [PortError] = []

  /// Endings that stand for weights, whatever lies in the file: one that is damaged is not passed over.
  private static let endings: Set<String> = [
    "pt", "pth", "ckpt", "bin", "pkl", "tar", "safetensors", "h5", "hdf5", "npz",
  ]

  /// A file that is named counts whatever it is; of folders, and those in them, what has such an ending
  /// or such a content. Hidden files and unfinished ones are passed over.
  init(_ paths: [String]) {
    var seen: Set<String> = []
    for path in paths {
      guard isFolder(path) else {
        if seen.insert(path).inserted { files.append(path) }
        continue
      }
      let walk = FolderWalk(path)
      failures += walk.failures
      for file in walk.files where seen.insert(file).inserted {
        if RunPaths.isCheckpoint(file) { files.append(file) } else { passedOver.append(file) }
      }
    }
  }

  private static func isCheckpoint(_ path: String) -> Bool {
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    if name.hasPrefix(".") { return false }
    let ending = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
    if let ending, endings.contains(ending) { return true }
    guard let file = try? SharedBytes(path: path, mapFrom: 1 << 16),
      let signature = try? FileSignature.sniff(file.bytes)
    else { return false }
    switch signature {
    // A text can look like an old pickle, an array is data, and a zip may be anything.
    case .textPickle, .npy, .npz, .tar, .shardIndex, .pickle: return false
    case .torchZip: return ending == nil
    case .torchLegacy, .safetensors, .hdf5: return true
    }
  }
}
