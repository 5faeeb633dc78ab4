internal import CTPLibHDF5
public import TPBytes
public import TPTensors

extension HDF5File {
  /// Writes a weight file: a dataset per tensor, its dots turned into groups, PyTorch's names,
  /// layouts and gate order untouched.
  ///
  /// Each dataset is contiguous and little-endian and has the attributes `torch_key`, `layout` (the
  /// meaning of its dimensions, outermost first: `OIDHW` for the kernel of a 3-D convolution, `OI`
  /// for a matrix, `C` for a vector, `scalar`, else `dims`) and `sha256`. Each fact is an attribute
  /// `torchport.KEY` of the root; `torchport.order` is made here. Attributes are texts of fixed
  /// length in UTF-8, of any size. float16 and bfloat16 are floats of 16 bits, bool and complex
  /// numbers as h5py writes them. The bytes depend on the contents and libhdf5's version alone.
  ///
  /// The file is made in memory, so it needs twice its size there.
  ///
  /// - Parameters:
  ///   - contents: what to write; tensors that share memory are written in full.
  ///   - output: takes the bytes; committing it is the caller's.
  /// - Throws: `PortError` for an element type or a key that HDF5 does not have, bytes that cannot be
  ///   had, or a failed write.
  public static func write(
    _ contents: WeightFile, to output: inout AtomicFile
  ) throws(PortError) {
    // Storages are fetched before the lock is taken: one of them may itself be in an HDF5 file.
    var regions: [ByteRegion] = []
    // What cannot be written is told before anything is made dense.
    try withLibrary { () throws(PortError) in
      for entry in contents.tensors.entries {
        do throws(PortError) {
          _ = try elementType(of: entry.tensor)
        } catch {
          throw error.at(key: entry.name)
        }
      }
    }
    for entry in contents.tensors.entries {
      do throws(PortError) {
        regions.append(try entry.tensor.contiguousBytes())
      } catch {
        throw error.at(key: entry.name)
      }
    }
    let image = try withLibrary { () throws(PortError) in
      try FileWriter(contents).image(of: contents, regions)
    }
    try output.write(image.bytes)
  }
}

/// HDF5's type for a tensor's elements, inside `withLibrary`.
///
/// - Throws: `PortError` of kind `unsupported` where there is none.
private func elementType(of tensor: Tensor) throws(PortError) -> Identifier {
  guard let type = try ElementType.make(tensor.dtype) else {
    throw PortError(
      .unsupported, "HDF5 has no element type for \(tensor.dtype.rawValue)",
      remedy: "convert the tensor to another type, or write a .pth or .safetensors file")
  }
  return type
}

/// Makes a file in memory, inside `withLibrary`.
private struct FileWriter: ~Copyable {
  private let file: Identifier
  private let groupSettings: Identifier
  private let datasetSettings: Identifier
  private let linkSettings: Identifier

  init(_ contents: borrowing WeightFile) throws(PortError) {
    let problem = "cannot make an HDF5 file"
    let kind = PortError.Kind.inputOutput
    let access = try Identifier(H5Pcreate(tp_h5_file_access_class()), problem, kind: kind)
    // Nothing is written to a disk here, and the version of every structure is fixed: HDF5 1.8's,
    // the oldest that can keep attributes beyond 64 KiB and the order of creation.
    try check(H5Pset_fapl_core(access.id, 1 << 20, false), problem, kind: kind)
    try check(
      H5Pset_libver_bounds(access.id, H5F_LIBVER_V18, H5F_LIBVER_V18), problem, kind: kind)
    let creation = try Identifier(H5Pcreate(tp_h5_file_create_class()), problem, kind: kind)
    let groupSettings = try Identifier(H5Pcreate(tp_h5_group_create_class()), problem, kind: kind)
    let datasetSettings = try Identifier(
      H5Pcreate(tp_h5_dataset_create_class()), problem, kind: kind)
    let linkSettings = try Identifier(H5Pcreate(tp_h5_link_create_class()), problem, kind: kind)
    for settings in [creation.id, groupSettings.id] {
      try check(
        H5Pset_link_creation_order(settings, tp_h5_track_and_index()), problem, kind: kind)
    }
    for settings in [creation.id, groupSettings.id, datasetSettings.id] {
      try check(H5Pset_obj_track_times(settings, false), problem, kind: kind)
    }
    // Facts can be longer than an object header holds: the root keeps its attributes in a heap.
    try check(H5Pset_attr_phase_change(creation.id, 0, 0), problem, kind: kind)
    // Every element is written at once, so there is nothing to fill.
    try check(H5Pset_fill_time(datasetSettings.id, H5D_FILL_TIME_NEVER), problem, kind: kind)
    try check(H5Pset_char_encoding(linkSettings.id, H5T_CSET_UTF8), problem, kind: kind)
    let file = try Identifier(
      unsafe H5Fcreate("weights in memory", tp_h5_truncate(), creation.id, access.id), problem,
      kind: kind)
    self.file = file
    self.groupSettings = groupSettings
    self.datasetSettings = datasetSettings
    self.linkSettings = linkSettings
  }

