import TPBytes
import TPComparison
import TPTensors
import Testing

/// What a checkpoint is read to say of its training.
@Suite struct CheckpointHeaderTests {
  /// `decoupled_weight_decay` is `nil` where the version of PyTorch did not write it.
  @Test(
    arguments: [
      ([0.01], true, "AdamW"), ([0.01], false, "Adam"), ([0], nil, "Adam"), ([0.01], nil, nil),
      ([0, 0], nil, "Adam"), ([0, 0.01], nil, nil),
    ] as [([Double], Bool?, String?)])
  func adamIsToldFromAdamW(decays: [Double], isDecoupled: Bool?, kind: String?) throws {
    var tree = MetadataTree()
    func entry(_ key: String, _ node: MetadataTree.Node) -> MetadataTree.Entry {
      .init(key: tree.add(.string(key)), value: tree.add(node))
    }
    var groups: [MetadataTree.Handle] = []
    for decay in decays {
      var group = [
        entry("lr", .float(0.1)), entry("betas", .none), entry("eps", .float(1e-8)),
        entry("amsgrad", .bool(false)), entry("weight_decay", .float(decay)),
      ]
      if let isDecoupled { group.append(entry("decoupled_weight_decay", .bool(isDecoupled))) }
      groups.append(tree.add(.dict(group)))
    }
    let optimizer = [entry("param_groups", .list(groups))]
    let root = [entry("optimizer", .dict(optimizer))]
    tree.root = tree.add(.dict(root))
    let tensor = Tensor(floats: [1], shape: Shape(known: [1]))
    let checkpoint = Checkpoint(
      container: .torchZip, metadata: tree,
      tensors: [TensorRecord(path: ["model_state_dict", "w"], tensor: tensor)])
    let difference = try CheckpointDifference(checkpoint, checkpoint, files: ("a", "b"))
    #expect(difference.headers.map(\.optimizer) == [kind, kind])
  }
}
