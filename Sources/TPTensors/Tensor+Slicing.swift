public import TPBytes

extension Tensor {
  /// Some of the elements along the first dimension, as `tensor[first:last]` in PyTorch: a view.
  ///
  /// - Throws: `PortError` where there is no such range, or the elements have no strides.
  public func slice(_ range: Range<Int>) throws(PortError) -> Tensor {
    guard layout == .strided else {
      throw PortError(
        .unsupported, "a tensor of layout \(layout.rawValue) cannot be taken apart",
        remedy: "make it dense in PyTorch first")
    }
    guard let extent = shape.extents.first, let step = strides.first, range.lowerBound >= 0,
      range.upperBound <= extent
    else {
      throw PortError(.mismatch, "a tensor of shape \(shape) has no elements \(range)")
    }
    // An element of the tensor lies there, or none is asked for.
    let start = range.isEmpty ? 0 : range.lowerBound * step
    return try Tensor(
      dtype: dtype, shape: try Shape([range.count] + shape.extents.dropFirst()),
      strides: strides, offset: offset + start, storage: storage, requiresGrad: requiresGrad,
      pending: pending, quantization: quantization)
  }
}
