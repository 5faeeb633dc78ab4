public import TPBytes

/// A tensor in another type, and what that did to it.
public struct RoundedTensor: Sendable {
  /// The elements in the new type; of int8 the integers.
  public let tensor: Tensor
  /// What int8 elements are multiplied by, one for each output channel; `nil` for other types.
  public let scale: Tensor?
  /// What was lost.
  public let loss: RoundingLoss
}

extension Tensor {
  /// The elements in another floating-point type, each rounded once to nearest, ties to even.
  ///
  /// Widening is exact. What is half a unit or more beyond the largest number becomes infinite. A
  /// NaN stays one, quiet, with its sign and as many leading bits of its payload as fit.
  ///
  /// - Parameters:
  ///   - dtype: float64, float32, float16 or bfloat16.
  ///   - limits: the bounds on what may be made.
  /// - Throws: `PortError` where either type is another one, or the bytes cannot be had.
  public func rounded(
    to dtype: DType, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> RoundedTensor {
    guard let source = BinaryFormat(self.dtype), let target = BinaryFormat(dtype) else {
      throw PortError(
        .unsupported, "\(self.dtype.rawValue) cannot be converted to \(dtype.rawValue)",
        record: storage.key)
    }
    switch source {
    case .float64: return try rounded(UInt64.self, source, to: dtype, target, limits)
    case .float32: return try rounded(UInt32.self, source, to: dtype, target, limits)
    default: return try rounded(UInt16.self, source, to: dtype, target, limits)
    }
  }

  private func rounded<Old: FixedWidthInteger & BitwiseCopyable>(
    _ old: Old.Type, _ source: BinaryFormat, to dtype: DType, _ target: BinaryFormat,
    _ limits: ReadLimits
  ) throws(PortError) -> RoundedTensor {
    switch target {
    case .float64: try rounded(old, UInt64.self, source, to: dtype, target, limits)
    case .float32: try rounded(old, UInt32.self, source, to: dtype, target, limits)
    default: try rounded(old, UInt16.self, source, to: dtype, target, limits)
    }
  }

  private func rounded<
    Old: FixedWidthInteger & BitwiseCopyable, New: FixedWidthInteger & BitwiseCopyable
  >(
    _ old: Old.Type, _ new: New.Type, _ source: BinaryFormat, to dtype: DType,
    _ target: BinaryFormat, _ limits: ReadLimits
  ) throws(PortError) -> RoundedTensor {
    let region = try contiguousBytes(limits: limits)
    let count = region.count / MemoryLayout<Old>.size
    var loss = RoundingLoss()
    loss.count = count
    let made = try unsafe Self.made(count, New.self, limits, storage.key) { values in
      let bytes = region.bytes
      for index in 0..<count {
        let bits = unsafe Old(
          littleEndian: bytes.unsafeLoadUnaligned(
            fromByteOffset: index * MemoryLayout<Old>.size, as: Old.self))
        let wide = source.widened(UInt64(bits))
        let narrow = target.narrowed(wide)
        unsafe values[index] = New(truncatingIfNeeded: narrow).littleEndian
        let number = Double(bitPattern: wide)
        if number.isFinite {
          loss.add(number, Double(bitPattern: target.widened(narrow)))
          if number == 0 { continue }
          if target.isZero(narrow) {
            loss.toZero += 1
          } else if target.isBelowNormal(narrow) {
            loss.toSubnormal += 1
          } else if target.isInfinite(narrow) {
            loss.overflow += 1
          }
        } else if number.isNaN {
          loss.nan += 1
        }
      }
    }
    let storage = Storage(key: storage.key, region: made)
    return RoundedTensor(
      tensor: try Tensor(dtype: dtype, shape: shape, storage: storage), scale: nil, loss: loss)
  }

  /// Memory for `count` words, filled by `body`.
  static func made<Word: BitwiseCopyable>(
    _ count: Int, _ word: Word.Type, _ limits: ReadLimits, _ key: String,
    _ body: (UnsafeMutableBufferPointer<Word>) -> Void
  ) throws(PortError) -> ByteRegion {
    let (total, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Word>.size)
    guard !overflow, total <= limits.materialisedBytes else {
      throw PortError(
        .limit,
        "\(count) elements need more than the \(limits.materialisedBytes) bytes that may be made",
        record: key, remedy: ReadLimits.Named.materialisedBytes.remedy)
    }
    if total == 0 { return ByteRegion([]) }
    return try unsafe SharedBytes(count: total) {
      (memory: UnsafeMutableRawBufferPointer) throws(PortError) in
      let words = unsafe memory.bindMemory(to: Word.self)
      unsafe body(words)
    }.region
  }
}
