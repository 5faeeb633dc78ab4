internal import TPBytes
internal import TPPickle
internal import TPTensors

// What torch.save wrote before 0.1.10 (torch/serialization.py, `legacy_load`), a tar file of
//   sys_info  pickle {protocol_version, little_endian, type_sizes}
//   storages  pickle n; n times: pickle (key, location, class), i64 count, the elements;
//             then pickle [(key, key of another, offset, count)]: views, in elements
//   tensors   pickle n; n times: pickle (key, key of its storage, class), i32 rank, 4 B,
//             i64 per extent, i64 per stride, i64 offset
//   pickle    the object; a persistent id is the key of a tensor or storage, or (class, file, source)
// Everything is little-endian.

/// The storages and tensors of a tar file.
final class TarStorages: PersistentSource {
  /// How many storages there are.
  let storageCount: Int
  private var storages: [Int: TypedStorage] = [:]
  private var tensors: [Int: Tensor] = [:]
  private let limits: ReadLimits

  /// - Parameter isCut: whether the file ends inside of `tensors`, so that the tensors before its end
  ///   are all there are.
  init(
    storages: ByteRegion, tensors: ByteRegion, isCut: Bool = false, limits: ReadLimits
  ) throws(PortError) {
    self.limits = limits
    var reader = TarReader(storages, limits)
    do throws(PortError) {
      let count = try reader.number()
      for _ in 0..<count { try reader.storage(&self.storages) }
      storageCount = count
      try reader.views(&self.storages)
    } catch {
      throw error.at(record: "storages")
    }
    reader = TarReader(tensors, limits)
    do throws(PortError) {
      for _ in 0..<(try reader.number()) { try reader.tensor(&self.tensors, self.storages) }
    } catch {
      guard isCut, error.kind == .truncated else { throw error.at(record: "tensors") }
    }
  }

  /// The keys of the tensors and storages that a pickle refers to.
  static func keys(in arena: PickleArena) -> Set<Int> {
    var keys: Set<Int> = []
    for case .persistent(let id) in arena.nodes {
      if let key = TarReader.key(id, arena) { keys.insert(key) }
    }
    return keys
  }

  /// Whether a tensor or storage is there.
  func has(_ key: Int) -> Bool { tensors[key] != nil || storages[key] != nil }

  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue {
    let number = arena.text(id).flatMap { Int($0) } ?? arena.int(id)
    guard let number else {
      throw PortError(
        .malformed, "a persistent id is \(arena[id].kind), not the number of a tensor",
        offset: arena.offset(of: id), record: "pickle")
    }
    if let tensor = tensors[number] { return .tensor(tensor) }
    if let storage = storages[number] { return .storage(storage) }
    throw PortError(
      .malformed, "the file has neither a tensor nor a storage \(number)",
      offset: arena.offset(of: id), record: "pickle", remedy: "the file is damaged; fetch it again")
  }

  func classHandle(_ id: PickleArena.Handle, in arena: PickleArena) -> PickleArena.Handle? {
    guard let first = arena.tuple(id)?.first, arena.global(first) != nil else { return nil }
    return first
  }
}

/// Reads one member of a tar file: pickles and numbers in turn.
private struct TarReader {
  private let region: ByteRegion
  private let limits: ReadLimits
  private var offset = 0

  init(_ region: ByteRegion, _ limits: ReadLimits) {
    self.region = region
    self.limits = limits
  }

  private mutating func pickle() throws(PortError) -> Pickle {
    let pickle = try PickleMachine.run(region.bytes, from: offset, limits: limits)
    offset = pickle.range.upperBound
    return pickle
  }

  private mutating func numbers(_ count: Int) throws(PortError) -> [Int] {
    var cursor = ByteCursor(region.bytes)
    try cursor.seek(to: offset)
    let (length, overflow) = count.multipliedReportingOverflow(by: 8)
    try cursor.require(overflow ? Int.max : length)
    var numbers: [Int] = []
    for _ in 0..<count { numbers.append(Int(try cursor.little(Int64.self))) }
    offset = cursor.offset
    return numbers
  }

