internal import TPBytes
internal import TPTensors

/// The elements of a dense tensor while values are added to them.
@safe struct DenseCanvas {
  private let memory: UnsafeMutableRawBufferPointer
  private let source: ByteRegion
  private let dtype: DType
  // Which runs were written: a second value for a place is added to the first.
  private var written: Set<Int> = []

  /// - Parameter memory: zeros.
  init(_ memory: UnsafeMutableRawBufferPointer, source: ByteRegion, dtype: DType) {
    unsafe self.memory = memory
    self.source = source
    self.dtype = dtype
  }

  /// Adds a run of values to the elements from `target` on.
  mutating func add(_ count: Int, from first: Int, to target: Int) throws(PortError) {
    let size = dtype.byteCount
    guard count > 0 else { return }
    guard let run = source.slice(offset: first * size, length: count * size),
      unsafe target * size <= memory.count - count * size
    else { throw PortError(.malformed, "a value of a sparse tensor lies outside of it") }
    let isNew = written.insert(target).inserted
    let place = unsafe UnsafeMutableRawBufferPointer(
      rebasing: memory[target * size..<(target + count) * size])
    try unsafe run.bytes.withUnsafeBytes { (values: UnsafeRawBufferPointer) throws(PortError) in
      if isNew {
        unsafe place.copyMemory(from: values)
      } else {
        try unsafe sum(values, into: place)
      }
    }
  }

  private func sum(
    _ values: UnsafeRawBufferPointer, into place: UnsafeMutableRawBufferPointer
  ) throws(PortError) {
    switch dtype {
    case .float64, .complex128:
      unsafe combine(UInt64.self, values, place) {
        (Double(bitPattern: $0) + Double(bitPattern: $1)).bitPattern
      }
    case .float32, .complex64:
      unsafe combine(UInt32.self, values, place) {
        (Float(bitPattern: $0) + Float(bitPattern: $1)).bitPattern
      }
    case .int64, .uint64: unsafe combine(UInt64.self, values, place) { $0 &+ $1 }
    case .int32, .uint32: unsafe combine(UInt32.self, values, place) { $0 &+ $1 }
    case .int16, .uint16: unsafe combine(UInt16.self, values, place) { $0 &+ $1 }
    case .int8, .uint8: unsafe combine(UInt8.self, values, place) { $0 &+ $1 }
    case .bool: unsafe combine(UInt8.self, values, place) { $0 | $1 }
    default:
      throw PortError(
        .unsupported,
        "a sparse tensor of \(dtype.rawValue) has several values for one place",
        remedy: "save tensor.coalesce() instead")
    }
  }

  private func combine<Word: FixedWidthInteger & BitwiseCopyable>(
    _ word: Word.Type, _ values: UnsafeRawBufferPointer, _ place: UnsafeMutableRawBufferPointer,
    _ body: (Word, Word) -> Word
  ) {
    var offset = 0
    while offset + MemoryLayout<Word>.size <= values.count {
      let added = unsafe values.loadUnaligned(fromByteOffset: offset, as: Word.self)
      let sum = unsafe place.loadUnaligned(fromByteOffset: offset, as: Word.self)
      unsafe place.storeBytes(
        of: body(Word(littleEndian: sum), Word(littleEndian: added)).littleEndian,
        toByteOffset: offset, as: Word.self)
      offset += MemoryLayout<Word>.size
    }
  }
}
