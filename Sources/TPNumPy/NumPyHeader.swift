internal import TPBytes
internal import TPTensors

// Layout (numpy.lib.format, "Format Version 1.0" to "3.0"):
//   0    6 B   \x93NUMPY
//   6    u8    major version, 1 to 3
//   7    u8    minor version, 0
//   8    u16   n, length of the header, little-endian; u32 from version 2 on
//   10   n B   a Python dict literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//              in Latin-1 (UTF-8 in version 3), padded with spaces and ended by a line feed
//   10+n       the elements, row-major or, in Fortran's order, column-major

/// The header of an array file.
struct NumPyHeader {
  /// What the elements are.
  enum Elements: Hashable {
    /// Numbers, and whether the first byte of each is the highest.
    case numbers(DType, isBigEndian: Bool)
    /// Texts of a fixed number of UTF-32 units, padded with NUL.
    case unicode(units: Int, isBigEndian: Bool)
    /// Texts of a fixed number of bytes, padded with NUL.
    case bytes(count: Int)

    /// Bytes of one element; `nil` when that does not fit an `Int`.
    var byteCount: Int? {
      switch self {
      case .numbers(let dtype, _): return dtype.byteCount
      case .unicode(let units, _):
        let (product, overflow) = units.multipliedReportingOverflow(by: 4)
        return overflow ? nil : product
      case .bytes(let count): return count
      }
    }
  }

  /// What the elements are.
  let elements: Elements
  /// Whether the first index runs fastest.
  let isFortranOrder: Bool
  /// The extents.
  let shape: Shape
  /// Bytes from the start of the file to the elements.
  let dataStart: Int

  /// Reads and checks a header.
  ///
  /// - Throws: `PortError` with the offset of what is wrong.
  init(_ bytes: RawSpan, limits: ReadLimits) throws(PortError) {
    var cursor = ByteCursor(bytes)
    guard try cursor.array(min(6, cursor.count)) == [0x93] + Array("NUMPY".utf8) else {
      throw PortError(.malformed, "does not begin as a NumPy array file does", offset: 0)
    }
    let (major, minor) = (try cursor.byte(), try cursor.byte())
    guard (1...3).contains(major), minor == 0 else {
      throw PortError(
        .unsupported, "version \(major).\(minor) of the NumPy array format is not known", offset: 6)
    }
    let claimed =
      major == 1 ? Int(try cursor.little(UInt16.self)) : Int(try cursor.little(UInt32.self))
    guard claimed <= limits.headerBytes else {
      throw PortError(
        .limit, "the header claims \(claimed) bytes, more than \(limits.headerBytes)", offset: 8,
        remedy: ReadLimits.Named.headerBytes.remedy)
    }
    guard claimed <= cursor.remaining else {
      throw PortError(
        .truncated, "the header claims \(claimed) bytes and \(cursor.remaining) are left", offset: 8
      )
    }
    dataStart = cursor.offset + claimed
    var literal = PythonLiteral(try cursor.array(claimed), base: cursor.offset - claimed)
    let fields = try literal.header()
    let descriptor = try NumPyHeader.elements(fields.descriptor, offset: fields.descriptorOffset)
    elements = descriptor
    isFortranOrder = fields.isFortranOrder
    shape = try Shape(fields.shape, limits: limits)
  }

  /// What a type string such as `<f4` says.
  private static func elements(
    _ descriptor: String, offset: Int
  ) throws(PortError) -> Elements {
    let text = Array(descriptor.utf8)
    let kind = text.dropFirst().first.map { Character(Unicode.Scalar($0)) }
    let digits = String(decoding: text.dropFirst(2), as: UTF8.self)
    let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    switch (text.first, kind) {
    case (UInt8(ascii: "|"), "O"?):
      throw PortError(
        .unsupported, "the array holds Python objects, which are a pickle inside of it",
        offset: offset, remedy: "save numbers, without objects")
    case (UInt8(ascii: "<"), let kind?), (UInt8(ascii: ">"), let kind?),
      (UInt8(ascii: "|"), let kind?):
      guard isNumber, let size = Int(digits) else { break }
      let isBig = text.first == UInt8(ascii: ">")
      if kind == "U" { return .unicode(units: size, isBigEndian: isBig) }
      if kind == "S" || kind == "a" { return .bytes(count: size) }
      guard let dtype = DType(numPyCode: "\(kind)\(digits)") else { break }
      guard text.first != UInt8(ascii: "|") || dtype.byteCount == 1 else { break }
      return .numbers(dtype, isBigEndian: isBig)
    default: break
    }
    throw PortError(
      .unsupported, "arrays of the type \"\(printable(descriptor, limit: 40))\" are not supported",
      offset: offset, remedy: kind == "V" ? "save bfloat16 as float32 or as uint16" : nil)
  }
}
