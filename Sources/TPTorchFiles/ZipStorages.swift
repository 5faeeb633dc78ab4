internal import TPBytes
internal import TPPickle
internal import TPTensors
internal import TPZip

/// The storages of a zip checkpoint: record `ROOT/data/KEY` each, raw bytes.
///
/// Persistent ids are `('storage', class, key, location, count)` (torch/serialization.py, `_save`).
final class ZipStorages: StorageSource {
  private let records: TorchRecords
  private let byteOrder: Storage.ByteOrder
  private var known: [String: Storage] = [:]

  init(_ records: TorchRecords, byteOrder: Storage.ByteOrder) {
    self.records = records
    self.byteOrder = byteOrder
  }

  func storage(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> TypedStorage {
    let offset = arena.offset(of: id)
    guard let fields = arena.tuple(id), fields.count == 5, isStorageTag(fields[0], arena),
      let key = arena.string(fields[2]), let location = arena.string(fields[3]),
      let count = arena.int(fields[4]), count >= 0
    else {
      throw PortError(
        .malformed,
        "a persistent id is not ('storage', class, key, location, number of elements)",
        offset: offset)
    }
    guard let global = arena.global(fields[1]) else {
      throw PortError(
        .malformed, "a persistent id names \(arena[fields[1]].kind), not a storage class",
        offset: offset)
    }
    guard let kind = StorageClass(module: global.module, name: global.name) else {
      throw PortError(
        .unsupported, "\(printable(global.fullName)) is no storage class that we know",
        offset: offset, record: records.name(of: "data/" + key))
    }
    let dtype: DType? = if case .typed(let type) = kind { type } else { nil }
    let storage = try storage(key, location, offset)
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype?.byteCount ?? 1)
    guard !overflow, byteCount == storage.byteCount else {
      throw PortError(
        .malformed,
        "the storage has \(storage.byteCount) bytes, and \(count)"
          + " \(dtype?.rawValue ?? "byte") elements were saved", offset: offset,
        record: records.name(of: "data/" + key),
        remedy: "the file is damaged or was tampered with; fetch it again")
    }
    return TypedStorage(storage: storage, className: global.fullName, dtype: dtype, count: count)
  }

  private func isStorageTag(_ handle: PickleArena.Handle, _ arena: PickleArena) -> Bool {
    switch arena[handle] {
    case .string(let text): text == "storage"
    case .bytes(let bytes): bytes == Array("storage".utf8)
    default: false
    }
  }

  private func storage(
    _ key: String, _ location: String, _ offset: Int
  ) throws(PortError) -> Storage {
    if let storage = known[key] { return storage }
    let archive = records.archive
    let name = records.name(of: "data/" + key)
    guard let member = archive[name] else {
      throw PortError(
        .malformed, "the storage is not in the file", offset: offset, record: name,
        remedy: "the file is incomplete; fetch it again")
    }
    let storage = Storage(
      key: key, location: location, byteOrder: byteOrder, byteCount: member.byteCount
    ) { () throws(PortError) in try archive.bytes(of: member) }
    known[key] = storage
    return storage
  }
}
