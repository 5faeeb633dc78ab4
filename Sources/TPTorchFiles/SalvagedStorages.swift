internal import TPBytes
internal import TPPickle
internal import TPTensors
internal import TPZip

/// The storages of a damaged zip checkpoint. One that is lost is a storage nevertheless, whose bytes
/// cannot be had: the tensors that lie elsewhere must not suffer.
final class SalvagedStorages: PersistentSource {
  private struct Salvaged {
    let storage: Storage
    let state: Recovery.State
    /// The first bytes of a storage that is cut.
    let beginning: ByteRegion?
    /// How many of its bytes are not in the file; 0 for a damaged record that is there in full.
    var missingBytes = 0
  }

  /// Why numbers of more than a byte are not proven, where the record that tells their order is lost.
  let byteOrderDoubt: String?
  private let records: [String: ZipSalvage.Record]
  private let root: String
  private let byteOrder: Storage.ByteOrder
  private var known: [String: Salvaged] = [:]
  private var states: [ObjectIdentifier: Salvaged] = [:]

  /// - Parameter root: the folder of the records, with its slash.
  init(_ salvage: ZipSalvage, root: String) {
    var records: [String: ZipSalvage.Record] = [:]
    for record in salvage.records { records[record.name] = record }
    self.records = records
    self.root = root
    // Files from before PyTorch 2.1 have no such record and are little-endian.
    switch records[root + "byteorder"]?.state {
    case .intact(let text)?, .unverified(let text)?:
      let order = Storage.ByteOrder(rawValue: String(decoding: text.array(), as: UTF8.self))
      byteOrder = order ?? .little
      byteOrderDoubt = order == nil ? "the record byteorder says neither little nor big" : nil
    case .open?, .lost?:
      byteOrder = .little
      byteOrderDoubt = "the record byteorder is damaged; little-endian is assumed"
    case nil:
      byteOrder = .little
      byteOrderDoubt = nil
    }
  }

  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue {
    let parsed = try StorageID(id, in: arena)
    let salvaged = known[parsed.key] ?? salvage(parsed)
    guard parsed.byteCount == salvaged.storage.byteCount else {
      throw PortError(
        .malformed, "the storage is said to have two sizes", offset: arena.offset(of: id),
        record: root + "data/" + parsed.key)
    }
    known[parsed.key] = salvaged
    states[ObjectIdentifier(salvaged.storage)] = salvaged
    return .storage(parsed.typed(salvaged.storage))
  }

  private func salvage(_ id: StorageID) -> Salvaged {
    let count = id.byteCount
    func lost(
      _ reason: String, _ beginning: ByteRegion? = nil, missing: Int = 0
    ) -> Salvaged {
      let record = root + "data/" + id.key
      let storage = Storage(
        key: id.key, location: id.location, byteOrder: byteOrder, byteCount: count
      ) { () throws(PortError) in throw PortError(.truncated, reason, record: record) }
      return Salvaged(
        storage: storage, state: .lost(reason), beginning: beginning, missingBytes: missing)
    }
    func found(_ region: ByteRegion, _ state: Recovery.State) -> Salvaged {
      let storage = Storage(
        key: id.key, location: id.location, byteOrder: byteOrder, region: region)
      return Salvaged(storage: storage, state: state, beginning: nil)
    }
    guard let record = records[root + "data/" + id.key] else {
      return lost("its record is not in what is left of the file", missing: count)
    }
    switch record.state {
    case .intact(let region):
      guard region.count == count else {
        return lost("its record has \(region.count) bytes and should have \(count)")
      }
      return found(region, .intact)
    case .unverified(let region):
      guard region.count == count else {
        return lost("its record has \(region.count) bytes and should have \(count)")
      }
      return found(region, .unverified("the file has no checksum of it"))
    case .open(let region):
      guard let bytes = region.slice(offset: 0, length: count) else {
        return lost(
          "\(region.count) of the \(count) bytes of its record are left", region,
          missing: count - region.count)
      }
      return found(bytes, .unverified("the checksum behind it is lost"))
    case .lost(let reason): return lost(reason)
    }
  }

  /// How many bytes of storages the file would have to have and has not.
  var missingBytes: Int {
    known.values.reduce(0) { $0.addingReportingOverflow($1.missingBytes).partialValue }
  }

  /// What can be said of a tensor.
  ///
  /// - Parameter doubt: a reason for which nothing in the file is proven.
  func entry(_ record: TensorRecord, doubt: String?) -> Recovery.Entry {
    let tensor = record.tensor
    if tensor.shape.elementCount == 0 {
      return Recovery.Entry(record: record, state: doubt.map { .unverified($0) } ?? .intact)
    }
    guard let salvaged = states[ObjectIdentifier(tensor.storage)] else {
      // Its elements were made of others, all of which had to be had.
      return Recovery.Entry(record: record, state: made(tensor, doubt))
    }
    switch salvaged.state {
    case .intact:
      return Recovery.Entry(record: record, state: doubt.map { .unverified($0) } ?? .intact)
    case .unverified: return Recovery.Entry(record: record, state: salvaged.state)
    case .lost(let reason):
      guard let beginning = salvaged.beginning,
        let shorter = try? tensor.shortened(to: beginning)
      else {
        return Recovery.Entry(record: record, state: .lost(reason))
      }
      return Recovery.Entry(
        record: TensorRecord(path: record.path, tensor: shorter),
        state: .unverified("its storage is cut behind it, and the checksum is lost"))
    }
  }

  private func made(_ tensor: Tensor, _ doubt: String?) -> Recovery.State {
    do throws(PortError) {
      _ = try tensor.storage.bytes()
    } catch {
      return .lost(error.message)
    }
    if let doubt { return .unverified(doubt) }
    let isSure = known.values.allSatisfy { $0.state == .intact }
    return isSure ? .intact : .unverified("it is made of parts, not all of which are proven")
  }
}

extension Tensor {
  /// The same view of the first bytes of its storage.
  ///
  /// - Throws: `PortError` where it reaches beyond them.
  func shortened(to beginning: ByteRegion) throws(PortError) -> Tensor {
    try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: offset,
      storage: Storage(
        key: storage.key, location: storage.location, byteOrder: storage.byteOrder,
        region: beginning),
      requiresGrad: requiresGrad, layout: layout, pending: pending,
      quantization: quantization)
  }
}
