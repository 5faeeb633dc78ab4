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
  /// Where the pickles of the two members begin, of a whole file.
  private(set) var storagePickles: [Int] = []
  private(set) var tensorPickles: [Int] = []
  private var storages: [Int: TypedStorage] = [:]
  private var tensors: [Int: Tensor] = [:]
  private let limits: ReadLimits
  private let isSalvage: Bool
  private var beginning: (storage: Storage, region: ByteRegion)?
  private var unknown: Set<ObjectIdentifier> = []

  /// The storages and tensors of a whole file.
  init(
    storages: ByteRegion, tensors: ByteRegion, limits: ReadLimits
  ) throws(PortError) {
    self.limits = limits
    isSalvage = false
    var reader = TarReader(storages, limits)
    do throws(PortError) {
      let count = try reader.number()
      for _ in 0..<count { _ = try reader.storage(&self.storages) }
      storageCount = count
      try reader.views(&self.storages)
      storagePickles = reader.pickles
    } catch {
      throw error.at(record: "storages")
    }
    reader = TarReader(tensors, limits)
    do throws(PortError) {
      for _ in 0..<(try reader.number()) { try reader.tensor(&self.tensors, self.storages) }
      tensorPickles = reader.pickles
    } catch {
      throw error.at(record: "tensors")
    }
  }

  /// What is left of the storages and tensors of a damaged file, up to where each member cannot be
  /// read on: nothing tells where the next storage or tensor would begin.
  ///
  /// - Parameters:
  ///   - storages: the member or its first bytes; `nil` where it is lost.
  ///   - tensors: the same.
  init(salvaging storages: ByteRegion?, tensors: ByteRegion?, limits: ReadLimits) {
    self.limits = limits
    isSalvage = true
    storageCount = 0
    if let storages {
      var reader = TarReader(storages, limits)
      do throws(PortError) {
        let count = try reader.number()
        for _ in 0..<count {
          guard let cut = try reader.storage(&self.storages, mayBeCut: true) else { continue }
          if let storage = self.storages[cut.key]?.storage { beginning = (storage, cut.beginning) }
          break
        }
        if beginning == nil { try reader.views(&self.storages) }
      } catch {
        // What was read before the place of the error stands.
      }
    }
    if let tensors {
      var reader = TarReader(tensors, limits)
      do throws(PortError) {
        for _ in 0..<(try reader.number()) {
          try reader.tensor(&self.tensors, self.storages, mayLack: true)
        }
      } catch {
        // The same.
      }
    }
  }

  /// What is left of a tensor's storage, where the file ends in it.
  func beginning(of tensor: Tensor) -> ByteRegion? {
    guard let beginning, beginning.storage === tensor.storage else { return nil }
    return beginning.region
  }

  /// Whether nothing is left that tells a tensor's type and shape; what it has instead means nothing.
  func isUnknown(_ tensor: Tensor) -> Bool { unknown.contains(ObjectIdentifier(tensor.storage)) }

  /// A tensor of which only the key is left.
  private func unknownTensor(_ key: Int) throws(PortError) -> Tensor {
    let storage = Storage(key: String(key), byteCount: 1) { () throws(PortError) in
      throw PortError(
        .truncated, "its type and shape are not in what is left of the file", record: "tensors")
    }
    unknown.insert(ObjectIdentifier(storage))
    let tensor = try Tensor(
      dtype: .uint8, shape: Shape([]), strides: [], offset: 0, storage: storage)
    tensors[key] = tensor
    return tensor
  }

  func value(
    _ id: PickleArena.Handle, in arena: PickleArena
  ) throws(PortError) -> PersistentValue {
    guard let number = arena.number(id) else {
      throw PortError(
        .malformed, "a persistent id is \(arena[id].kind), not the number of a tensor",
        offset: arena.offset(of: id), record: "pickle")
    }
    if let tensor = tensors[number] { return .tensor(tensor) }
    if let storage = storages[number] { return .storage(storage) }
    if isSalvage { return .tensor(try unknownTensor(number)) }
    throw PortError(
      .malformed, "the file has neither a tensor nor a storage \(number)",
      offset: arena.offset(of: id), record: "pickle", remedy: "the file is damaged; fetch it again")
  }

  func classHandle(_ id: PickleArena.Handle, in arena: PickleArena) -> PickleArena.Handle? {
    guard let first = arena.tuple(id)?.first, arena.global(first) != nil else { return nil }
    return first
  }
}
