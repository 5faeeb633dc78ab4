internal import TPBytes
internal import TPTensors

extension Tensor {
  /// The tensor of a dataset with its dimensions in PyTorch's order.
  ///
  /// - Parameters:
  ///   - torch: a letter for each dimension as PyTorch has them (`OIDHW`); `nil` where the dataset
  ///     does not say, and nothing changes.
  ///   - written: the same letters as the dataset has the dimensions (`DHWIO`).
  /// - Throws: `PortError` where these are not the same letters, one for each dimension.
  func inTorchLayout(_ torch: String?, from written: String?) throws(PortError) -> Tensor {
    guard let torch else { return self }
    let letters = Array(torch)
    let places = Array(written ?? "")
    guard letters.count == shape.rank, places.count == shape.rank,
      Set(letters).count == letters.count, Set(letters) == Set(places)
    else {
      throw PortError(
        .malformed,
        "torch_layout \(printable(torch, limit: 40)) and layout"
          + " \(printable(written ?? "", limit: 40)) do not name its \(shape.rank) dimensions")
    }
    let axes = letters.compactMap { places.firstIndex(of: $0) }
    return try Tensor(
      dtype: dtype, shape: try Shape(axes.map { shape[$0] }), strides: axes.map { strides[$0] },
      offset: offset, storage: storage)
  }
}
