internal import TPBytes
internal import TPPickle
internal import TPTensors

/// What a pickle means to PyTorch: a metadata tree and tensors, whatever container it lay in.
struct Interpretation {
  /// Everything but tensor bytes; its tensor nodes are places in `records`.
  let tree: MetadataTree
  /// Every tensor under each of its paths, in the order of a walk from the root.
  let records: [TensorRecord]
  /// The same for NumPy arrays and bare storages.
  let arrays: [TensorRecord]
  /// The classes and functions that it names.
  let globals: [Checkpoint.Global]
  /// The protocol of the pickle.
  let protocolNumber: Int

  /// - Parameter source: what the machine was given.
  init(
    _ pickle: Pickle, source: ByteRegion, storages: any PersistentSource, limits: ReadLimits
  ) throws(PortError) {
    var builder = TreeBuilder(pickle.arena, source: source, storages: storages, limits: limits)
    let root = try builder.build(pickle.root)
    var tree = builder.tree
    tree.root = root
    let paths = try TensorPaths(tree, tensors: builder.tensors, known: builder.known, limits)
    // While the tree was built, tensor nodes counted the tensors; now they count the records.
    for (handle, place) in builder.tensorHandles {
      let node: MetadataTree.Node
      if let record = paths.place(of: place) {
        node = .tensor(record)
      } else {
        // No path leads to it: a buffer that a module does not save, an attribute of a module.
        node = Interpretation.describe(builder.tensors[place], in: &tree)
      }
      tree.replace(handle, with: node)
    }
    self.tree = tree
    records = paths.records
    arrays = paths.arrays
    protocolNumber = pickle.protocolNumber
    globals = pickle.arena.globals.map {
      Checkpoint.Global(module: $0.module, name: $0.name, count: $0.count)
    }
  }
  private static func describe(
    _ tensor: Tensor, in tree: inout MetadataTree
  ) -> MetadataTree.Node {
    let extents = tensor.shape.extents.map { tree.add(.int($0)) }
    let fields = [
      MetadataTree.Entry(
        key: tree.add(.string("dtype")), value: tree.add(.string(tensor.dtype.rawValue))),
      MetadataTree.Entry(key: tree.add(.string("shape")), value: tree.add(.list(extents))),
    ]
    return .object(
      className: "torch.Tensor", arguments: [], fields: fields, items: [], entries: [])
  }
}
