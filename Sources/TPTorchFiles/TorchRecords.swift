internal import TPBytes
internal import TPZip

/// The records of a zip checkpoint: members `ROOT/NAME` of an archive, where ROOT is whatever the
/// file was called when it was saved (caffe2/serialize/inline_container.cc).
struct TorchRecords: Sendable {
  let archive: ZipArchive
  /// The folder that holds every record.
  let root: String

  /// Finds the root and refuses what only looks like a checkpoint.
  init(_ archive: ZipArchive) throws(PortError) {
    self.archive = archive
    root = archive.members.first.map { folder($0.name) } ?? ""
    // An archive of another program is not told about the folders of ours.
    guard archive.members.contains(where: { isOurs($0.name) }) else { throw foreign }
    let prefix = root + "/"
    if let other = archive.members.first(where: {
      !$0.name.utf8.starts(with: prefix.utf8) && folder($0.name) != root
    }) {
      throw PortError(
        .malformed,
        "the archive has two top folders, \(printable(root)) and \(printable(folder(other.name)))",
        record: other.name,
        remedy: "readers differ in which one they take; pack it again with one of them")
    }
    try refuseOtherCases()
  }

  /// The name in the archive of a record.
  func name(of record: String) -> String { root + "/" + record }

  /// A record, where there is one.
  subscript(record: String) -> ZipMember? { archive[name(of: record)] }

  /// What the archive's pickles may cost together.
  func allowance(_ limits: ReadLimits) -> PickleAllowance {
    PickleAllowance(archiveBytes: archive.file.count, limits: limits)
  }

  /// A short record as text; `nil` where there is none.
  func text(_ record: String) throws(PortError) -> String? {
    guard let member = self[record] else { return nil }
    guard member.byteCount <= 256 else {
      throw PortError(
        .malformed, "a line of text is expected, and there are \(member.byteCount) bytes",
        record: member.name)
    }
    let bytes = try archive.bytes(of: member).array()
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PortError(.malformed, "a line of text is expected", record: member.name)
    }
    return text
  }

  /// What kind of archive it is.
  ///
  /// - Throws: `PortError` for the archive of another program, and for kinds that are not read.
  func kind() throws(PortError) -> Kind {
    let has = { (record: String) in self[record] != nil }
    if has("model.json") { return .oldScript }
    if has("constants.pkl") { return .script }
    if has(".data/extern_modules") { return .package }
    if has("archive_format") || has("models/model.json")
      || archive.members.contains(where: { $0.name.hasPrefix(name(of: "data/weights/")) })
    {
      return .export
    }
    if has("data.pkl") { return .checkpoint }
    throw foreign
  }

  /// The kinds of archives that PyTorch writes.
  enum Kind { case checkpoint, script, oldScript, package, export }

  private var foreign: PortError {
    let members = archive.members
    if members.contains(where: { $0.name == "config.json" })
      && members.contains(where: { $0.name == "model.weights.h5" })
    {
      return PortError(
        .unsupported, "is a Keras model, not a checkpoint with a record data.pkl",
        remedy: "unpack it and give model.weights.h5")
    }
    if members.contains(where: { $0.name.hasSuffix(".npy") }) {
      return PortError(.unsupported, "is a zip file of NumPy arrays (npz), not a checkpoint")
    }
    if members.contains(where: { $0.name == "[Content_Types].xml" }) {
      return PortError(
        .unsupported, "is an office document, not a checkpoint with a record data.pkl",
        remedy: "check the path")
    }
    if let member = members.first(where: { $0.name.hasSuffix("/data.pkl") }) {
      return PortError(
        .malformed, "the record data.pkl is not in the file's top folder", record: member.name,
        remedy: "if a checkpoint was packed into an archive, unpack it first")
    }
    return PortError(
      .malformed, "is a zip file without a record data.pkl, so it is no PyTorch checkpoint",
      remedy: "if a checkpoint was packed into it, unpack it first")
  }

  /// PyTorch finds records without regard to case, other readers do not.
  private func refuseOtherCases() throws(PortError) {
    // No two names are the same, so two that are small letters throughout are not either.
    let isSmall = { (name: String) in !name.utf8.contains { (0x41...0x5A).contains($0) } }
    if archive.members.allSatisfy({ isSmall($0.name) }) { return }
    var seen: Set<[UInt8]> = []
    for member in archive.members {
      let folded = member.name.utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }
      guard seen.insert(folded).inserted else {
        throw PortError(
          .malformed, "two records have names that differ only in case", record: member.name,
          remedy: "readers differ in which one they take; do not trust this file")
      }
    }
  }
}

/// What stands before the first slash.
private func folder(_ name: String) -> String {
  String(name.prefix { $0 != "/" })
}

/// Whether a member's name is one of those by which an archive of PyTorch is known.
private func isOurs(_ name: String) -> Bool {
  let record = name.drop { $0 != "/" }.dropFirst()
  return ["data.pkl", "model.json", "archive_format", "version", ".data/extern_modules"].contains(
    String(record)) || name == "model.json"
}
