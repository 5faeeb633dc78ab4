public import TPBytes
internal import TPHDF5
internal import TPNumPy
internal import TPSafeTensors
public import TPTensors
public import TPTorchFiles

/// What was saved of a damaged file.
public struct RecoveredFile: Sendable {
  /// A tensor that the damaged file speaks of.
  public struct Entry: Sendable {
    /// Its path, type and shape.
    public let record: TensorRecord
    /// How sure its bytes are.
    public let state: Recovery.State
    /// Whether the damaged file still tells its type and shape; those of the record mean nothing
    /// where it does not.
    public let isDescribed: Bool
    /// Why it is not in the output: it is lost, or cannot be kept there; `nil` where it is there.
    public let obstacle: String?
  }

  /// How the damaged file is built.
  public let container: Checkpoint.Container
  /// Every tensor in the order of the file.
  public let entries: [Entry]
  /// The path of the output.
  public let output: String
  /// Its format.
  public let format: WeightFormat
  /// Its size in bytes.
  public let byteCount: Int

  /// How many tensors are in the output.
  public var written: Int { entries.count { $0.obstacle == nil } }
  /// Whether every tensor is in the output.
  public var isWhole: Bool { written == entries.count }
}

extension CheckpointFile {
  /// Writes every tensor of a damaged checkpoint whose bytes are there and contradicted by nothing.
  ///
  /// Tensors are written under their whole path, those of an optimizer too.
  /// - Parameters:
  ///   - path: a checkpoint that `torch.save` wrote: a zip file, a legacy stream or a tar file.
  ///   - format: see `WeightFormat.init(outputPath:)`.
  ///   - output: the target.
  ///   - replacing: whether an existing target may be replaced.
  ///   - limits: the bounds on what the file may ask for.
  /// - Throws: `PortError` where nothing can be recovered; the target is then what it was before.
  public static func recover(
    path: String, format: WeightFormat, to output: String, replacing: Bool,
    limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> RecoveredFile {
    try AtomicFile.check(path: output, replacing: replacing)
    let recovery: Recovery
    var contents = StateDict()
    var entries: [RecoveredFile.Entry] = []
    do throws(PortError) {
      recovery = try recover(try SharedBytes(path: path), limits)
      for entry in recovery.entries {
        let obstacle = try add(entry, to: &contents, format)
        entries.append(
          RecoveredFile.Entry(
            record: entry.record, state: entry.state, isDescribed: entry.isDescribed,
            obstacle: obstacle))
      }
      guard !contents.isEmpty else {
        throw PortError(
          .malformed,
          entries.isEmpty
            ? "holds no tensors" : "none of its \(entries.count) tensors can be recovered",
          remedy: "fetch the file again")
      }
    } catch {
      throw error.in(file: path)
    }
    let count = try write(
      WeightFile(tensors: contents, facts: [:], digests: [:]), format: format, to: output,
      replacing: replacing)
    return RecoveredFile(
      container: recovery.container, entries: entries, output: output, format: format,
      byteCount: count)
  }

  private static func recover(
    _ file: SharedBytes, _ limits: ReadLimits
  ) throws(PortError) -> Recovery {
    switch try? FileSignature.sniff(file.bytes) {
    case .torchLegacy: return try TorchFile.recoverLegacy(file, limits: limits)
    case .tar: return try TorchFile.recoverTar(file, limits: limits)
    default: break
    }
    do throws(PortError) {
      return try TorchFile.recoverZip(file, limits: limits)
    } catch {
      // What the file is instead, where it is no zip file at all.
      if case .torchZip = try FileSignature.sniff(file.bytes) { throw error }
      throw PortError(
        .unsupported, "only zip, legacy and tar checkpoints that torch.save wrote can be recovered",
        remedy: "inspect tells what the file is")
    }
  }

  /// Adds a tensor, or says why it cannot be added.
  private static func add(
    _ entry: Recovery.Entry, to contents: inout StateDict, _ format: WeightFormat
  ) throws(PortError) -> String? {
    let record = entry.record
    if case .lost(let reason) = entry.state { return reason }
    if let obstacle = format.obstacle(to: record.tensor, name: record.name) { return obstacle }
    guard contents[record.name] == nil else {
      return "another tensor has the same name once its path is joined"
    }
    do throws(PortError) {
      _ = try record.tensor.contiguousBytes()
    } catch {
      return error.message
    }
    try contents.append(record.name, record.tensor)
    return nil
  }
}

extension WeightFormat {
  /// Why a tensor cannot be kept in the format, `nil` where it can.
  func obstacle(to tensor: Tensor, name: String) -> String? {
    switch self {
    case .safetensors:
      if !SafeTensors.holds(tensor.dtype) {
        return "safetensors has no element type for \(tensor.dtype.rawValue)"
      }
      if name == "__metadata__" { return "safetensors keeps this name for itself" }
      if tensor.dtype == .float4_e2m1fn_x2, tensor.shape.rank == 0 {
        return "a single pair of four-bit values has no shape in safetensors"
      }
    case .hdf5:
      if !HDF5File.holds(tensor.dtype) {
        return "HDF5 has no element type for \(tensor.dtype.rawValue)"
      }
      if tensor.shape.rank > 32 { return "HDF5 has at most 32 dimensions" }
      if name.utf8.last == 0 { return "a name that ends in NUL cannot be kept in HDF5" }
    case .torch:
      if !TorchFile.holds(tensor.dtype) {
        return "a PyTorch file is not written with \(tensor.dtype.rawValue)"
      }
    case .npz, .npy:
      if !NumPyFile.holds(tensor.dtype) { return "NumPy has no type for \(tensor.dtype.rawValue)" }
      if name.utf8.contains(0) { return "a name with NUL cannot be kept in a NumPy archive" }
    }
    return nil
  }
}
