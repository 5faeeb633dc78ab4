public import TPBytes
internal import TPPickle
public import TPTensors
internal import TPZip

/// What is left of the tensors of a damaged file.
public struct Recovery: Sendable {
  /// How sure the bytes of a tensor are.
  public enum State: Hashable, Sendable {
    /// A checksum of the file proves them.
    case intact
    /// They are there, and nothing proves them; why not.
    case unverified(String)
    /// They are not there, or a checksum contradicts them; the reason.
    case lost(String)

    /// Whether its bytes are not to be had.
    public var isLost: Bool { if case .lost = self { true } else { false } }
  }

  /// A tensor that the file speaks of.
  public struct Entry: Sendable {
    /// Its path and what the pickle says of it; the bytes of one that is lost cannot be had.
    public let record: TensorRecord
    /// How sure its bytes are.
    public let state: State
    /// Whether the file still tells its type and shape; where it does not, those of the record mean
    /// nothing.
    public var isDescribed = true
  }

  /// How the file is built.
  public let container: Checkpoint.Container
  /// Every tensor, in the order of the file.
  public let entries: [Entry]
  /// How many bytes of storages are not in the file.
  public let missingBytes: Int
}

extension TorchFile {
  /// Finds what can be proven to be left in a zip checkpoint whose directory is lost or wrong, or
  /// whose records are damaged.
  ///
  /// No byte is made up: a tensor whose record is cut, missing or contradicted by a checksum is lost.
  /// - Throws: `PortError`, without the name of the file, where no tensor can even be named: the
  ///   record data.pkl is lost or damaged.
  public static func recoverZip(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Recovery {
    let salvage = try ZipSalvage(file, limits: limits)
    let main = try mainRecord(salvage)
    let name = main.name
    let (region, doubt) = try mainBytes(main)
    let contents: Interpretation
    let storages: SalvagedStorages
    do throws(PortError) {
      let most = limits.pickleBytes(deflatedTo: file.count)
      guard region.count <= most else {
        throw PortError(.limit, "the pickle has \(region.count) bytes, more than \(most)")
      }
      let pickle = try PickleMachine.run(region.bytes, limits: limits)
      storages = SalvagedStorages(salvage, root: String(name.dropLast("data.pkl".count)))
      contents = try Interpretation(
        pickle, source: region, storages: storages, limits: limits)
    } catch {
      throw error.at(record: name)
    }
    let unsure = doubt ?? storages.byteOrderDoubt
    return Recovery(
      container: .torchZip,
      entries: contents.records.map { storages.entry($0, doubt: unsure) },
      missingBytes: storages.missingBytes)
  }

  /// The pickle, and why it is not proven.
  private static func mainBytes(
    _ main: ZipSalvage.Record
  ) throws(PortError) -> (region: ByteRegion, doubt: String?) {
    switch main.state {
    case .intact(let bytes): return (bytes, nil)
    case .unverified(let bytes): return (bytes, "the record data.pkl has no checksum")
    case .open(let bytes): return (bytes, "the record data.pkl is not ended by a checksum")
    case .lost(let reason):
      throw PortError(
        .checksum, "the record data.pkl is damaged, and no tensor has a name without it: \(reason)",
        offset: main.headerOffset, record: main.name, remedy: "fetch the file again")
    }
  }

  /// Finds the tensors of a legacy stream that are there to their last byte; the format has no
  /// checksum that could prove them.
  ///
  /// - Throws: `PortError`, without the name of the file, where the stream ends before its storages.
  public static func recoverLegacy(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Recovery {
    let stream = try LegacyStream(file.region, limits: limits)
    let contents = try Interpretation(
      stream.pickle, source: file.region, storages: stream.storages, limits: limits)
    let unsure = Recovery.State.unverified("files of this format have no checksums")
    let entries = contents.records.map { record in
      let isThere =
        record.tensor.shape.elementCount == 0
        || stream.storages.isComplete(record.tensor) && (try? record.tensor.storage.bytes()) != nil
      if isThere { return Recovery.Entry(record: record, state: unsure) }
      // A storage that is cut may hold a view whole.
      if let beginning = stream.storages.beginning(of: record.tensor),
        let shorter = try? record.tensor.shortened(to: beginning)
      {
        return Recovery.Entry(
          record: TensorRecord(path: record.path, tensor: shorter), state: unsure)
      }
      return Recovery.Entry(record: record, state: .lost("the file ends before its last byte"))
    }
    return Recovery(
      container: .torchLegacy, entries: entries, missingBytes: stream.storages.missingBytes)
  }

  private static func mainRecord(_ salvage: ZipSalvage) throws(PortError) -> ZipSalvage.Record {
    let named = salvage.records.filter { $0.name.hasSuffix("/data.pkl") }
    guard let first = named.first else {
      throw PortError(
        .malformed,
        "the record data.pkl is not among the \(salvage.records.count) that are left, and no tensor"
          + " has a name without it", remedy: "fetch the file again")
    }
    guard named.count == 1 else {
      throw PortError(
        .malformed,
        "there are \(named.count) records data.pkl, and nobody can say which one counts",
        offset: named[1].headerOffset, record: named[1].name)
    }
    return first
  }
}