  /// The bytes of the finished file.
  func image(of contents: WeightFile, _ regions: [ByteRegion]) throws(PortError) -> ByteRegion {
    var facts = contents.facts
    facts["order"] = JSONValue.array(contents.tensors.names.map { .string($0) }).text()
    let root = try Identifier(
      unsafe H5Gopen2(file.id, "/", tp_h5_default_list()), "cannot open the root group")
    for (key, text) in facts.sorted(by: {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }) {
      try add("torchport." + key, text, to: root.id)
    }
    let paths = DatasetPaths(keys: contents.tensors.names)
    var groups: Set<[String]> = [[]]
    for (entry, region) in zip(contents.tensors.entries, regions) {
      do throws(PortError) {
        let components = paths.components(of: entry.name)
        for depth in 0..<components.count - 1 {
          let group = Array(components[...depth])
          guard groups.insert(group).inserted else { continue }
          _ = try Identifier(
            unsafe H5Gcreate2(
              file.id, path(group), linkSettings.id, groupSettings.id, tp_h5_default_list()),
            "cannot make the group \(path(group))", kind: .inputOutput)
        }
        try write(entry, region, at: path(components), digest: contents.digests[entry.name])
      } catch {
        throw error.at(key: entry.name)
      }
    }
    return try finished()
  }

  private func path(_ components: [String]) -> String {
    components.map { "/" + $0 }.joined()
  }

  private func write(
    _ entry: StateDict.Entry, _ region: ByteRegion, at path: String, digest: String?
  ) throws(PortError) {
    let (name, tensor) = (entry.name, entry.tensor)
    let type = try elementType(of: tensor)
    guard tensor.shape.rank <= 32 else {
      throw PortError(
        .unsupported, "HDF5 has at most 32 dimensions and the tensor has \(tensor.shape.rank)")
    }
    guard name.utf8.last != 0 else {
      throw PortError(
        .unsupported, "a key that ends in NUL cannot be kept in HDF5", remedy: "rename the tensor")
    }
    let extents = tensor.shape.extents.map { hsize_t($0) }
    let space = try Identifier(
      extents.isEmpty
        ? H5Screate(H5S_SCALAR)
        : unsafe extents.withUnsafeBufferPointer {
          unsafe H5Screate_simple(Int32(extents.count), $0.baseAddress, nil)
        }, "cannot make the shape", kind: .inputOutput)
    let set = try Identifier(
      unsafe H5Dcreate2(
        file.id, path, type.id, space.id, linkSettings.id, datasetSettings.id,
        tp_h5_default_list()), "cannot make the dataset \(path)", kind: .inputOutput)
    if region.count > 0 {
      let status = unsafe region.bytes.withUnsafeBytes {
        unsafe H5Dwrite(
          set.id, type.id, tp_h5_all(), tp_h5_all(), tp_h5_default_list(), $0.baseAddress)
      }
      try check(status, "cannot write the dataset \(path)", kind: .inputOutput)
    }
    try add("torch_key", name, to: set.id)
    try add("layout", layout(of: tensor.shape, name: name), to: set.id)
    if let digest { try add("sha256", digest, to: set.id) }
  }

  /// What the dimensions mean, as far as PyTorch's names and ranks tell.
  private func layout(of shape: Shape, name: String) -> String {
    let last = name.utf8.split(separator: UInt8(ascii: ".")).last.map { String(Substring($0)) }
    let isWeight = last?.hasPrefix("weight") ?? false
    switch shape.rank {
    case 0: return "scalar"
    case 1: return "C"
    case 2 where isWeight: return "OI"
    case 3 where isWeight: return "OIW"
    case 4 where isWeight: return "OIHW"
    case 5 where isWeight: return "OIDHW"
    default: return "dims"
    }
  }

  /// Adds a text of fixed length in UTF-8, padded with NUL where it is empty.
  private func add(_ name: String, _ text: String, to object: hid_t) throws(PortError) {
    let problem = "cannot write the attribute \(name)"
    let kind = PortError.Kind.inputOutput
    let bytes = text.isEmpty ? [0] : Array(text.utf8)
    let type = try Identifier(H5Tcopy(tp_h5_c_string()), problem, kind: kind)
    try check(H5Tset_size(type.id, bytes.count), problem, kind: kind)
    try check(H5Tset_cset(type.id, H5T_CSET_UTF8), problem, kind: kind)
    try check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), problem, kind: kind)
    let space = try Identifier(H5Screate(H5S_SCALAR), problem, kind: kind)
    let attribute = try Identifier(
      unsafe H5Acreate2(
        object, name, type.id, space.id, tp_h5_default_list(), tp_h5_default_list()),
      problem, kind: kind)
    let status = unsafe bytes.withUnsafeBytes {
      unsafe H5Awrite(attribute.id, type.id, $0.baseAddress)
    }
    try check(status, problem, kind: kind)
  }

  private func finished() throws(PortError) -> ByteRegion {
    let problem = "cannot finish the HDF5 file"
    try check(H5Fflush(file.id, H5F_SCOPE_GLOBAL), problem, kind: .inputOutput)
    let size = H5Fget_file_image(file.id, nil, 0)
    try check(size, problem, kind: .inputOutput)
    let image = try unsafe SharedBytes(count: size) {
      (buffer: UnsafeMutableRawBufferPointer) throws(PortError) in
      let copied = unsafe H5Fget_file_image(file.id, buffer.baseAddress, buffer.count)
      guard copied == size else {
        throw libraryError(.inputOutput, problem)
      }
      unsafe repairSuperblock(buffer)
    }
    return image.region
  }
}
