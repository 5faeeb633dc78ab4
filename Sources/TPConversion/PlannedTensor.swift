public import TPTensors

/// A tensor of a plan: what is written, and where it comes from.
public struct PlannedTensor: Sendable {
  /// Its name in the weight file.
  public let name: String
  /// Its type there.
  public let dtype: DType
  /// Its extents there.
  public let shape: Shape
  /// Bytes of its elements.
  public let byteCount: Int
  /// The names in the file of what it is made from; none where it is made on the way.
  public let sources: [String]
  /// What was done to it, in order.
  public let changes: [String]
}

extension ConversionPlan {
  /// A tensor that a map leaves out.
  public struct Dropped: Hashable, Sendable {
    /// Its name when it was dropped.
    public let name: String
    /// The names in the file of what it was made from.
    public let sources: [String]
    /// The number of the rule.
    public let rule: Int
  }

  /// Every tensor that is written, in the order of the state_dict.
  public var tensors: [PlannedTensor] {
    contents.tensors.entries.map { entry in
      let origin = origins[entry.name]
      return PlannedTensor(
        name: entry.name, dtype: entry.tensor.dtype, shape: entry.tensor.shape,
        byteCount: entry.tensor.byteCount ?? 0, sources: origin?.sources ?? [],
        changes: origin?.changes ?? [])
    }
  }
}
