public import TPBytes
internal import TPPickle
public import TPTensors
internal import TPZip

/// The files that PyTorch writes.
///
/// Nothing that a pickle names is imported or called. Tensors' bytes stay where they are until they
/// are asked for; their checksums are verified then.
public enum TorchFile {
  /// Reads a zip file of PyTorch 1.4 and later: a checkpoint, a TorchScript program, a torch.package
  /// or a program of torch.export.
  ///
  /// - Parameter file: begins with a zip file's signature, `50 4b 03 04`.
  /// - Throws: `PortError`, without the name of the file, for whatever is no such file, is damaged, or
  ///   asks for more than the limits allow.
  public static func read(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let archive = try ZipArchive(file, limits: limits)
    if isOldExport(archive) { return try readOldExport(archive, limits) }
    let records = try TorchRecords(archive)
    switch try records.kind() {
    case .checkpoint: return try readCheckpoint(records, limits)
    case .script: return try readScript(records, limits)
    case .oldScript: return try readOldScript(records, limits)
    case .package: return try readPackage(records, limits)
    case .export: return try readExport(records, limits)
    }
  }

  /// Reads a checkpoint that lies in a program; not a program in a program, which could be nested
  /// deeper than any stack.
  static func readInner(
    _ file: SharedBytes, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    let records = try TorchRecords(try ZipArchive(file, limits: limits))
    guard try records.kind() == .checkpoint else {
      throw PortError(.malformed, "is no checkpoint, and only one may lie in a program")
    }
    return try readCheckpoint(records, limits)
  }

  private static func readCheckpoint(
    _ records: TorchRecords, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    let version = try checkedVersion(records)
    let byteOrder = try byteOrder(records)
    let storages = ZipStorages(records, byteOrder: byteOrder)
    var allowance = records.allowance(limits)
    let contents = try contents("data.pkl", of: records, storages, &allowance)
    return Checkpoint(
      container: .torchZip, metadata: contents.tree, tensors: contents.records,
      arrays: contents.arrays, globals: contents.globals,
      facts: facts(records, version, byteOrder)
        + [(name: "pickle_protocol", value: String(contents.protocolNumber))]
        + advisoryFacts(records),
      verifyChecksums: checksums(of: records.archive))
  }

  static func facts(
    _ records: TorchRecords, _ version: String, _ byteOrder: Storage.ByteOrder
  ) -> [(name: String, value: String)] {
    [
      (name: "root", value: records.root), (name: "version", value: version),
      (name: "byteorder", value: byteOrder.rawValue),
    ]
  }

  static func checksums(of archive: ZipArchive) -> @Sendable () -> Checkpoint.Checksums {
    {
      let found = archive.verify()
      var checksums = Checkpoint.Checksums()
      checksums.verified = found.verified
      checksums.absent = found.absent
      checksums.mismatched = found.mismatched
      return checksums
    }
  }

  /// Versions 1 to 10 exist (caffe2/serialize/versions.h); PyTorch requires the record.
  static func checkedVersion(_ records: TorchRecords) throws(PortError) -> String {
    var written = try records.text("version")
    if written == nil { written = try records.text(".data/version") }
    guard let written else {
      throw PortError(
        .malformed, "the record version is missing", record: records.name(of: "version"),
        remedy: "the file is incomplete; fetch it again")
    }
    let digits = String(written.utf8.prefix { $0 != 0x0A && $0 != 0x0D }) ?? ""
    guard let number = Int(digits) else {
      throw PortError(
        .malformed, "the record version holds no number", record: records.name(of: "version"))
    }
    guard (1...10).contains(number) else {
      throw PortError(
        .unsupported, "the file is of version \(number), and 1 to 10 are known",
        record: records.name(of: "version"), remedy: "a newer torchport may read it")
    }
    return digits
  }

  /// Files from before PyTorch 2.1 do not say, and are little-endian.
  static func byteOrder(_ records: TorchRecords) throws(PortError) -> Storage.ByteOrder {
    guard let written = try records.text("byteorder") else { return .little }
    guard let order = Storage.ByteOrder(rawValue: written) else {
      throw PortError(
        .malformed, "the byte order is \(printable(written)), neither little nor big",
        record: records.name(of: "byteorder"))
    }
    return order
  }

  /// A pickle of the archive and the tensors that it names.
  ///
  /// - Parameter allowance: what all pickles of the archive share.
  static func contents(
    _ record: String, of records: TorchRecords, _ storages: any PersistentSource,
    _ allowance: inout PickleAllowance
  ) throws(PortError) -> Interpretation {
    let name = records.name(of: record)
    guard let member = records[record] else {
      throw PortError(
        .malformed, "the record \(printable(record)) is not in the file's top folder",
        record: name)
    }
    try allowance.take(member)
    let limits = allowance.limits(for: member)
    let region = try records.archive.bytes(of: member)
    do throws(PortError) {
      let pickle = try PickleMachine.run(region.bytes, limits: limits)
      guard pickle.range.upperBound == region.count else {
        throw PortError(
          .malformed,
          "\(region.count - pickle.range.upperBound) bytes follow the end of the pickle",
          offset: pickle.range.upperBound, remedy: "PyTorch writes none; do not trust this file")
      }
      allowance.take(pickle)
      return try Interpretation(pickle, source: region, storages: storages, limits: limits)
    } catch {
      throw error.at(record: name)
    }
  }

  /// Records that inform and decide nothing; one that is damaged shows in the checksums.
  private static func advisoryFacts(_ records: TorchRecords) -> [(name: String, value: String)] {
    let names = [
      ("format_version", ".format_version"), ("storage_alignment", ".storage_alignment"),
      ("serialization_id", ".data/serialization_id"),
    ]
    return names.compactMap { name, record in
      let text = try? records.text(record)
      return text.map { (name: name, value: $0) }
    }
  }
}
