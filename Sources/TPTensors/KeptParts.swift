/// The parts of a checkpoint beside the model that a weight file carries along: an optimizer's state,
/// a scheduler's, the histories of a training.
public struct KeptParts: Sendable {
  /// The checkpoint's dict with these parts, its root. A node `MetadataTree.Node.tensor` is a place in
  /// `names`; every value is plain (`MetadataTree.Node.objection`).
  public var tree: MetadataTree
  /// The value in the tree that stands for the model's state_dict; what it is does not matter.
  public var model: MetadataTree.Handle
  /// The names of the parts' tensors among those of the weight file.
  public var names: [String]

  /// Parts and where the model stands among them.
  public init(tree: MetadataTree, model: MetadataTree.Handle, names: [String]) {
    self.tree = tree
    self.model = model
    self.names = names
  }
}
