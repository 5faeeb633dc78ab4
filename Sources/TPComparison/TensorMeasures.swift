internal import TPBytes
internal import TPTensors

/// How far two tensors of one shape and type lie apart; everything in float64.
public struct TensorMeasures: Hashable, Sendable {
  /// ||A||, the Euclidean norm of the first, finite or not.
  public var normA = 0.0
  /// ||B||.
  public var normB = 0.0
  /// ||B - A||.
  public var normDelta = 0.0
  /// The largest |b - a|; NaN as soon as one side is NaN where the other is not.
  public var maxAbs = 0.0
  /// The flat row-major index where `maxAbs` was met first; `nil` where nothing differs.
  public var maxIndex: Int?
  /// The share of elements whose bits differ, between 0 and 1.
  public var changed = 0.0
  /// The cosine of the angle between the two; `nil` where one of the norms is zero.
  public var cosine: Double?

  /// ||B - A|| / ||A||; `nil` where ||A|| is zero.
  public var relative: Double? { normA == 0 ? nil : normDelta / normA }
}

/// What the bits of two tensors of one shape and type have to do with each other.
enum BitComparison {
  case identical
  /// Every pair is equal, or NaN on both sides; some bits differ all the same.
  case equalValues
  case changed
}

/// Compares two tensors of one shape and type, and measures what lies between them.
///
/// - Throws: `PortError` naming the file whose bytes cannot be had.
func measure(
  _ a: Tensor, _ b: Tensor, _ files: (a: String, b: String)
) throws(PortError) -> (bits: BitComparison, measures: TensorMeasures?) {
  let left = try elements(of: a, in: files.a)
  let right = try elements(of: b, in: files.b)
  if left.hasSameBytes(as: right) {
    guard a.dtype.isReal else { return (.identical, nil) }
    let norm = squares(try a.doubles()).squareRoot()
    var measures = TensorMeasures()
    measures.normA = norm
    measures.normB = norm
    measures.cosine = norm == 0 || !norm.isFinite ? nil : 1
    return (.identical, measures)
  }
  guard a.dtype.isReal else { return (.changed, nil) }
  var measures = compare(try a.doubles(), try b.doubles())
  if measures.maxIndex == nil, a.dtype == .int64 || a.dtype == .uint64 {
    measureBeyondDouble(left, right, &measures)
  }
  let valuesDiffer = measures.maxIndex != nil
  measures.changed =
    Double(differingElements(left, right, size: a.dtype.byteCount))
    / Double(max(a.shape.elementCount, 1))
  return (valuesDiffer ? .changed : .equalValues, measures)
}

private func elements(of tensor: Tensor, in file: String) throws(PortError) -> ByteRegion {
  do throws(PortError) {
    return try tensor.contiguousBytes()
  } catch {
    throw error.in(file: file)
  }
}

private func differingElements(_ a: ByteRegion, _ b: ByteRegion, size: Int) -> Int {
  var count = 0
  unsafe a.bytes.withUnsafeBytes { left in
    unsafe b.bytes.withUnsafeBytes { right in
      for element in 0..<left.count / max(size, 1) {
        for byte in element * size..<(element + 1) * size {
          if unsafe left[byte] != right[byte] {
            count += 1
            break
          }
        }
      }
    }
  }
  return count
}

/// What separates 64-bit integers that are the same as float64, each pair less than 2^11 apart.
private func measureBeyondDouble(
  _ a: ByteRegion, _ b: ByteRegion, _ measures: inout TensorMeasures
) {
  let (left, right) = (a.bytes, b.bytes)
  var sum = 0.0
  for index in 0..<left.byteCount / 8 {
    let x = unsafe left.unsafeLoadUnaligned(fromByteOffset: 8 * index, as: Int64.self)
    let y = unsafe right.unsafeLoadUnaligned(fromByteOffset: 8 * index, as: Int64.self)
    let delta = Double((Int64(littleEndian: y) &- Int64(littleEndian: x)).magnitude)
    sum += delta * delta
    if delta > measures.maxAbs {
      measures.maxAbs = delta
      measures.maxIndex = index
    }
  }
  measures.normDelta = sum.squareRoot()
}

private func squares(_ values: [Double]) -> Double {
  var sum = 0.0
  for value in values { sum += value * value }
  return sum
}

private func compare(_ a: [Double], _ b: [Double]) -> TensorMeasures {
  var sumA = 0.0
  var sumB = 0.0
  var sumDelta = 0.0
  var product = 0.0
  var largest = 0.0
  var place: Int?
  for index in a.indices {
    let (x, y) = (a[index], b[index])
    sumA += x * x
    sumB += y * y
    product += x * y
    if x == y || (x.isNaN && y.isNaN) { continue }
    let delta = y - x
    sumDelta += delta * delta
    let size = abs(delta)
    // A NaN that is new is the largest difference of all, and stays it.
    if place == nil || size > largest || (size.isNaN && !largest.isNaN) {
      largest = size
      place = index
    }
  }
  var measures = TensorMeasures()
  measures.normA = sumA.squareRoot()
  measures.normB = sumB.squareRoot()
  measures.normDelta = sumDelta.squareRoot()
  measures.maxAbs = largest
  measures.maxIndex = place
  let norms = measures.normA * measures.normB
  measures.cosine = norms == 0 || !norms.isFinite ? nil : product / norms
  return measures
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
}
