public import TPBytes

extension Tensor {
  /// The same elements with the dimensions in another order, as `torch.permute`: a view.
  ///
  /// - Parameter axes: axis `i` of the result is axis `axes[i]`; each occurs once.
  /// - Throws: `PortError` where the tensor has other axes, or its elements have no strides.
  public func permuted(_ axes: [Int]) throws(PortError) -> Tensor {
    guard layout == .strided else {
      throw PortError(
        .unsupported, "a tensor of layout \(layout.rawValue) has no axes to be put in order",
        remedy: "make it dense in PyTorch first")
    }
    guard axes.sorted() == Array(0..<shape.rank) else {
      throw PortError(.mismatch, "the axes \(axes) do not fit a tensor of shape \(shape)")
    }
    return try Tensor(
      dtype: dtype, shape: try Shape(axes.map { shape[$0] }), strides: axes.map { strides[$0] },
      offset: offset, storage: storage, requiresGrad: requiresGrad, pending: pending)
  }
}
