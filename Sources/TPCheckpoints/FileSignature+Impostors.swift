internal import TPBytes

extension FileStart {
  /// What a file is that none of our readers takes, as the error to be thrown.
  var impostor: PortError {
    if bytes.byteCount == 0 {
      return PortError(
        .truncated, "is empty", remedy: "copy or download the file again")
    }
    return archive ?? preview ?? otherModel ?? text ?? partOfArchive ?? textDamage ?? unknown
  }

  private func unsupported(_ message: String, _ remedy: String) -> PortError {
    PortError(.unsupported, message, remedy: remedy)
  }

  /// Archives and compressed files around a checkpoint.
  private var archive: PortError? {
    let packed: [(signature: [UInt8], name: String, tool: String)] = [
      ([0x1F, 0x8B], "gzip", "gunzip"),
      (Array("BZh".utf8), "bzip2", "bunzip2"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz", "unxz"),
      ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard", "unzstd"),
      ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "7z", "7z x"),
      (Array("Rar!".utf8), "RAR", "unrar x"),
    ]
    for entry in packed where begins(entry.signature) {
      return unsupported(
        "is compressed with \(entry.name)", "unpack it with \(entry.tool) and give what it holds")
    }
    if begins([0x50, 0x4B, 0x07, 0x08]) {
      return unsupported(
        "is the first part of a split zip archive, or what follows the mark of one",
        "join the parts with zip -s 0 and give the result")
    }
    return nil
  }

  /// A zip archive's end without its beginning.
  private var partOfArchive: PortError? {
    let end = bytes.byteCount - 22
    guard has([0x50, 0x4B, 0x05, 0x06], at: end) else { return nil }
    let disk = Int(byte(end + 4) ?? 0) | Int(byte(end + 5) ?? 0) << 8
    // 65,535 says that the number stands elsewhere.
    if disk > 0, disk < 0xFFFF {
      return unsupported(
        "is the last of \(disk + 1) parts of a split zip archive",
        "join the parts with zip -s 0 and give the result")
    }
    return unsupported(
      "is a zip archive with something in front of it, which PyTorch does not read",
      "unpack it with its own program or unzip, and give what it holds")
  }

  /// What previews of PyTorch wrote.
  private var preview: PortError? {
    guard begins("PYTORCH1") else { return nil }
    return unsupported(
      "is of a format that only previews of PyTorch 1.0 wrote",
      "load it with PyTorch and save it again with torch.save")
  }

  /// Models of other frameworks, and files that are plainly something else.
  private var otherModel: PortError? {
    if begins("GGUF") {
      return unsupported("is a GGUF model", "give the PyTorch checkpoint that it was made from")
    }
    if has(Array("TFL3".utf8), at: 4) {
      return unsupported(
        "is a TensorFlow Lite model", "give the PyTorch checkpoint that it was made from")
    }
    if let tensors = torchSharpTensors {
      return unsupported(
        "is a state of \(tensors) tensor\(tensors == 1 ? "" : "s") that TorchSharp saved",
        "save it from there in PyTorch's format, with save_py of TorchSharp.PyBridge")
    }
    if looksLikeONNX {
      return unsupported("is an ONNX model", "give the PyTorch checkpoint that it was made from")
    }
    let others: [(signature: [UInt8], name: String)] = [
      (Array("MATLAB 5.0 MAT-file".utf8), "a MATLAB file older than version 7.3"),
      ([0x89, 0x50, 0x4E, 0x47], "a PNG image"),
      ([0xFF, 0xD8, 0xFF], "a JPEG image"),
      (Array("%PDF".utf8), "a PDF document"),
      ([0x7F, 0x45, 0x4C, 0x46], "a program or library (ELF)"),
      ([0xCA, 0xFE, 0xBA, 0xBE], "a program or library (Mach-O)"),
    ]
    for other in others where begins(other.signature) {
      return unsupported("is \(other.name), not a file of tensors", "check the path")
    }
    if has(Array("ftyp".utf8), at: 4) {
      return unsupported("is a video (MP4), not a file of tensors", "check the path")
    }
    return nil
  }

  /// ONNX is a protobuf message: field 1 is the version of its format, field 2 who wrote it.
  private var looksLikeONNX: Bool {
    guard byte(0) == 0x08, let version = byte(1), (1...32).contains(version), byte(2) == 0x12,
      let length = byte(3), (1...64).contains(length), 4 + Int(length) <= bytes.byteCount
    else { return false }
    return (0..<Int(length)).allSatisfy { (0x20...0x7E).contains(byte(4 + $0) ?? 0) }
  }

  /// Texts that stand where a file should be.
  private var text: PortError? {
    let head = prefix(4096)
    if begins("version https://git-lfs") {
      // Git may have given the lines carriage returns, each one character with its line feed.
      let lines = String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline)
      let size = lines.first { $0.hasPrefix("size ") }.flatMap { Int($0.dropFirst(5)) }
      let real = size.map { " of a file of \($0) bytes" } ?? ""
      return unsupported(
        "is a Git LFS pointer\(real), not the file itself", "run git lfs pull in its repository")
    }
    guard !head.contains(where: { $0 < 0x20 && ![0x09, 0x0A, 0x0C, 0x0D].contains($0) }) else {
      return nil
    }
    // A character may be cut at the end of what we look at; repairing shows up only there.
    let words = String(decoding: head, as: UTF8.self)
    guard !words.dropLast().unicodeScalars.contains("\u{FFFD}") else { return nil }
    let lowered = words.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.prefix(100).lowercased()
    if lowered.hasPrefix("<!doctype html") || lowered.hasPrefix("<html") {
      return unsupported(
        "is a web page (HTML)",
        "download the file again: a login or error page was saved in its place")
    }
    return unsupported("is text, not a file of tensors", "check the path, or download it again")
  }

  private var unknown: PortError {
    let bytes = prefix(8).map { hexadecimal([$0]) }.joined(separator: " ")
    return unsupported(
      "is of no format that can be read here: it begins with the bytes \(bytes)",
      "give a PyTorch checkpoint, safetensors, HDF5, .npy or .npz")
  }
}
