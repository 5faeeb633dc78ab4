public import TPBytes

/// What the elements of a tensor of real numbers are like, in float64.
public struct TensorStatistics: Hashable, Sendable {
  /// The least finite element; `nil` where there is none.
  public var minimum: Double?
  /// The greatest finite element.
  public var maximum: Double?
  /// The mean of the finite elements.
  public var mean: Double?
  /// The standard deviation of the finite elements, as of a population (division by their number).
  public var standardDeviation: Double?
  /// How many elements are not a number.
  public var nan = 0
  /// How many elements are infinite.
  public var infinite = 0
  /// How many elements are zero, of either sign.
  public var zero = 0
  /// How many elements are denormal in their own type.
  public var denormal = 0

  /// Counts and measures the elements; two passes over them, and no copy where they lie row-major.
  ///
  /// - Returns: `nil` for types whose elements are no real numbers that we read, such as complex.
  /// - Throws: `PortError` where the bytes cannot be had.
  public init?(_ tensor: Tensor, limits: ReadLimits = ReadLimits()) throws(PortError) {
    switch tensor.dtype {
    case .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint64, .uint32,
      .uint16, .uint8, .bool:
      break
    default: return nil
    }
    let region = try tensor.contiguousBytes(limits: limits, caching: false)
    switch tensor.dtype {
    case .float64:
      measure(region, UInt64.self, 0x7FF0_0000_0000_0000) { Double(bitPattern: $0) }
    case .float32: measure(region, UInt32.self, 0x7F80_0000) { Double(Float(bitPattern: $0)) }
    case .float16: measure(region, UInt16.self, 0x7C00) { Double(float(half: $0)) }
    case .bfloat16:
      measure(region, UInt16.self, 0x7F80) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int64: measure(region, Int64.self, 0) { Double($0) }
    case .int32: measure(region, Int32.self, 0) { Double($0) }
    case .int16: measure(region, Int16.self, 0) { Double($0) }
    case .int8: measure(region, Int8.self, 0) { Double($0) }
    case .uint64: measure(region, UInt64.self, 0) { Double($0) }
    case .uint32: measure(region, UInt32.self, 0) { Double($0) }
    case .uint16: measure(region, UInt16.self, 0) { Double($0) }
    case .uint8: measure(region, UInt8.self, 0) { Double($0) }
    default: measure(region, UInt8.self, 0) { $0 == 0 ? 0 : 1 }
    }
  }

  /// - Parameter exponent: the bits of the exponent, all 0 in a denormal number; 0 for integers.
  private mutating func measure<Word: FixedWidthInteger & BitwiseCopyable>(
    _ region: ByteRegion, _ word: Word.Type, _ exponent: Word, _ value: (Word) -> Double
  ) {
    let size = MemoryLayout<Word>.size
    let count = region.count / size
    let bytes = region.bytes
    var (least, greatest, sum) = (Double.infinity, -Double.infinity, 0.0)
    var finite = 0
    for index in 0..<count {
      let bits = unsafe Word(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Word.self))
      let number = value(bits)
      guard number.isFinite else {
        if number.isNaN { nan += 1 } else { infinite += 1 }
        continue
      }
      finite += 1
      if number == 0 {
        zero += 1
      } else if exponent != 0, bits & exponent == 0 {
        denormal += 1
      }
      if number < least { least = number }
      if number > greatest { greatest = number }
      sum += number
    }
    guard finite > 0 else { return }
    let mean = sum / Double(finite)
    var squares = 0.0
    for index in 0..<count {
      let bits = unsafe Word(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Word.self))
      let number = value(bits)
      if number.isFinite { squares += (number - mean) * (number - mean) }
    }
    minimum = least
    maximum = greatest
    self.mean = mean
    standardDeviation = (squares / Double(finite)).squareRoot()
  }
}
