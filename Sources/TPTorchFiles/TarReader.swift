internal import TPBytes
internal import TPPickle
internal import TPTensors

/// Reads one member of a tar file: pickles and numbers in turn.
struct TarReader {
  private let region: ByteRegion
  private let limits: ReadLimits
  /// Where the next pickle or number lies.
  private(set) var offset = 0
  /// Where the pickles begin that were read.
  private(set) var pickles: [Int] = []

  init(_ region: ByteRegion, _ limits: ReadLimits) {
    self.region = region
    self.limits = limits
  }

  private mutating func pickle() throws(PortError) -> Pickle {
    let pickle = try PickleMachine.run(region.bytes, from: offset, limits: limits)
    pickles.append(offset)
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

  /// The next storage.
  ///
  /// - Returns: the key and first bytes of a storage in which the member ends, where that is allowed.
  mutating func storage(
    _ storages: inout [Int: TypedStorage], mayBeCut: Bool = false
  ) throws(PortError) -> (key: Int, beginning: ByteRegion)? {
    let start = offset
    let pickle = try pickle()
    let arena = pickle.arena
    guard let fields = arena.tuple(pickle.root), fields.count == 3,
      let key = arena.number(fields[0]), let location = arena.text(fields[1]),
      let global = arena.global(fields[2]),
      case .typed(let dtype) = StorageClass(module: global.module, name: global.name)
    else {
      throw PortError(.malformed, "a storage is not (key, location, class)", offset: start)
    }
    let count = try numbers(1)[0]
    let (length, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    let whole = count >= 0 && !overflow ? region.slice(offset: offset, length: length) : nil
    guard count >= 0, !overflow, whole != nil || mayBeCut else {
      throw PortError(
        .truncated, "a storage of \(count) \(dtype.rawValue) elements reaches past the end",
        offset: start, remedy: "the file is incomplete or damaged; fetch it again")
    }
    let left = region.count - offset
    let kept =
      if let whole {
        Storage(key: String(key), location: location, region: whole)
      } else {
        Storage(key: String(key), location: location, byteCount: length) {
          () throws(PortError) in
          throw PortError(
            .truncated, "\(left) of the \(length) bytes of its storage are left",
            record: "storages")
        }
      }
    let storage = TypedStorage(
      storage: kept, className: global.fullName, dtype: dtype, count: count)
    guard storages.updateValue(storage, forKey: key) == nil else {
      throw PortError(.malformed, "two storages have the key \(key)", offset: start)
    }
    if whole == nil { return (key, region.slice(offset: offset, length: left) ?? ByteRegion([])) }
    offset += length
    return nil
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
        let key = arena.number(fields[0]), let root = arena.number(fields[1]),
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

  /// The next tensor.
  ///
  /// - Parameter mayLack: whether its storage may not be in the file. Then its bytes cannot be had.
  mutating func tensor(
    _ tensors: inout [Int: Tensor], _ storages: [Int: TypedStorage], mayLack: Bool = false
  ) throws(PortError) {
    let start = offset
    let pickle = try pickle()
    let arena = pickle.arena
    guard let fields = arena.tuple(pickle.root), fields.count == 3,
      let key = arena.number(fields[0])
    else {
      throw PortError(
        .malformed, "a tensor is not (key, key of its storage, class)", offset: start)
    }
    var cursor = ByteCursor(region.bytes)
    try cursor.seek(to: offset)
    let rank = Int(try cursor.little(Int32.self))
    try cursor.skip(4)
    offset = cursor.offset
    guard rank >= 0 else {
      throw PortError(.malformed, "a tensor has \(rank) dimensions", offset: start)
    }
    guard rank <= limits.rank else {
      throw PortError(
        .limit, "a tensor has \(rank) dimensions, more than \(limits.rank)", offset: start)
    }
    let extents = try numbers(rank)
    let strides = try numbers(rank)
    let first = try numbers(1)[0]
    do throws(PortError) {
      let shape = try Shape(extents, limits: limits)
      let storageKey = arena.number(fields[1])
      var found = storageKey.flatMap { storages[$0] }
      if found == nil, mayLack, let storageKey, let global = arena.global(fields[2]) {
        found = TarReader.lost(storageKey, of: global, shape, strides, first)
      }
      guard let storage = found else {
        throw PortError(.malformed, "the tensor \(key) has no storage in the file", offset: 0)
      }
      tensors[key] = try storage.tensor(shape, strides, first)
    } catch {
      throw error.moved(by: start)
    }
  }

  /// A storage that is not there, large enough for a tensor of a class like `torch.FloatTensor`.
  private static func lost(
    _ key: Int, of tensorClass: PickleArena.Global, _ shape: Shape, _ strides: [Int], _ first: Int
  ) -> TypedStorage? {
    let name = tensorClass.name.hasSuffix("Tensor") ? tensorClass.name.dropLast(6) + "Storage" : ""
    guard case .typed(let dtype) = StorageClass(module: tensorClass.module, name: String(name))
    else { return nil }
    var count = first
    var isTooLarge = first < 0
    for (extent, stride) in zip(shape.extents, strides) {
      let (span, tooFar) = max(extent - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, tooMuch) = count.addingReportingOverflow(span)
      isTooLarge = isTooLarge || tooFar || tooMuch
      count = sum
    }
    let (end, tooFar) = count.addingReportingOverflow(1)
    let (bytes, tooMuch) = end.multipliedReportingOverflow(by: dtype.byteCount)
    guard !isTooLarge, !tooFar, !tooMuch, bytes >= 0 else { return nil }
    let storage = Storage(key: String(key), byteCount: bytes) { () throws(PortError) in
      throw PortError(
        .truncated, "its storage is not in what is left of the file", record: "storages")
    }
    return TypedStorage(
      storage: storage, className: tensorClass.module + "." + name, dtype: dtype, count: end)
  }
}
