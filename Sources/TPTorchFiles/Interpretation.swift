internal import TPBytes
internal import TPPickle
internal import TPTensors

/// What a pickle means to PyTorch: a metadata tree and tensors, whatever container it lay in.
struct Interpretation {
  /// Everything but tensor bytes; its tensor nodes are places in `records`.
  let tree: MetadataTree
  /// Every tensor under each of its paths, in the order of a walk from the root.
  let records: [TensorRecord]

  init(
    _ pickle: Pickle, storages: any StorageSource, limits: ReadLimits
  ) throws(PortError) {
    var builder = TreeBuilder(pickle.arena, storages: storages, limits: limits)
    let root = try builder.build(pickle.root)
    var tree = builder.tree
    tree.root = root
    let paths = try TensorPaths(tree, tensors: builder.tensors, wrappers: builder.wrappers, limits)
    // While the tree was built, tensor nodes counted the tensors; now they count the records.
    for (handle, place) in builder.tensorHandles {
      if let record = paths.firstRecords[place] { tree.replace(handle, with: .tensor(record)) }
    }
    self.tree = tree
    records = paths.records
  }
}
