internal import TPBytes
internal import TPPickle
internal import TPTensors

// Persistent ids of storages (torch/serialization.py, `persistent_id`):
//   zip      ('storage', class, key, location, numel)
//   legacy   ('storage', class, key, location, numel, view)     view: None or (key, offset, numel)
//   package  ('storage', class, number, location, numel)

/// The persistent id of a storage, checked.
struct StorageID {
  let kind: StorageClass
  let className: String
  let key: String
  let location: String
  /// Elements, or bytes of an untyped storage.
  let count: Int
  /// Bytes of all elements.
  let byteCount: Int
  /// A part of it that the tensor sees, in elements.
  let view: (offset: Int, count: Int)?

  /// PyTorch's keys are numbers; one as long as the file would be compared at each of its uses.
  private static let longestKey = 1_024

  /// - Parameter hasView: whether a sixth field tells of a view.
  /// - Throws: `PortError` for anything else, and for a class that is no storage.
  init(
    _ id: PickleArena.Handle, in arena: PickleArena, hasView: Bool = false
  ) throws(PortError) {
    let offset = arena.offset(of: id)
    try StorageID.refuseText(id, in: arena)
    let wanted =
      "('storage', class, key, location, number of elements" + (hasView ? ", view)" : ")")
    guard let fields = arena.tuple(id), fields.count == (hasView ? 6 : 5),
      arena.text(fields[0]) == "storage",
      let key = arena.text(fields[2]) ?? arena.int(fields[2]).map({ String($0) }),
      key.utf8.count <= StorageID.longestKey,
      let location = arena.text(fields[3]), let count = arena.int(fields[4]), count >= 0
    else {
      throw PortError(.malformed, "a persistent id is not \(wanted)", offset: offset)
    }
    guard let global = arena.global(fields[1]) else {
      throw PortError(
        .malformed, "a persistent id names \(arena[fields[1]].kind), not a storage class",
        offset: offset)
    }
    guard let kind = StorageClass(module: global.module, name: global.name) else {
      throw PortError(
        .unsupported,
        "\(printable(global.fullName)), the class of the storage \(printable(key)), is none that"
          + " we know", offset: offset)
    }
    let size: Int = if case .typed(let type) = kind { type.byteCount } else { 1 }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else {
      throw PortError(
        .malformed, "the storage \(printable(key)) is said to have \(count) elements",
        offset: offset)
    }
    (self.kind, self.key, self.location, self.count) = (kind, key, location, count)
    self.byteCount = byteCount
    className = global.fullName
    view = hasView ? try StorageID.view(fields[5], of: count, in: arena) : nil
  }

  /// Protocol 0 writes a persistent id as what `str` makes of it, from which nobody can get the class
  /// back: `torch.save(pickle_protocol=0)` writes files that `torch.load` refuses.
  static func refuseText(_ id: PickleArena.Handle, in arena: PickleArena) throws(PortError) {
    guard case .string(let text) = arena[id], text.hasPrefix("(") else { return }
    throw PortError(
      .unsupported,
      "the pickle is of protocol 0, in which storages are texts: PyTorch writes such a file and"
        + " cannot load it", offset: arena.offset(of: id),
      remedy: "save it again with the default pickle_protocol")
  }

  /// The type of the elements; `nil` where the storage counts bytes.
  var dtype: DType? { if case .typed(let type) = kind { type } else { nil } }

  /// The storage, or the part of it that the id tells of.
  func typed(_ storage: Storage) -> TypedStorage {
    TypedStorage(
      storage: storage, className: className, dtype: dtype, offset: view?.offset ?? 0,
      count: view?.count ?? count)
  }

  private static func view(
    _ value: PickleArena.Handle, of total: Int, in arena: PickleArena
  ) throws(PortError) -> (offset: Int, count: Int)? {
    if case .none = arena[value] { return nil }
    guard let fields = arena.tuple(value), fields.count == 3, let offset = arena.int(fields[1]),
      let count = arena.int(fields[2]), offset >= 0, count >= 0, offset <= total,
      count <= total - offset
    else {
      throw PortError(
        .malformed,
        "a view of a storage of \(total) elements is not (key, offset, number of elements) inside"
          + " of it", offset: arena.offset(of: value))
    }
    return (offset, count)
  }
}

extension PickleArena {
  /// A text, whether it was saved as one or as ASCII bytes: names and keys, which are short. Longer
  /// bytes are none, because they may be shared by as many values as the file has bytes.
  func text(_ handle: Handle) -> String? {
    switch self[handle] {
    case .string(let text): text
    case .bytes(let bytes):
      bytes.count <= 1_024 && bytes.allSatisfy({ $0 < 0x80 })
        ? String(decoding: bytes, as: UTF8.self) : nil
    default: nil
    }
  }

  /// The integer behind a handle, or written as a text there: before 0.1.10 keys of storages were both.
  func number(_ handle: Handle) -> Int? {
    if let number = int(handle) { return number }
    // More digits than an integer has may be as many as the file has bytes.
    guard let text = text(handle), text.utf8.count <= 20 else { return nil }
    return Int(text)
  }
}
