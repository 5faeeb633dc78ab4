public import TPBytes

/// How a quantized tensor's integers stand for real numbers: (integer - zero point) * scale.
public final class Quantization: Sendable {
  /// How many scales there are.
  public enum Scheme: Sendable {
    /// One for the whole tensor.
    case perTensor(scale: Double, zeroPoint: Int)
    /// One for each place along an axis: tensors of one dimension. Zero points are integers, or
    /// floats where PyTorch says `float_qparams`.
    case perChannel(scales: Tensor, zeroPoints: Tensor, axis: Int)
  }

  /// Scales and zero points.
  public let scheme: Scheme

  /// A scheme whose axis and number of scales fit the tensor.
  public init(_ scheme: Scheme) { self.scheme = scheme }
}

extension Tensor {
  /// The same view with a quantizer.
  ///
  /// - Throws: `PortError` where the quantizer's axis or number of scales is not the tensor's.
  public func quantized(_ quantization: Quantization) throws(PortError) -> Tensor {
    if case .perChannel(let scales, let zeroPoints, let axis) = quantization.scheme {
      guard shape.extents.indices.contains(axis), scales.shape.extents == [shape[axis]],
        zeroPoints.shape.extents == [shape[axis]]
      else {
        throw PortError(
          .malformed, "a quantizer has not one scale and zero point for each channel",
          record: storage.key)
      }
    }
    return try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: offset, storage: storage,
      requiresGrad: requiresGrad, layout: layout, pending: pending, quantization: quantization)
  }

  /// The real numbers that a quantized tensor stands for, as `torch.dequantize` computes them: float32,
  /// one rounding for the difference and one for the product.
  ///
  /// - Returns: a contiguous tensor of its own; `nil` for a tensor that is not quantized.
  /// - Throws: `PortError` where the bytes cannot be had, would be more than
  ///   `limits.materialisedBytes`, or are several elements each.
  public func dequantized(limits: ReadLimits = ReadLimits()) throws(PortError) -> Tensor? {
    guard let quantization else { return nil }
    guard shape.elementCount <= limits.materialisedBytes / 4 else {
      throw PortError(
        .limit, "a quantized tensor of shape \(shape) has too many elements to be made float32",
        record: storage.key, remedy: ReadLimits.Named.materialisedBytes.remedy)
    }
    let integers = try quantizedIntegers(limits)
    var values = [Float](repeating: 0, count: integers.count)
    switch quantization.scheme {
    case .perTensor(let scale, let zeroPoint):
      let factor = Float(scale)
      for place in integers.indices {
        values[place] = Float(Int64(integers[place]) &- Int64(zeroPoint)) * factor
      }
    case .perChannel(let scales, let zeroPoints, let axis):
      let factors = try scales.floats(limits: limits)
      let inner = shape.extents[(axis + 1)...].reduce(1, *)
      if zeroPoints.dtype.isFloatingPoint {
        let zeros = try zeroPoints.floats(limits: limits)
        for place in integers.indices {
          let channel = place / inner % factors.count
          values[place] = (Float(integers[place]) - zeros[channel]) * factors[channel]
        }
      } else {
        let zeros = try zeroPoints.integers(limits: limits)
        for place in integers.indices {
          let channel = place / inner % factors.count
          let difference = Int64(integers[place]) &- Int64(zeros[channel])
          values[place] = Float(difference) * factors[channel]
        }
      }
    }
    return Tensor(floats: values, shape: shape, key: storage.key)
  }

  private func quantizedIntegers(_ limits: ReadLimits) throws(PortError) -> [Int32] {
    let plain: DType
    switch dtype {
    case .qint8: plain = .int8
    case .quint8: plain = .uint8
    case .qint32: plain = .int32
    default:
      throw PortError(
        .unsupported, "\(dtype.rawValue) elements, several to a byte, are not made float32",
        record: storage.key, remedy: "dequantize the tensor in PyTorch first")
    }
    let view = try Tensor(
      dtype: plain, shape: shape, strides: strides, offset: offset, storage: storage)
    // The types end at 32 bits.
    return try view.integers(limits: limits).map { Int32(truncatingIfNeeded: $0) }
  }
}
