internal import TPBytes
internal import TPTensors

/// Reads what the child tells of a file. A crash may have left anything in the child's memory, so
/// nothing that it says is trusted; the layout stands at the top of CheckpointEncoder.swift.
struct CheckpointDecoder: ~Escapable {
  private var cursor: ByteCursor
  private let limits: ReadLimits

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, limits: ReadLimits) {
    cursor = ByteCursor(bytes)
    self.limits = limits
  }

  /// The checkpoint; `fetch` gives the elements of the storage with a number and size.
  mutating func checkpoint(
    fetch: @escaping @Sendable (_ place: Int, _ byteCount: Int) throws(PortError) -> ByteRegion
  ) throws(PortError) -> Checkpoint {
    var storages: [Storage] = []
    let budget = CacheBudget()
    for place in 0..<(try count()) {
      let key = try text()
      let byteCount = Int(try cursor.little(Int64.self))
      guard byteCount >= 0 else { throw nonsense }
      storages.append(
        Storage(key: key, byteCount: byteCount, budget: budget) { () throws(PortError) in
          try fetch(place, byteCount)
        })
    }
    var tensors: [TensorRecord] = []
    for _ in 0..<(try count()) { tensors.append(try tensor(storages)) }
    var facts: [(name: String, value: String)] = []
    for _ in 0..<(try count()) { facts.append((name: try text(), value: try text())) }
    let metadata = try tree()
    guard cursor.isAtEnd, tensors.count <= limits.members else { throw nonsense }
    return Checkpoint(
      container: .hdf5, metadata: metadata, tensors: tensors, facts: facts
    ) { [count = tensors.count] in
      var checksums = Checkpoint.Checksums()
      checksums.absent = count
      return checksums
    }
  }

  private mutating func tensor(_ storages: [Storage]) throws(PortError) -> TensorRecord {
    var path: [String] = []
    for _ in 0..<(try count()) { path.append(try text()) }
    guard let dtype = DType(rawValue: try text()) else { throw nonsense }
    let extents = try integers()
    let strides = try integers()
    let place = Int(try cursor.little(UInt32.self))
    guard storages.indices.contains(place) else { throw nonsense }
    let shape = try Shape(extents, limits: limits)
    let tensor = try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: 0, storage: storages[place])
    return TensorRecord(path: path, tensor: tensor)
  }

  private mutating func integers() throws(PortError) -> [Int] {
    var numbers: [Int] = []
    for _ in 0..<(try count()) { numbers.append(Int(try cursor.little(Int64.self))) }
    return numbers
  }

  private mutating func tree() throws(PortError) -> MetadataTree {
    var tree = MetadataTree()
    // Every value stands in one place: what is small here cannot be large when it is written out.
    var isHeld: [Bool] = []
    for place in 0..<(try count()) {
      let node = try node(below: place, &isHeld)
      _ = tree.add(node)
      isHeld.append(false)
    }
    guard try cursor.byte() == 1 else { return tree }
    tree.root = try handle(below: tree.nodes.count, &isHeld)
    return tree
  }

  private mutating func node(
    below place: Int, _ isHeld: inout [Bool]
  ) throws(PortError) -> MetadataTree.Node {
    switch try cursor.byte() {
    case 0: return .none
    case 1: return .bool(try cursor.byte() != 0)
    case 2: return .int(Int(try cursor.little(Int64.self)))
    case 3: return .bigInt(try text())
    case 4: return .float(Double(bitPattern: try cursor.little(UInt64.self)))
    case 5: return .string(try text())
    case 6: return .bytes(try cursor.array(try cursor.length(UInt32.self)))
    case 7:
      var elements: [MetadataTree.Handle] = []
      for _ in 0..<(try count()) { elements.append(try handle(below: place, &isHeld)) }
      return .list(elements)
    case 8:
      var entries: [MetadataTree.Entry] = []
      for _ in 0..<(try count()) {
        let key = try handle(below: place, &isHeld)
        entries.append(.init(key: key, value: try handle(below: place, &isHeld)))
      }
      return .dict(entries)
    default: throw nonsense
    }
  }

  private mutating func handle(
    below bound: Int, _ isHeld: inout [Bool]
  ) throws(PortError) -> MetadataTree.Handle {
    let place = Int(try cursor.little(UInt32.self))
    guard place < bound, !isHeld[place] else { throw nonsense }
    isHeld[place] = true
    return MetadataTree.Handle(index: Int32(clamping: place))
  }

  /// A number of items, each of which takes a byte or more.
  private mutating func count() throws(PortError) -> Int { try cursor.length(UInt32.self) }

  private mutating func text() throws(PortError) -> String {
    let bytes = try cursor.array(try cursor.length(UInt32.self))
    guard let text = String(validating: bytes, as: UTF8.self) else { throw nonsense }
    try checkMarks(of: text)
    return text
  }

  private var nonsense: PortError {
    PortError(.malformed, "libhdf5 was led astray by the file: what it tells makes no sense")
  }
}
