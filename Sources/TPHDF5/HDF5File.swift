public import TPBytes
public import TPTensors

/// Weights in HDF5 (The HDF Group's file format specification 3.0), read and written with libhdf5.
///
/// libhdf5 itself crashes on some damaged files, which no caller can prevent: read files of unknown
/// origin in a process of their own, as the command does. Calls take turns: libhdf5 is not safe to
/// call from several threads at once.
public enum HDF5File {
  /// Reads the tree of groups; the bytes of a dataset are read when they are asked for.
  ///
  /// Every dataset of numbers is a tensor, named by its attribute `torch_key` or else by the
  /// components of its path. Two hard links to one dataset are two names of one tensor. Where
  /// `torch_layout` names the dimensions of `layout` in another order, the tensor has that order: a
  /// view, as `torch.Tensor.permute` gives one. `metadata`
  /// is a dict: the attributes of the root under their names, and for each other object that has
  /// attributes its path (`/conv3d1/weight`) with the dict of them. A dataset of texts, a single one
  /// or a list, is metadata under its path, or under the empty key of its attributes where it has
  /// some. The attribute `torchport.order`,
  /// a JSON list of names, puts the tensors in the order of a state_dict; without it they come by
  /// creation where the groups keep that order, else by name.
  ///
  /// Links to other places (soft, external) are never followed, and data in other files is not
  /// read. What cannot be a tensor or metadata stands in `facts` under `not_read`.
  ///
  /// - Parameters:
  ///   - path: a regular file; it stays open while the checkpoint's tensors live.
  ///   - limits: bounds members, depth, rank and the bytes of a dataset.
  ///   - budget: how much of its datasets is kept by passes that need each once.
  /// - Throws: `PortError` for a file that is not HDF5, is damaged, or exceeds the limits.
  public static func read(
    path: String, limits: ReadLimits = ReadLimits(), budget: CacheBudget = CacheBudget()
  ) throws(PortError) -> Checkpoint {
    // Says what a missing file, a folder or a pipe is; libhdf5 would wait for a pipe for ever.
    _ = try SharedBytes(path: path, mapFrom: 0)
    let file = try OpenFile(path: path)
    var contents = try file.contents(limits: limits, budget: budget)
    if let order = contents.attribute("torchport.order") {
      try contents.sort(by: order)
    }
    return Checkpoint(
      container: .hdf5, metadata: contents.tree(), tensors: contents.tensors,
      facts: contents.notRead.map { ("not_read", $0) }
    ) { [count = contents.tensors.count] in
      var checksums = Checkpoint.Checksums()
      checksums.absent = count
      return checksums
    }
  }
}