  /// The pickled number that begins a member.
  mutating func number() throws(PortError) -> Int {
    let pickle = try pickle()
    guard let count = pickle.arena.int(pickle.root), count >= 0, count <= limits.members else {
      throw PortError(.malformed, "the member does not begin with a number of objects", offset: 0)
    }
    return count
  }

  mutating func storage(_ storages: inout [Int: TypedStorage]) throws(PortError) {
    let start = offset
    let pickle = try pickle()
    let arena = pickle.arena
    guard let fields = arena.tuple(pickle.root), fields.count == 3,
      let key = TarReader.key(fields[0], arena), let location = arena.text(fields[1]),
      let global = arena.global(fields[2]),
      case .typed(let dtype) = StorageClass(module: global.module, name: global.name)
    else {
      throw PortError(.malformed, "a storage is not (key, location, class)", offset: start)
    }
    let count = try numbers(1)[0]
    let (length, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    guard count >= 0, !overflow, let bytes = region.slice(offset: offset, length: length) else {
      throw PortError(
        .truncated, "a storage of \(count) \(dtype.rawValue) elements reaches past the end",
        offset: start, remedy: "the file is incomplete or damaged; fetch it again")
    }
    offset += length
    let storage = TypedStorage(
      storage: Storage(key: String(key), location: location, region: bytes),
      className: global.fullName, dtype: dtype, count: count)
    guard storages.updateValue(storage, forKey: key) == nil else {
      throw PortError(.malformed, "two storages have the key \(key)", offset: start)
    }
  }

  /// Storages that are parts of others.
  mutating func views(_ storages: inout [Int: TypedStorage]) throws(PortError) {
    let pickle = try pickle()
    let arena = pickle.arena
    guard case .list(let views) = arena[pickle.root] else {
      throw PortError(
        .malformed, "the storages are not followed by a list of views",
        offset: pickle.range.lowerBound)
    }
    for view in views {
      guard let fields = arena.tuple(view), fields.count == 4,
        let key = TarReader.key(fields[0], arena), let root = TarReader.key(fields[1], arena),
        let offset = arena.int(fields[2]), let count = arena.int(fields[3]),
        let whole = storages[root], offset >= 0, count >= 0, offset <= whole.count,
        count <= whole.count - offset
      else {
        throw PortError(
          .malformed, "a view is not (key, key of a storage, offset, count) inside of it",
          offset: arena.offset(of: view))
      }
      let part = TypedStorage(
        storage: whole.storage, className: whole.className, dtype: whole.dtype,
        offset: whole.offset + offset, count: count)
      guard storages.updateValue(part, forKey: key) == nil else {
        throw PortError(
          .malformed, "two storages have the key \(key)", offset: arena.offset(of: view))
      }
    }
  }

  mutating func tensor(
    _ tensors: inout [Int: Tensor], _ storages: [Int: TypedStorage]
  ) throws(PortError) {
    let start = offset
    let pickle = try pickle()
    let arena = pickle.arena
    guard let fields = arena.tuple(pickle.root), fields.count == 3,
      let key = TarReader.key(fields[0], arena)
    else {
      throw PortError(
        .malformed, "a tensor is not (key, key of its storage, class)", offset: start)
    }
    var cursor = ByteCursor(region.bytes)
    try cursor.seek(to: offset)
    let rank = Int(try cursor.little(Int32.self))
    try cursor.skip(4)
    offset = cursor.offset
    guard rank >= 0, rank <= limits.rank else {
      throw PortError(
        .limit, "a tensor has \(rank) dimensions, more than \(limits.rank)", offset: start)
    }
    let extents = try numbers(rank)
    let strides = try numbers(rank)
    let first = try numbers(1)[0]
    guard let storageKey = TarReader.key(fields[1], arena), let storage = storages[storageKey]
    else {
      throw PortError(.malformed, "the tensor \(key) has no storage in the file", offset: start)
    }
    do throws(PortError) {
      let shape = try Shape(extents, limits: limits)
      tensors[key] = try storage.tensor(shape, strides, first)
    } catch {
      throw error.moved(by: start)
    }
  }

  /// Keys are integers, or were turned into texts.
  static func key(_ handle: PickleArena.Handle, _ arena: PickleArena) -> Int? {
    arena.int(handle) ?? arena.text(handle).flatMap { Int($0) }
  }
}
