internal import LipReading
internal import TPBytes

// The format (netpbm, "pgm" and "ppm", the binary variants): P5 for gray or P6 for red, green and blue; width, height and
// the largest value in decimal digits, each behind white space, among which a comment goes from # to the end of the line;
// one white space; then the rows from the top, each value one byte, or two, the high one first, where the largest is above 255.

/// A picture in one of the two binary formats of netpbm.
struct PortableMap {
  var width: Int
  var height: Int
  var isColour: Bool
  /// Bytes of a value: 1 or 2.
  var depth: Int
  /// Where the pixels begin.
  var start: Int

  /// How many bytes the pixels have.
  var pixelBytes: Int { width * height * (isColour ? 3 : 1) * depth }

  /// The most bytes of a header.
  private static let mostHeader = 4 << 10

  /// Reads a header; `nil` where it goes on behind what there is.
  ///
  /// - Throws: `PortError` of kind `malformed`, `unsupported` or `limit`.
  init?(header bytes: ArraySlice<UInt8>) throws(PortError) {
    guard bytes.count >= 2 else { return nil }
    var place = bytes.startIndex + 2
    let kind = bytes[place - 1]
    guard bytes.first == UInt8(ascii: "P"), (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(kind)
    else {
      throw PortError(.malformed, "is no picture of netpbm: it does not begin with P5 or P6")
    }
    guard kind == UInt8(ascii: "5") || kind == UInt8(ascii: "6") else {
      throw PortError(
        .unsupported, "is a P\(Character(Unicode.Scalar(kind))) picture of netpbm",
        remedy: "save it as binary PGM (P5) or PPM (P6)")
    }
    var numbers: [Int] = []
    var digits = 0
    var (number, isComment) = (0, false)
    while numbers.count < 3 {
      guard place < bytes.endIndex else { return nil }
      guard place - bytes.startIndex < PortableMap.mostHeader else {
        throw PortError(.malformed, "has a header of more than \(PortableMap.mostHeader) bytes")
      }
      let byte = bytes[place]
      place += 1
      if isComment {
        isComment = byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
      } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits < 9 {
        number = number * 10 + Int(byte - UInt8(ascii: "0"))
        digits += 1
      } else if byte == UInt8(ascii: "#"), digits == 0 {
        isComment = true
      } else if byte == 32 || (9...13).contains(byte) {
        if digits > 0 { numbers.append(number) }
        (number, digits) = (0, 0)
      } else {
        throw PortError(
          .malformed, "its header has something else than numbers",
          offset: place - bytes.startIndex - 1)
      }
    }
    try GrayFrame.check(width: numbers[0], height: numbers[1])
    guard numbers[2] == 255 || numbers[2] == 65_535 else {
      throw PortError(
        .unsupported,
        "its largest value is \(numbers[2]), and only 255 and 65535 say how to scale the others",
        remedy: "save it with 8 or 16 bits")
    }
    (width, height) = (numbers[0], numbers[1])
    isColour = kind == UInt8(ascii: "6")
    depth = numbers[2] == 255 ? 1 : 2
    start = place - bytes.startIndex
  }

  /// The picture of its pixels; of two bytes the high one, as `cv2.imread` takes them.
  func frame(_ pixels: ArraySlice<UInt8>) throws(PortError) -> GrayFrame {
    let values =
      depth == 1
      ? Array(pixels)
      : stride(from: pixels.startIndex, to: pixels.endIndex, by: 2).map { pixels[$0] }
    return try GrayFrame(values, width: width, height: height, format: isColour ? .rgb : .gray)
  }

  /// Reads a file's bytes.
  ///
  /// - Throws: `PortError` of kind `malformed`, `truncated`, `unsupported` or `limit`.
  static func frame(_ bytes: [UInt8]) throws(PortError) -> GrayFrame {
    guard let map = try PortableMap(header: bytes[...]) else {
      throw PortError(.truncated, "ends in its header", remedy: "get the file again")
    }
    let there = bytes.count - map.start
    guard there == map.pixelBytes else {
      throw PortError(
        there < map.pixelBytes ? .truncated : .malformed,
        "\(map.width) x \(map.height) pixels have \(map.pixelBytes) bytes and \(there) are there",
        offset: map.start, remedy: "get the file again")
    }
    return try map.frame(bytes[map.start...])
  }
}
