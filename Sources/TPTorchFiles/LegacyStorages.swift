internal import TPBytes
internal import TPPickle
internal import TPTensors

/// The storages of a legacy stream, found by walking them once without touching their bytes.
final class LegacyStorages: PersistentSource {
  /// Where the stream ends, or would end if it were complete.
  let end: Int
  /// How many bytes the file lacks; 0 for a complete one.
  let missingBytes: Int
  /// How many storages there are.
  var count: Int { storages.count }
  private let storages: [String: Storage]
  /// The keys of the storages that are there to their last byte.
  private let complete: Set<String>
  /// The first bytes of the storage in which the file ends.
  private let cut: (key: String, beginning: ByteRegion)?

  /// - Parameters:
  ///   - keys: the list that follows the pickle.
  ///   - start: where the first storage's count lies.
  init(
    _ arena: PickleArena, keys: [String], region: ByteRegion, start: Int
  ) throws(PortError) {
    let ids = try LegacyStorages.ids(arena)
    var storages: [String: Storage] = [:]
    var complete: Set<String> = []
    var cut: (key: String, beginning: ByteRegion)?
    var offset = start
    for key in keys {
      guard let id = ids[key] else {
        throw PortError(
          .malformed,
          "no tensor refers to the storage \(printable(key)), so nobody can know the size of its"
            + " elements, nor where the storages behind it lie", offset: offset,
          remedy: "load it with PyTorch, if you trust it, and save it again")
      }
      guard storages[key] == nil else {
        throw PortError(.malformed, "the storage \(printable(key)) is listed twice", offset: offset)
      }
      try LegacyStorages.checkCount(id, region, offset)
      let (first, tooFar) = offset.addingReportingOverflow(8)
      let (next, tooMuch) = first.addingReportingOverflow(id.byteCount)
      guard !tooFar, !tooMuch else {
        throw PortError(
          .malformed, "the storage \(printable(key)) is said to have \(id.count) elements",
          offset: offset)
      }
      if let bytes = region.slice(offset: first, length: id.byteCount) {
        storages[key] = Storage(key: key, location: id.location, region: bytes)
        complete.insert(key)
      } else {
        let count = region.count
        if first < count, let beginning = region.slice(offset: first, length: count - first) {
          cut = (key, beginning)
        }
        storages[key] = Storage(key: key, location: id.location, byteCount: id.byteCount) {
          () throws(PortError) in
          throw PortError(
            .truncated, "the file ends at byte \(count), inside of the storage or before it",
            offset: first, record: key, remedy: "fetch the file again")
        }
      }
      offset = next
    }
    self.storages = storages
    self.complete = complete
    self.cut = cut
    end = offset
    missingBytes = max(0, offset - region.count)
  }

  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue {
    let parsed = try StorageID(id, in: arena, hasView: true)
    guard let storage = storages[parsed.key] else {
      throw PortError(
        .malformed, "the list of storages lacks the storage \(printable(parsed.key))",
        offset: arena.offset(of: id), remedy: "the file is damaged; fetch it again")
    }
    return .storage(parsed.typed(storage))
  }

  /// `('module', class, path of its source, source)`; the source is text and nothing else.
  func classHandle(_ id: PickleArena.Handle, in arena: PickleArena) -> PickleArena.Handle? {
    guard let fields = arena.tuple(id), fields.count >= 2, arena.text(fields[0]) == "module",
      arena.global(fields[1]) != nil
    else { return nil }
    return fields[1]
  }

  /// Whether all bytes of a tensor are there.
  func isComplete(_ tensor: Tensor) -> Bool {
    guard storages[tensor.storage.key] === tensor.storage else { return true }
    return complete.contains(tensor.storage.key)
  }

  /// What is left of a tensor's storage, where the file ends in it.
  func beginning(of tensor: Tensor) -> ByteRegion? {
    guard let cut, storages[cut.key] === tensor.storage else { return nil }
    return cut.beginning
  }

  /// The ids of all storages that the pickle names, those included that nothing holds in the end.
  private static func ids(_ arena: PickleArena) throws(PortError) -> [String: StorageID] {
    var ids: [String: StorageID] = [:]
    for node in arena.nodes {
      guard case .persistent(let handle) = node else { continue }
      try StorageID.refuseText(handle, in: arena)
      guard let fields = arena.tuple(handle),
        fields.first.flatMap({ arena.text($0) }) != "module"
      else { continue }
      let id = try StorageID(handle, in: arena, hasView: true)
      if let known = ids[id.key] {
        guard known.byteCount == id.byteCount else {
          throw PortError(
            .malformed, "the storage \(printable(id.key)) has two sizes",
            offset: arena.offset(of: handle), remedy: "the file is damaged; fetch it again")
        }
      } else {
        ids[id.key] = id
      }
    }
    return ids
  }

  private static func checkCount(
    _ id: StorageID, _ region: ByteRegion, _ offset: Int
  ) throws(PortError) {
    guard let bytes = region.slice(offset: offset, length: 8) else { return }
    var cursor = ByteCursor(bytes.bytes)
    let count = try cursor.little(Int64.self)
    // Big-endian machines wrote it in their own order before 2019.
    guard count == Int64(id.count) || count.byteSwapped == Int64(id.count) else {
      throw PortError(
        .malformed,
        "the storage \(printable(id.key)) has \(count) elements, and the pickle says \(id.count)",
        offset: offset, remedy: "the file is damaged; fetch it again")
    }
  }
}
