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
    try refuseForeign()
    if let other = archive.members.first(where: { folder($0.name) != root }) {
      throw PortError(
        .malformed,
        "the archive has two top folders, \(printable(root)) and \(printable(folder(other.name)))",
        record: other.name,
        remedy: "readers differ in which one they take; pack it again with one of them")
    }
    try refuseOtherCases()
    try refuseOtherKinds()
  }

  /// The name in the archive of a record.
  func name(of record: String) -> String { root + "/" + record }

  /// A record, where there is one.
  subscript(record: String) -> ZipMember? { archive[name(of: record)] }

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

  private func refuseForeign() throws(PortError) {
    let members = archive.members
    guard !members.contains(where: { $0.name.hasSuffix("/data.pkl") }) else { return }
    try refuseOtherKinds()
    if members.contains(where: { $0.name.hasSuffix(".npy") }) {
      throw PortError(.unsupported, "is a zip file of NumPy arrays (npz), not a checkpoint")
    }
    throw PortError(
      .malformed, "is a zip file without a record data.pkl, so it is no PyTorch checkpoint",
      remedy: "if a checkpoint was packed into it, unpack it first")
  }

  /// PyTorch finds records without regard to case, other readers do not.
  private func refuseOtherCases() throws(PortError) {
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

  private func refuseOtherKinds() throws(PortError) {
    let has = { (record: String) in self[record] != nil }
    let kind: (name: String, remedy: String)?
    if has("constants.pkl") || has("model.json") {
      kind = ("a TorchScript program", "save model.state_dict() with torch.save")
    } else if has(".data/extern_modules") {
      kind = ("a torch.package", "load it with PyTorch and save its state_dict")
    } else if has("archive_format") || has("models/model.json") {
      kind = ("a program of torch.export (.pt2)", "save its state_dict with torch.save")
    } else {
      kind = nil
    }
    if let kind {
      throw PortError(
        .unsupported, "is \(kind.name), which is not read yet", remedy: kind.remedy)
    }
  }
}

/// What stands before the first slash.
private func folder(_ name: String) -> String {
  String(name.prefix { $0 != "/" })
}
