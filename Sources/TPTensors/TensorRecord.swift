/// A tensor under the name that a file gives it.
public struct TensorRecord: Sendable {
  /// The way from the root of the file to the tensor: dict keys and list indexes as texts.
  public var path: [String]
  /// The tensor; its bytes are fetched when they are asked for.
  public var tensor: Tensor

  /// The components of the path joined by dots, as `state_dict` joins module names.
  public var name: String { path.joined(separator: ".") }

  /// A tensor under a path.
  public init(path: [String], tensor: Tensor) {
    self.path = path
    self.tensor = tensor
  }
}
