package import TPBytes
package import TPTensors

/// A tensor's values for a terminal, as NumPy prints them: nested brackets, the middle of what is
/// long left out.
package struct TensorText {
  /// The most elements that are printed. Only what is long loses its middle: a file of a few bytes can
  /// describe thirteen dimensions of four.
  private static let most = 100_000

  private let tensor: Tensor
  private let bytes: ByteRegion
  private let edge: Int
  private var cells: [String] = []

  /// The values, or that they are too many.
  ///
  /// - Parameters:
  ///   - threshold: how many elements are printed whole.
  ///   - edge: of what is longer, how many are printed at each end of a dimension.
  /// - Throws: `PortError` where the bytes cannot be had.
  package static func render(
    _ tensor: Tensor, threshold: Int = 1_000, edge: Int = 3
  ) throws(PortError) -> String {
    let count = tensor.shape.elementCount
    if count == 0 { return "[]\n" }
    let edge = count > threshold ? edge : Int.max
    guard shown(tensor.shape, edge: edge) <= most else {
      return "  \(counted(count, "value")) in \(tensor.shape.rank) dimensions, too many to print\n"
    }
    var text = TensorText(tensor: tensor, bytes: try tensor.contiguousBytes(), edge: edge)
    text.collect(0, 0)
    let width = text.cells.map(\.utf8.count).max() ?? 0
    text.cells = text.cells.map { String(repeating: " ", count: width - $0.utf8.count) + $0 }
    text.cells.reverse()
    return text.lines(0) + "\n"
  }

  private init(tensor: Tensor, bytes: ByteRegion, edge: Int) {
    self.tensor = tensor
    self.bytes = bytes
    self.edge = edge
  }

  /// How many elements are printed, or the largest number where it is beyond that.
  private static func shown(_ shape: Shape, edge: Int) -> Int {
    shape.extents.reduce(1) { product, extent in
      let isCut = extent > edge && extent - edge > edge
      let (next, overflow) = product.multipliedReportingOverflow(by: isCut ? 2 * edge : extent)
      return overflow ? .max : next
    }
  }

  /// The places of a dimension that are printed; `nil` stands for what is left out.
  private func places(_ dimension: Int) -> [Int?] {
    let extent = tensor.shape[dimension]
    guard extent > edge, extent - edge > edge else { return Array(0..<extent) }
    return Array(0..<edge) + [nil] + Array(extent - edge..<extent)
  }

  private mutating func collect(_ dimension: Int, _ first: Int) {
    guard dimension < tensor.shape.rank else {
      cells.append(cell(first))
      return
    }
    let step = tensor.shape.contiguousStrides[dimension]
    for case .some(let place) in places(dimension) {
      collect(dimension + 1, first + place * step)
    }
  }

  private mutating func lines(_ dimension: Int) -> String {
    guard dimension < tensor.shape.rank else { return cells.popLast() ?? "" }
    let isInner = dimension + 1 == tensor.shape.rank
    let gap = String(repeating: "\n", count: tensor.shape.rank - dimension - 1)
    let between = isInner ? ", " : "," + gap + String(repeating: " ", count: dimension + 1)
    var parts: [String] = []
    for place in places(dimension) {
      parts.append(place == nil ? "..." : lines(dimension + 1))
    }
    return "[" + (isInner ? wrapped(parts, dimension) : parts.joined(separator: between)) + "]"
  }

  /// A row of at most about 90 characters a line.
  private func wrapped(_ parts: [String], _ dimension: Int) -> String {
    var text = ""
    var column = 0
    for (place, part) in parts.enumerated() {
      if place > 0 {
        text += ","
        if column + part.utf8.count > 88 {
          text += "\n" + String(repeating: " ", count: dimension + 1)
          column = 0
        } else {
          text += " "
        }
      }
      text += part
      column += part.utf8.count + 2
    }
    return text
  }

  private func word<Word: FixedWidthInteger & BitwiseCopyable>(_ place: Int, _: Word.Type) -> Word {
    unsafe Word(
      littleEndian: bytes.bytes.unsafeLoadUnaligned(
        fromByteOffset: place * MemoryLayout<Word>.size, as: Word.self))
  }

  private func cell(_ place: Int) -> String {
    switch tensor.dtype {
    case .float64: return "\(Double(bitPattern: word(place, UInt64.self)))"
    case .float32: return "\(Float(bitPattern: word(place, UInt32.self)))"
    case .float16: return significant(Double(float(half: word(place, UInt16.self))), 5)
    case .bfloat16:
      return significant(
        Double(Float(bitPattern: UInt32(word(place, UInt16.self)) << 16)), 4)
    case .int64: return "\(word(place, Int64.self))"
    case .int32, .qint32: return "\(word(place, Int32.self))"
    case .int16: return "\(word(place, Int16.self))"
    case .int8, .qint8: return "\(word(place, Int8.self))"
    case .uint64: return "\(word(place, UInt64.self))"
    case .uint32: return "\(word(place, UInt32.self))"
    case .uint16: return "\(word(place, UInt16.self))"
    case .uint8, .quint8: return "\(word(place, UInt8.self))"
    case .bool: return word(place, UInt8.self) == 0 ? "False" : "True"
    case .complex64:
      return complex(
        "\(Float(bitPattern: word(2 * place, UInt32.self)))",
        "\(Float(bitPattern: word(2 * place + 1, UInt32.self)))")
    case .complex128:
      return complex(
        "\(Double(bitPattern: word(2 * place, UInt64.self)))",
        "\(Double(bitPattern: word(2 * place + 1, UInt64.self)))")
    default:
      // No number of ours: its bytes, the highest first.
      let size = tensor.dtype.byteCount
      let element = bytes.slice(offset: place * size, length: size)?.array() ?? []
      return "0x" + hexadecimal(element.reversed())
    }
  }

  private func complex(_ real: String, _ imaginary: String) -> String {
    real + (imaginary.hasPrefix("-") ? "" : "+") + imaginary + "j"
  }
}
