public import TPBytes

/// How the bytes of a pixel stand for its colour.
public enum PixelFormat: String, Hashable, Sendable, CaseIterable {
  /// One byte, 0 black to 255 white.
  case gray
  /// Red, green, blue.
  case rgb
  /// Blue, green, red: what OpenCV reads from files and cameras.
  case bgr
  /// Red, green, blue and a fourth byte, which is passed over.
  case rgba
  /// Blue, green, red and a fourth byte, which is passed over: the buffers of Apple's cameras.
  case bgra

  /// How many bytes a pixel has.
  public var byteCount: Int {
    switch self {
    case .gray: 1
    case .rgb, .bgr: 3
    case .rgba, .bgra: 4
    }
  }

  /// Where red, green and blue stand in a pixel.
  var places: (red: Int, green: Int, blue: Int) {
    switch self {
    case .gray: (0, 0, 0)
    case .rgb, .rgba: (0, 1, 2)
    case .bgr, .bgra: (2, 1, 0)
    }
  }
}

/// A picture of 8-bit gray values, (height, width) row-major.
///
/// Colour is made gray on the way in, to the bit as `cv2.cvtColor` does (`COLOR_RGB2GRAY`,
/// `COLOR_BGR2GRAY` and their kin): (9798 R + 19235 G + 3735 B + 16384) >> 15, which is 0.299 R +
/// 0.587 G + 0.114 B in fixed point, rounded.
public struct GrayFrame: Hashable, Sendable {
  /// The most columns and the most rows.
  public static let mostExtent = 16_384
  /// The most pixels: twice those of 8K video.
  public static let mostPixels = 1 << 26

  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// `height` times `width` values.
  public let values: [UInt8]

  init(unchecked values: [UInt8], width: Int, height: Int) {
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// Copies a picture, without its colours.
  ///
  /// - Parameters:
  ///   - pixels: row after row from the top; what follows the last row's pixels need not be there.
  ///   - width: columns, 1 to ``mostExtent``.
  ///   - height: rows, 1 to ``mostExtent``.
  ///   - format: the bytes of a pixel.
  ///   - rowBytes: from the start of a row to that of the next; `nil` where no gap lies between.
  /// - Throws: `PortError` of kind `limit` for a picture that is too large, `mismatch` where there are
  ///   fewer bytes than it needs or the rows overlap.
  public init(
    _ pixels: Span<UInt8>, width: Int, height: Int, format: PixelFormat, rowBytes: Int? = nil
  ) throws(PortError) {
    try GrayFrame.check(width: width, height: height)
    let line = width * format.byteCount
    let step = rowBytes ?? line
    guard step >= line else {
      throw PortError(
        .mismatch,
        "a row of \(width) \(format.rawValue) pixels has \(line) bytes and the next begins after"
          + " \(step)")
    }
    let (gaps, overflow) = step.multipliedReportingOverflow(by: height - 1)
    guard !overflow, gaps <= Int.max - line, pixels.count >= gaps + line else {
      throw PortError(
        .mismatch,
        "\(pixels.count) bytes are too few for \(width) x \(height) \(format.rawValue) pixels in"
          + " rows of \(step) bytes")
    }
    var values = [UInt8](repeating: 0, count: width * height)
    var all = values.mutableSpan
    for y in 0..<height {
      var row = all._mutatingExtracting(y * width..<(y + 1) * width)
      grayRow(pixels.extracting(y * step..<y * step + line), format, into: &row)
    }
    self.init(unchecked: values, width: width, height: height)
  }

  /// Copies a picture, without its colours, out of an array.
  ///
  /// - Throws: `PortError` as the initializer that takes a span does.
  public init(
    _ pixels: [UInt8], width: Int, height: Int, format: PixelFormat, rowBytes: Int? = nil
  ) throws(PortError) {
    try self.init(
      pixels.span, width: width, height: height, format: format, rowBytes: rowBytes)
  }

  /// Checks extents before anything is made of them.
  ///
  /// - Throws: `PortError` of kind `limit`.
  package static func check(width: Int, height: Int) throws(PortError) {
    let range = 1...mostExtent
    guard range.contains(width), range.contains(height), width * height <= mostPixels else {
      throw PortError(
        .limit,
        "a frame of \(width) x \(height) pixels: each side must be 1 to \(mostExtent), and the"
          + " product at most \(mostPixels)", remedy: "give frames of such a size")
    }
  }
}

/// The gray values of a row of pixels.
private func grayRow(
  _ pixels: Span<UInt8>, _ format: PixelFormat, into row: inout MutableSpan<UInt8>
) {
  let step = format.byteCount
  precondition(pixels.count == row.count * step)
  if format == .gray {
    for x in row.indices { row[x] = pixels[x] }
    return
  }
  let (red, green, blue) = format.places
  for x in row.indices {
    let (r, g, b) = (pixels[x * step + red], pixels[x * step + green], pixels[x * step + blue])
    // Shift 15 and these weights: OpenCV's `RY15`, `GY15`, `BY15`, whose sum is 1 << 15.
    let sum = UInt32(r) &* 9798 &+ UInt32(g) &* 19235 &+ UInt32(b) &* 3735
    row[x] = UInt8(truncatingIfNeeded: (sum &+ 16384) >> 15)
  }
}
