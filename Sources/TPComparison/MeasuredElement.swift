internal import CTPKernels
internal import TPBytes
internal import TPTensors

/// A type of numbers as `diff` measures it.
protocol MeasuredElement: SendableMetatype {
  /// The bits of one.
  associatedtype Word: FixedWidthInteger & BitwiseCopyable & Sendable

  /// The number, exactly; of 64-bit integers the nearest float64.
  static func value(_ word: Word) -> Double
  /// b - a; 0 where they are equal or both NaN. Of integers exactly, then rounded once.
  static func delta(_ a: Word, _ b: Word) -> Double
  /// The bits of the exponent, all 0 in a denormal number; 0 for integers.
  static var exponent: Word { get }
  /// Its place among all numbers of the type, the two zeros in one; `nil` for NaN and for integers.
  static func rank(_ word: Word) -> Int64?
  /// The number by which the kernels in C know the type; `nil` where they do not.
  static var kernel: Int32? { get }
}

extension MeasuredElement {
  static var kernel: Int32? { nil }

  static func delta(_ a: Word, _ b: Word) -> Double {
    let (x, y) = (value(a), value(b))
    return x == y || (x.isNaN && y.isNaN) ? 0 : y - x
  }

  /// The place of a number in sign and magnitude.
  static func signedRank(_ word: Word) -> Int64? {
    if value(word).isNaN { return nil }
    let sign: Word = 1 << (Word.bitWidth - 1)
    let magnitude = Int64(truncatingIfNeeded: word & (sign &- 1))
    return word & sign == 0 ? magnitude : 0 &- magnitude
  }
}

enum Float64Element: MeasuredElement {
  static var kernel: Int32? { Int32(TP_FLOAT64) }
  static func value(_ word: UInt64) -> Double { Double(bitPattern: word) }
  static let exponent: UInt64 = 0x7FF0_0000_0000_0000
  static func rank(_ word: UInt64) -> Int64? { signedRank(word) }
}

enum Float32Element: MeasuredElement {
  static var kernel: Int32? { Int32(TP_FLOAT32) }
  static func value(_ word: UInt32) -> Double { Double(Float(bitPattern: word)) }
  static let exponent: UInt32 = 0x7F80_0000
  static func rank(_ word: UInt32) -> Int64? { signedRank(word) }
}

enum Float16Element: MeasuredElement {
  static var kernel: Int32? { Int32(TP_FLOAT16) }
  static func value(_ word: UInt16) -> Double { Double(float(half: word)) }
  static let exponent: UInt16 = 0x7C00
  static func rank(_ word: UInt16) -> Int64? { signedRank(word) }
}

enum BFloat16Element: MeasuredElement {
  static var kernel: Int32? { Int32(TP_BFLOAT16) }
  static func value(_ word: UInt16) -> Double { Double(Float(bitPattern: UInt32(word) << 16)) }
  static let exponent: UInt16 = 0x7F80
  static func rank(_ word: UInt16) -> Int64? { signedRank(word) }
}

/// Integers of any width.
enum IntegerElement<Word: FixedWidthInteger & BitwiseCopyable & Sendable>: MeasuredElement {
  static func value(_ word: Word) -> Double { Double(word) }
  static var exponent: Word { 0 }
  static func rank(_ word: Word) -> Int64? { nil }
  static func delta(_ a: Word, _ b: Word) -> Double {
    b >= a ? magnitude(b, a) : -magnitude(a, b)
  }

  /// The distance of two integers fits the unsigned type of their width.
  private static func magnitude(_ large: Word, _ small: Word) -> Double {
    Double(Word.Magnitude(truncatingIfNeeded: large &- small))
  }
}

enum BoolElement: MeasuredElement {
  static func value(_ word: UInt8) -> Double { word == 0 ? 0 : 1 }
  static var exponent: UInt8 { 0 }
  static func rank(_ word: UInt8) -> Int64? { nil }
}

extension DType {
  /// Whether `Tensor.doubles()` can read elements of this type.
  var isReal: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint64, .uint32,
      .uint16, .uint8, .bool:
      true
    default: false
    }
  }

  /// How many real numbers an element is measured as: two for a complex one; 0 where nothing but bits
  /// is compared.
  var measuredParts: Int {
    self == .complex64 || self == .complex128 ? 2 : isReal ? 1 : 0
  }
}
