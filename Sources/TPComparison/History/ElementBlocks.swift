internal import TPBytes
internal import TPTensors

/// The elements of a tensor of real numbers, block by block as float64: nothing as large as the tensor
/// is made.
struct ElementBlocks {
  /// How many elements are converted at a time.
  static let size = 1 << 14

  let count: Int
  private let dtype: DType
  private let region: ByteRegion

  /// - Returns: `nil` for types whose elements are no real numbers.
  /// - Throws: `PortError` where the bytes cannot be had.
  init?(_ tensor: Tensor, _ limits: ReadLimits) throws(PortError) {
    guard tensor.dtype.isReal else { return nil }
    region = try tensor.contiguousBytes(limits: limits)
    dtype = tensor.dtype
    count = region.count / tensor.dtype.byteCount
  }

  /// Whether both hold the same bytes of the same type.
  func isIdentical(to other: ElementBlocks) -> Bool {
    dtype == other.dtype && region.hasSameBytes(as: other.region)
  }

  /// Replaces `values` by the elements of a range, which lies within the tensor.
  func load(_ range: Range<Int>, into values: inout [Double]) {
    switch dtype {
    case .float64: fill(range, UInt64.self, &values) { Double(bitPattern: $0) }
    case .float32: fill(range, UInt32.self, &values) { Double(Float(bitPattern: $0)) }
    case .float16: fill(range, UInt16.self, &values) { Double(float(half: $0)) }
    case .bfloat16:
      fill(range, UInt16.self, &values) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int64: fill(range, Int64.self, &values) { Double($0) }
    case .int32: fill(range, Int32.self, &values) { Double($0) }
    case .int16: fill(range, Int16.self, &values) { Double($0) }
    case .int8: fill(range, Int8.self, &values) { Double($0) }
    case .uint64: fill(range, UInt64.self, &values) { Double($0) }
    case .uint32: fill(range, UInt32.self, &values) { Double($0) }
    case .uint16: fill(range, UInt16.self, &values) { Double($0) }
    case .uint8: fill(range, UInt8.self, &values) { Double($0) }
    default: fill(range, UInt8.self, &values) { $0 == 0 ? 0 : 1 }
    }
  }

  private func fill<Word: FixedWidthInteger & BitwiseCopyable>(
    _ range: Range<Int>, _ word: Word.Type, _ values: inout [Double], _ value: (Word) -> Double
  ) {
    let size = MemoryLayout<Word>.size
    let bytes = region.bytes
    values.removeAll(keepingCapacity: true)
    for index in range {
      let bits = unsafe Word(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Word.self))
      values.append(value(bits))
    }
  }

  /// The ranges of the blocks, in order.
  static func ranges(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// The elements of several tensors of real numbers.
  ///
  /// - Throws: `PortError` where the bytes of one cannot be had, or are no real numbers.
  static func all(
    _ tensors: [Tensor], _ limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> [ElementBlocks] {
    var blocks: [ElementBlocks] = []
    for tensor in tensors {
      guard let own = try ElementBlocks(tensor, limits) else {
        throw PortError(.unsupported, "\(tensor.dtype.rawValue) elements are no real numbers")
      }
      blocks.append(own)
    }
    return blocks
  }

  /// Goes through several of as many elements, and hands over the same range of each with its start.
  static func together(_ sides: [ElementBlocks], _ body: (Int, [[Double]]) -> Void) {
    var values = sides.map { _ in [Double]() }
    for range in ranges(sides.map(\.count).min() ?? 0) {
      for (place, side) in sides.enumerated() { side.load(range, into: &values[place]) }
      body(range.lowerBound, values)
    }
  }
}
