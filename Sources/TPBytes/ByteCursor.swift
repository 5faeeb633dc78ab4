/// A reading position in bytes that are lent: check first, then load; a failed read moves nothing.
///
/// Offsets in errors count from the start of the bytes plus `base`.
public struct ByteCursor: ~Escapable {
  private let bytes: RawSpan
  private let base: Int
  /// The position of the next byte, from the start of the bytes.
  public private(set) var offset: Int

  /// Starts at the first of the bytes; `base` is where they begin in the file.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, base: Int = 0) {
    self.bytes = bytes
    self.base = base
    self.offset = 0
  }

  /// How many bytes there are in all.
  public var count: Int { bytes.byteCount }
  /// How many bytes lie ahead.
  public var remaining: Int { bytes.byteCount - offset }
  /// Whether no byte lies ahead.
  public var isAtEnd: Bool { offset == bytes.byteCount }
  /// The position of the next byte, in the terms that errors use.
  public var fileOffset: Int { base + offset }

  /// Moves to an absolute position from the start of the bytes.
  public mutating func seek(to position: Int) throws(PortError) {
    guard position >= 0, position <= bytes.byteCount else {
      throw PortError(
        .truncated, "position \(position) lies outside of the \(bytes.byteCount) bytes there are",
        offset: fileOffset)
    }
    offset = position
  }

  /// Checks that `length` bytes lie ahead.
  @inlinable
  public func require(_ length: Int) throws(PortError) {
    if length < 0 || length > remaining { throw shortage(length) }
  }

  @usableFromInline
  func shortage(_ length: Int) -> PortError {
    PortError(
      .truncated, "\(length) bytes are needed here and \(remaining) are left", offset: fileOffset)
  }

  /// Moves over `length` bytes.
  public mutating func skip(_ length: Int) throws(PortError) {
    try require(length)
    offset += length
  }

  /// The next byte.
  public mutating func byte() throws(PortError) -> UInt8 {
    try require(1)
    defer { offset += 1 }
    return unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The next byte, which stays ahead; `nil` at the end.
  public func peek() -> UInt8? {
    guard remaining > 0 else { return nil }
    return unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// An integer in little-endian order.
  public mutating func little<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(PortError) -> T {
    try require(MemoryLayout<T>.size)
    defer { offset += MemoryLayout<T>.size }
    return unsafe T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// An integer in big-endian order.
  public mutating func big<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(PortError) -> T {
    try require(MemoryLayout<T>.size)
    defer { offset += MemoryLayout<T>.size }
    return unsafe T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// A little-endian length of any width, proven to lie within the bytes ahead.
  public mutating func length<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(PortError) -> Int {
    let start = offset
    let value = try little(type)
    guard let length = Int(exactly: value), length >= 0, length <= remaining else {
      let left = remaining
      offset = start
      throw PortError(
        .truncated, "a length of \(value) runs past the end: \(left) bytes are left",
        offset: fileOffset)
    }
    return length
  }

  /// The next `length` bytes, lent.
  @_lifetime(copy self)
  public mutating func span(_ length: Int) throws(PortError) -> RawSpan {
    try require(length)
    let result = bytes.extracting(offset..<offset + length)
    offset += length
    return result
  }

  /// The next `length` bytes, copied.
  public mutating func array(_ length: Int) throws(PortError) -> [UInt8] {
    try require(length)
    defer { offset += length }
    return unsafe bytes.extracting(offset..<offset + length).withUnsafeBytes { unsafe Array($0) }
  }

  /// The bytes up to the next line feed, which is passed over and not part of the result.
  public mutating func line() throws(PortError) -> [UInt8] {
    var end = offset
    while end < bytes.byteCount {
      if unsafe bytes.unsafeLoad(fromByteOffset: end, as: UInt8.self) == 0x0A {
        let result = try array(end - offset)
        offset += 1
        return result
      }
      end += 1
    }
    throw PortError(.truncated, "a line is not ended by a line feed", offset: fileOffset)
  }
}
