internal import TPBytes
internal import TPPickle
internal import TPTensors
internal import TPZip

/// The storages of a zip file: a record of raw bytes each.
final class ZipStorages: PersistentSource {
  /// Where a record lies: `data/KEY` in checkpoints, `constants/KEY` beside the constants of a
  /// TorchScript program, `.data/KEY.storage` in a torch.package.
  enum Place: String {
    case data = "data/"
    case constants = "constants/"
    case package = ".data/"

    func record(_ key: String) -> String {
      rawValue + key + (self == .package ? ".storage" : "")
    }
  }

  private let records: TorchRecords
  private let byteOrder: Storage.ByteOrder
  private let place: Place
  private var known: [String: (storage: Storage, kind: StorageClass)] = [:]

  init(_ records: TorchRecords, byteOrder: Storage.ByteOrder, place: Place = .data) {
    self.records = records
    self.byteOrder = byteOrder
    self.place = place
  }

  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue {
    if place == .package, let reduced = reduced(id, arena) { return reduced }
    let parsed = try StorageID(id, in: arena)
    let name = records.name(of: place.record(parsed.key))
    let offset = arena.offset(of: id)
    let storage = try storage(parsed, name, offset)
    guard parsed.byteCount == storage.byteCount else {
      throw PortError(
        .malformed,
        "the storage has \(storage.byteCount) bytes, and \(parsed.count)"
          + " \(parsed.dtype?.rawValue ?? "byte") elements (\(parsed.byteCount) bytes) were saved",
        offset: offset, record: name,
        remedy: "the file is damaged or was tampered with; fetch it again")
    }
    return .storage(parsed.typed(storage))
  }

  private func storage(
    _ id: StorageID, _ name: String, _ offset: Int
  ) throws(PortError) -> Storage {
    if let (storage, kind) = known[id.key] {
      // PyTorch gives one key to many storages only where they are empty.
      guard kind == id.kind || id.byteCount == 0 else {
        throw PortError(
          .malformed, "the storage is of two types, one of them \(printable(id.className))",
          offset: offset, record: name, remedy: "PyTorch writes no such file; do not trust it")
      }
      return storage
    }
    let archive = records.archive
    guard let member = archive[name] else {
      throw PortError(
        .malformed, "the storage is not in the file", offset: offset, record: name,
        remedy: "the file is incomplete; fetch it again")
    }
    let storage = Storage(
      key: id.key, location: id.location, byteOrder: byteOrder, byteCount: member.byteCount
    ) { () throws(PortError) in try archive.bytes(of: member) }
    known[id.key] = (storage, id.kind)
    return storage
  }

  /// `('reduce_package', [number,] function, arguments)` (torch/package/package_importer.py).
  private func reduced(_ id: PickleArena.Handle, _ arena: PickleArena) -> PersistentValue? {
    guard let fields = arena.tuple(id), (3...4).contains(fields.count),
      arena.text(fields[0]) == "reduce_package",
      arena.tuple(fields[fields.count - 1]) != nil
    else { return nil }
    return .call(function: fields[fields.count - 2], arguments: fields[fields.count - 1])
  }
}
