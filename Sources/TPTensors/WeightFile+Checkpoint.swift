extension WeightFile {
  /// The contents as a reader of the written file would find them: each fact is the text
  /// `torchport.KEY` of the metadata.
  public var checkpoint: Checkpoint {
    var tree = MetadataTree()
    let entries = facts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
      MetadataTree.Entry(
        key: tree.add(.string("torchport." + $0.key)), value: tree.add(.string($0.value)))
    }
    tree.root = tree.add(.dict(entries))
    return Checkpoint(
      container: .safetensors, metadata: tree,
      tensors: tensors.entries.map { TensorRecord(path: [$0.name], tensor: $0.tensor) })
  }
}
