/// How PyTorch keeps a tensor's elements; the raw value is its name for it, without `torch.`.
public enum TensorLayout: String, Hashable, Sendable, CaseIterable {
  /// A view of a storage: shape, strides and offset.
  case strided
  /// Indices of the elements that are not zero, and their values.
  case sparseCOO = "sparse_coo"
  /// Compressed rows.
  case sparseCSR = "sparse_csr"
  /// Compressed columns.
  case sparseCSC = "sparse_csc"
  /// Compressed rows of blocks.
  case sparseBSR = "sparse_bsr"
  /// Compressed columns of blocks.
  case sparseBSC = "sparse_bsc"
  /// Tensors of different shapes in one buffer; it has no shape of its own and no dense meaning.
  case nested
}

/// What PyTorch left undone when it saved a view: the bytes are those of another tensor.
public struct PendingOperations: OptionSet, Hashable, Sendable {
  /// One bit per operation.
  public let rawValue: UInt8

  /// A set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The elements are the conjugates of what is stored.
  public static let conjugation = PendingOperations(rawValue: 1)
  /// The elements are what is stored with the other sign.
  public static let negation = PendingOperations(rawValue: 2)
}
