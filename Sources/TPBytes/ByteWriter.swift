/// Bytes being put together, little-endian.
public struct ByteWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  /// Starts empty, with room for `capacity` bytes.
  public init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// Appends an integer in little-endian order.
  public mutating func little<T: FixedWidthInteger>(_ value: T) {
    var rest = value.littleEndian
    unsafe withUnsafeBytes(of: &rest) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends bytes.
  public mutating func append(_ more: [UInt8]) {
    bytes.append(contentsOf: more)
  }

  /// Appends bytes.
  public mutating func append(_ more: RawSpan) {
    unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends the UTF-8 of a text.
  public mutating func append(utf8 text: String) {
    bytes.append(contentsOf: text.utf8)
  }
}

extension Span where Element == UInt8 {
  /// The same bytes as a raw span; `UInt8` has no padding that could be uninitialised.
  public var bytesView: RawSpan {
    @_lifetime(copy self)
    get { unsafe bytes }
  }
}

/// Lowercase hexadecimal digits of bytes, two each.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
