/// A binary floating-point format of IEEE 754's kind: a sign, an exponent with a bias, a fraction.
///
/// Every number of the four formats is a float64, so conversion goes through its bits: widening is
/// exact, narrowing rounds once, to nearest, ties to even. A NaN stays one: it is made quiet and
/// keeps its sign and as many leading bits of its payload as the target has.
struct BinaryFormat: Hashable, Sendable {
  /// Bits of the exponent.
  let exponentBits: UInt64
  /// Bits of the fraction.
  let fractionBits: UInt64

  /// IEEE binary64.
  static let float64 = BinaryFormat(exponentBits: 11, fractionBits: 52)
  /// IEEE binary32.
  static let float32 = BinaryFormat(exponentBits: 8, fractionBits: 23)
  /// IEEE binary16.
  static let float16 = BinaryFormat(exponentBits: 5, fractionBits: 10)
  /// The upper half of binary32.
  static let bfloat16 = BinaryFormat(exponentBits: 8, fractionBits: 7)

  /// The format of a type's elements; `nil` for types that are not these four.
  init?(_ dtype: DType) {
    switch dtype {
    case .float64: self = .float64
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    default: return nil
    }
  }

  private init(exponentBits: UInt64, fractionBits: UInt64) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
  }

  private var bias: Int64 { Int64(1) << Int64(exponentBits - 1) - 1 }
  /// The bits of infinity without its sign: exponents all ones.
  private var infinity: UInt64 { (UInt64(1) << exponentBits - 1) << fractionBits }

  /// The bits of the same number in float64; a signalling NaN becomes quiet.
  @inline(__always)
  func widened(_ bits: UInt64) -> UInt64 {
    let sign = (bits >> (exponentBits + fractionBits)) << 63
    let exponent = bits >> fractionBits & (UInt64(1) << exponentBits - 1)
    let fraction = bits & (UInt64(1) << fractionBits - 1)
    let shift = 52 - fractionBits
    if exponent == UInt64(1) << exponentBits - 1 {
      let quiet: UInt64 = fraction == 0 ? 0 : 1 << 51
      return sign | 0x7FF0_0000_0000_0000 | fraction << shift | quiet
    }
    if self == .float64 { return bits }
    if exponent == 0 {
      // A subnormal's fraction counts units of 2^(1 - bias - fractionBits), all normal in float64.
      let unit = UInt64(1 - bias - Int64(fractionBits) + 1023) << 52
      return (Double(fraction) * Double(bitPattern: unit)).bitPattern | sign
    }
    return sign | UInt64(Int64(exponent) - bias + 1023) << 52 | fraction << shift
  }

  /// The bits of the nearest number of this format to a float64, ties to the even one; what lies
  /// half a unit or more beyond the largest becomes infinite.
  @inline(__always)
  func narrowed(_ double: UInt64) -> UInt64 {
    if self == .float64 { return double }
    let sign = (double >> 63) << (exponentBits + fractionBits)
    let field = double >> 52 & 0x7FF
    let fraction = double & 0xF_FFFF_FFFF_FFFF
    if field == 0x7FF {
      if fraction == 0 { return sign | infinity }
      return sign | infinity | fraction >> (52 - fractionBits) | 1 << (fractionBits - 1)
    }
    // A float64 subnormal is far below half of the least number of the other formats.
    if field == 0 { return sign }
    let exponent = Int64(field) - 1023
    let significand = fraction | 1 << 52
    let least = 1 - bias
    let below = Swift.max(0, least - exponent)
    // From 54 on nothing but zero is left.
    let drop = Swift.min(52 - fractionBits + UInt64(below), 60)
    let half = UInt64(1) << (drop - 1)
    let rest = significand & (half << 1 - 1)
    var kept = significand >> drop
    if rest > half || rest == half && kept & 1 == 1 { kept += 1 }
    // The leading bit of `kept`, where there is one, adds 1 to the exponent, as does a carry.
    let base = exponent < least ? 0 : UInt64(exponent + bias - 1) << fractionBits
    return sign | Swift.min(base + kept, infinity)
  }

  /// Whether bits of this format are of a number below the normal ones, zero included.
  @inline(__always)
  func isBelowNormal(_ bits: UInt64) -> Bool { bits & infinity == 0 }

  /// Whether bits of this format are those of zero, of either sign.
  @inline(__always)
  func isZero(_ bits: UInt64) -> Bool {
    bits & (UInt64(1) << (exponentBits + fractionBits) - 1) == 0
  }

  /// Whether bits of this format are those of infinity, of either sign.
  @inline(__always)
  func isInfinite(_ bits: UInt64) -> Bool {
    bits & (UInt64(1) << (exponentBits + fractionBits) - 1) == infinity
  }
}
