internal import LipReading
internal import TPBytes

// The format (PNG, third edition): eight bytes of signature, then chunks: u32 big-endian length, four letters, the data, u32
// CRC-32 of letters and data. IHDR comes first; PLTE before the first IDAT; the IDATs stand together and are one zlib stream;
// IEND ends. A chunk whose first letter is a capital must be understood.

/// A picture in a PNG file, taken apart and not yet decoded.
struct PNGFile {
  enum Colour: UInt8 {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6

    /// Samples of a pixel.
    var samples: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }

    /// Bits that a sample may have.
    var depths: Set<Int> {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .grayAlpha, .rgba: [8, 16]
      }
    }
  }

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private(set) var width = 0
  private(set) var height = 0
  private(set) var depth = 0
  private(set) var colour = Colour.gray
  private(set) var isInterlaced = false
  /// Three bytes for each colour of a palette.
  private(set) var palette: [UInt8] = []
  /// The zlib stream.
  private(set) var packed: [UInt8] = []

  /// Takes a file apart and verifies every checksum.
  ///
  /// - Throws: `PortError` of kind `malformed`, `truncated`, `checksum`, `unsupported` or `limit`.
  init(_ bytes: RawSpan) throws(PortError) {
    var cursor = ByteCursor(bytes)
    guard bytes.byteCount >= 8, try cursor.array(8) == PNGFile.signature else {
      throw PortError(.malformed, "is no PNG file: it does not begin as one")
    }
    var (isHeaderThere, hasData, isDataOver) = (false, false, false)
    while true {
      let begin = cursor.offset
      let length = Int(try cursor.big(UInt32.self))
      guard length <= Int32.max else {
        throw PortError(.malformed, "a chunk has \(length) bytes", offset: begin)
      }
      try cursor.require(length + 8)
      let checked = bytes.extracting(begin + 4..<begin + 8 + length)
      let kind = String(decoding: try cursor.array(4), as: UTF8.self)
      let data = try cursor.array(length)
      guard try cursor.big(UInt32.self) == Deflate.checksum(checked) else {
        throw PortError(
          .checksum, "its chunk \(printable(kind)) contradicts its checksum", offset: begin,
          remedy: "get the file again")
      }
      guard isHeaderThere != (kind == "IHDR") else {
        throw PortError(.malformed, "does not begin with one IHDR", offset: begin)
      }
      if hasData, kind != "IDAT" { isDataOver = true }
      switch kind {
      case "IHDR":
        try readHeader(data)
        isHeaderThere = true
      case "PLTE":
        guard palette.isEmpty, !hasData, !data.isEmpty, data.count % 3 == 0, data.count <= 768
        else {
          throw PortError(.malformed, "its palette has a wrong size or place", offset: begin)
        }
        palette = data
      case "IDAT":
        guard !isDataOver else {
          throw PortError(.malformed, "its pixels do not stand together", offset: begin)
        }
        hasData = true
        packed += data
      case "IEND":
        guard hasData, colour != .palette || !palette.isEmpty else {
          throw PortError(
            .malformed, "holds no \(hasData ? "palette" : "pixels")", offset: begin)
        }
        return
      default:
        guard let first = kind.utf8.first, first & 0x20 != 0 else {
          throw PortError(
            .unsupported, "needs its chunk \(printable(kind)) to be understood", offset: begin,
            remedy: "save it as an ordinary PNG")
        }
      }
    }
  }

  private mutating func readHeader(_ data: [UInt8]) throws(PortError) {
    guard data.count == 13 else {
      throw PortError(.malformed, "its IHDR has \(data.count) bytes instead of 13")
    }
    func number(_ at: Int) -> Int { data[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    (width, height, depth) = (number(0), number(4), Int(data[8]))
    try GrayFrame.check(width: width, height: height)
    guard let colour = Colour(rawValue: data[9]), colour.depths.contains(depth), data[10] == 0,
      data[11] == 0, data[12] <= 1
    else {
      throw PortError(
        .malformed,
        "its IHDR has the depth \(depth), colour type \(data[9]), compression \(data[10]), filter"
          + " \(data[11]) and interlace \(data[12]), which PNG does not know")
    }
    (self.colour, isInterlaced) = (colour, data[12] == 1)
  }
}
