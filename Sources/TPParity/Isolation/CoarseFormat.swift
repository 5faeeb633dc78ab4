/// A floating-point format with fewer digits than float32.
enum CoarseFormat: String, Hashable, Sendable, CaseIterable {
  case float16, bfloat16
  /// The input of a matrix product on NVIDIA hardware: float32's range, 10 bits of fraction.
  case tf32

  /// Half the distance from 1 to the next number.
  var unit: Double {
    switch self {
    case .float16, .tf32: 0x1p-11
    case .bfloat16: 0x1p-8
    }
  }

  /// The nearest number of the format; ties go to even.
  func round(_ value: Double) -> Double {
    let single = Float(value)
    guard single.isFinite else { return value }
    switch self {
    case .float16:
      let half = CoarseFormat.scaled(single, bits: 10)
      return abs(half) < 0x1p-14 ? (value * 0x1p24).rounded(.toNearestOrEven) * 0x1p-24 : half
    case .bfloat16: return CoarseFormat.scaled(single, bits: 7)
    case .tf32: return CoarseFormat.scaled(single, bits: 10)
    }
  }

  /// Whether a number is one of the format.
  func holds(_ value: Double) -> Bool { value == round(value) }

  private static func scaled(_ value: Float, bits: UInt32) -> Double {
    let drop = 23 - bits
    let pattern = value.bitPattern
    // Half a step, less one where the last bit that stays is even.
    let half = (1 << (drop - 1)) - 1 + (pattern >> drop & 1)
    let (sum, overflow) = pattern.addingReportingOverflow(half)
    return overflow ? Double(value) : Double(Float(bitPattern: sum & ~((1 << drop) - 1)))
  }
}
