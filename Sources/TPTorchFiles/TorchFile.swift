public import TPBytes
internal import TPPickle
public import TPTensors
internal import TPZip

/// The files that `torch.save` writes.
public enum TorchFile {
  /// Reads a zip checkpoint (PyTorch 1.4 and later): every tensor and everything around them.
  ///
  /// Nothing in the pickle is imported or called. Tensors' bytes stay where they are until they are
  /// asked for; their checksums are verified then.
  /// - Parameter file: begins with a zip file's signature, `50 4b 03 04`.
  /// - Throws: `PortError`, without the name of the file, for whatever is not such a checkpoint, is
  ///   damaged, or asks for more than the limits allow.
  public static func read(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let records = try TorchRecords(try ZipArchive(file, limits: limits))
    let version = try checkedVersion(records)
    let byteOrder = try byteOrder(records)
    let pickle = try mainPickle(records, limits)
    let storages = ZipStorages(records, byteOrder: byteOrder)
    let contents: Interpretation
    do throws(PortError) {
      contents = try Interpretation(pickle, storages: storages, limits: limits)
    } catch {
      throw error.at(record: records.name(of: "data.pkl"))
    }
    var facts = [(name: "root", value: records.root), (name: "version", value: version)]
    facts.append((name: "byteorder", value: byteOrder.rawValue))
    facts.append((name: "pickle_protocol", value: String(pickle.protocolNumber)))
    facts += advisoryFacts(records)
    let archive = records.archive
    return Checkpoint(
      container: .torchZip, metadata: contents.tree, tensors: contents.records,
      globals: pickle.arena.globals.map {
        Checkpoint.Global(module: $0.module, name: $0.name, count: $0.count)
      },
      facts: facts,
      verifyChecksums: {
        let found = archive.verify()
        var checksums = Checkpoint.Checksums()
        checksums.verified = found.verified
        checksums.absent = found.absent
        checksums.mismatched = found.mismatched
        return checksums
      })
  }

  /// Versions 1 to 10 exist (caffe2/serialize/versions.h); PyTorch requires the record.
  private static func checkedVersion(_ records: TorchRecords) throws(PortError) -> String {
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
  private static func byteOrder(_ records: TorchRecords) throws(PortError) -> Storage.ByteOrder {
    guard let written = try records.text("byteorder") else { return .little }
    guard let order = Storage.ByteOrder(rawValue: written) else {
      throw PortError(
        .malformed, "the byte order is \(printable(written)), neither little nor big",
        record: records.name(of: "byteorder"))
    }
    return order
  }

  private static func mainPickle(
    _ records: TorchRecords, _ limits: ReadLimits
  ) throws(PortError) -> Pickle {
    let name = records.name(of: "data.pkl")
    guard let member = records["data.pkl"] else {
      throw PortError(
        .malformed, "the record data.pkl is not in the file's top folder", record: name)
    }
    guard member.byteCount <= limits.pickleBytes else {
      throw PortError(
        .limit, "the pickle has \(member.byteCount) bytes, more than \(limits.pickleBytes)",
        record: name)
    }
    let region = try records.archive.bytes(of: member)
    let pickle: Pickle
    do throws(PortError) {
      pickle = try PickleMachine.run(region.bytes, limits: limits)
    } catch {
      throw error.at(record: name)
    }
    guard pickle.range.upperBound == region.count else {
      throw PortError(
        .malformed, "\(region.count - pickle.range.upperBound) bytes follow the end of the pickle",
        offset: pickle.range.upperBound, record: name,
        remedy: "PyTorch writes none; do not trust this file")
    }
    return pickle
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
