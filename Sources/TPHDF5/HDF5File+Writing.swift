internal import CTPLibHDF5
public import TPBytes
public import TPTensors

extension HDF5File {
  /// Writes a weight file: a dataset per tensor, its dots turned into groups, PyTorch's names,
  /// layouts and gate order untouched; or, with `placements`, where and how these say.
  ///
  /// Names of one tensor are hard links to one dataset, unless they have placements; other tensors
  /// that share memory are written in full. Each dataset is little-endian and contiguous, or where
  /// the contents are to be compressed in chunks that are shuffled, deflated and summed up by
  /// Fletcher's checksum of 32 bits; a scalar and what has no elements stay contiguous. Its
  /// attributes are `torch_key`, `layout` (the meaning of its dimensions, outermost first: `OIDHW`
  /// for the kernel of a 3-D convolution, `OI` for a matrix, `C` for a vector, `scalar`, else
  /// `dims`), `torch_layout` where it has a placement (the same letters in PyTorch's order), and
  /// `sha256`. Each fact is an attribute `torchport.KEY` of the root; `order` and `aliases` are made here.
  /// Attributes are texts of fixed length in UTF-8, of any size. float16 and bfloat16 are floats of
  /// 16 bits, bool and complex numbers as h5py writes them. The bytes depend on the contents and on
  /// the versions of libhdf5 and zlib alone.
  ///
  /// What libhdf5 writes goes into the output's unfinished file, tensor by tensor.
  ///
  /// - Parameters:
  ///   - contents: what to write.
  ///   - output: a new file; committing it is the caller's.
  /// - Throws: `PortError` for an element type or a key that HDF5 does not have, bytes that cannot be
  ///   had, or a failed write.
  public static func write(
    _ contents: WeightFile, to output: inout AtomicFile
  ) throws(PortError) {
    // What cannot be written is told before anything is made dense.
    for entry in contents.tensors.entries {
      do throws(PortError) {
        try check(entry)
      } catch {
        throw error.at(key: entry.name)
      }
    }
    try output.lend { (descriptor) throws(PortError) in
      try write(contents, to: FileWriter(descriptor: descriptor, contents))
    }
  }

  private static func write(_ contents: WeightFile, to writer: FileWriter) throws(PortError) {
    let placed = Placed(contents)
    try writer.add(facts: contents, aliases: placed.aliases)
    for entry in contents.tensors.entries {
      do throws(PortError) {
        if let first = placed.original(of: entry.name) {
          try writer.link(placed.path(of: entry.name), to: placed.path(of: first))
          continue
        }
        let placement = contents.placements[entry.name]
        // Outside of the library: the tensor may itself lie in an HDF5 file.
        let tensor =
          if let placement { try entry.tensor.permuted(placement.axes) } else { entry.tensor }
        let region = try tensor.contiguousBytes(caching: false)
        try writer.write(
          FileWriter.Dataset(
            path: placed.path(of: entry.name), dtype: tensor.dtype, shape: tensor.shape,
            region: region, attributes: attributes(of: entry, placement, contents.digests)))
      } catch {
        throw error.at(key: entry.name)
      }
    }
    try writer.add(notes: contents.notes)
    try writer.finish()
  }

  private static func check(_ entry: StateDict.Entry) throws(PortError) {
    let (name, tensor) = (entry.name, entry.tensor)
    guard holds(tensor.dtype) else {
      throw PortError(
        .unsupported, "HDF5 has no element type for \(tensor.dtype.rawValue)",
        remedy: "convert the tensor to another type, or write a .pth or .safetensors file")
    }
    guard tensor.shape.rank <= 32 else {
      throw PortError(
        .unsupported, "HDF5 has at most 32 dimensions and the tensor has \(tensor.shape.rank)",
        remedy: "write a .pth or .safetensors file")
    }
    guard name.utf8.last != 0 else {
      throw PortError(
        .unsupported, "a key that ends in NUL cannot be kept in HDF5", remedy: "rename the tensor")
    }
  }

  private static func attributes(
    of entry: StateDict.Entry, _ placement: WeightFile.Placement?, _ digests: [String: String]
  ) -> [(name: String, text: String)] {
    var attributes = [(name: "torch_key", text: entry.name)]
    if let placement, placement.axes.count > 1 {
      attributes.append(("layout", placement.layout))
      attributes.append(("torch_layout", placement.torchLayout))
    } else {
      attributes.append(("layout", layout(of: entry.tensor.shape, name: entry.name)))
    }
    if let digest = digests[entry.name] { attributes.append(("sha256", digest)) }
    return attributes
  }

  /// What the dimensions mean, as far as PyTorch's names and ranks tell.
  private static func layout(of shape: Shape, name: String) -> String {
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
}

/// Where each tensor stands.
private struct Placed {
  private let paths: DatasetPaths
  private let placements: [String: WeightFile.Placement]
  /// The groups of names of one dataset.
  let aliases: [[String]]
  private var originals: [String: String] = [:]

  init(_ contents: WeightFile) {
    placements = contents.placements
    // A placed tensor has no path of its own name, which could be in another's way.
    paths = DatasetPaths(keys: contents.tensors.names.filter { contents.placements[$0] == nil })
    aliases = contents.tensors.sharing.aliases
      .map { $0.filter { contents.placements[$0] == nil } }.filter { $0.count > 1 }
    for group in aliases {
      for name in group.dropFirst() { originals[name] = group[0] }
    }
  }

  func path(of name: String) -> [String] {
    placements[name]?.path ?? paths.components(of: name)
  }

  /// The name under which the same tensor was written before; `nil` where it was not, or stands
  /// there in another way.
  func original(of name: String) -> String? {
    originals[name]
  }
}
