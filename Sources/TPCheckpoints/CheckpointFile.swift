internal import Synchronization
public import TPBytes
internal import TPHDF5
internal import TPNumPy
internal import TPSafeTensors
public import TPTensors
internal import TPTorchFiles

/// The one door for files of tensors: in by content, out by format.
public enum CheckpointFile {
  private static let launcher = Mutex<HDF5Launcher?>(nil)

  /// How every HDF5 file that this process opens is read from now on: in a process of its own that is
  /// started like this, or, with `nil`, which it is at first, in this one.
  public static var hdf5Launcher: HDF5Launcher? {
    get { launcher.withLock { $0 } }
    set { launcher.withLock { $0 = newValue } }
  }

  /// Opens a file, whatever its format; tensors' bytes are fetched when they are asked for.
  ///
  /// The content decides, never the extension: everything that PyTorch ever wrote, plain pickles, the
  /// index of a checkpoint in several files (which lie beside it), safetensors, HDF5, .npy, .npz.
  /// Where HDF5 is read in this process, a damaged HDF5 file can take the process down with it.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limits: the bounds on what the file may ask for.
  ///   - hdf5: how to read HDF5 in a process of its own; `nil` reads it in this one.
  /// - Throws: `PortError` that names the file, what is wrong with it or what it is instead, and
  ///   what to do.
  public static func open(
    path: String, limits: ReadLimits = ReadLimits(), hdf5: HDF5Launcher? = hdf5Launcher
  ) throws(PortError) -> Checkpoint {
    do throws(PortError) {
      let checkpoint = try read(path, limits, hdf5)
      try checkpoint.checkPathText(limits)
      return checkpoint
    } catch {
      throw error.in(file: path)
    }
  }

  private static func read(
    _ path: String, _ limits: ReadLimits, _ hdf5: HDF5Launcher?
  ) throws(PortError) -> Checkpoint {
    let file = try SharedBytes(path: path)
    do throws(PortError) {
      return try read(file, path, limits, hdf5)
    } catch {
      // HDF5 is judged by its own library, in a process of its own.
      let isOfBytes = [.malformed, .truncated, .checksum].contains(error.kind)
      guard isOfBytes, let cause = FileSignature.textDamage(file.bytes) else { throw error }
      throw cause
    }
  }

  private static func read(
    _ file: SharedBytes, _ path: String, _ limits: ReadLimits, _ hdf5: HDF5Launcher?
  ) throws(PortError) -> Checkpoint {
    switch try FileSignature.sniff(file.bytes) {
    case .torchZip: return try zip(file, limits)
    case .torchLegacy: return try TorchFile.readLegacy(file, limits: limits)
    case .tar: return try TorchFile.readTar(file, limits: limits)
    case .pickle: return try TorchFile.readPickle(file, limits: limits)
    case .textPickle: return try oldPickle(file, limits)
    case .shardIndex: return try ShardedCheckpoint.open(index: file, path: path, limits: limits)
    case .safetensors: return try SafeTensors.read(file, limits: limits).withKeptParts()
    case .npy: return try NumPyFile.readArray(file, limits: limits)
    case .npz: return try NumPyFile.readArchive(file, limits: limits).withKeptParts()
    case .hdf5:
      let checkpoint =
        if let hdf5 {
          try hdf5.read(path: path, byteCount: file.count, limits: limits)
        } else {
          try HDF5File.read(path: path, limits: limits)
        }
      return try checkpoint.holdingDatasetsToTheirDigests(limits).withKeptParts()
    }
  }

  /// The only tensor, which a file for one can hold.
  private static func only(_ tensors: StateDict) throws(PortError) -> Tensor {
    guard tensors.count == 1, let entry = tensors.entries.first else {
      throw PortError(
        .usage, "a .npy file holds one array, and there are \(tensors.count) tensors",
        remedy: "write a .npz file, or take one tensor out with torchport inspect --tensor NAME -o")
    }
    guard NumPyFile.holds(entry.tensor.dtype) else {
      throw PortError(
        .unsupported, "NumPy has no type for \(entry.tensor.dtype.rawValue)", key: entry.name,
        remedy: "write a .safetensors, .h5 or .pth file, or convert to float32")
    }
    return entry.tensor
  }

  /// A zip file; of a checkpoint that was cut short it is told how much is left.
  private static func zip(
    _ file: SharedBytes, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    do throws(PortError) {
      return try TorchFile.read(file, limits: limits)
    } catch {
      guard error.kind == .truncated, let left = try? TorchFile.recoverZip(file, limits: limits)
      else { throw error }
      let intact = left.entries.count { $0.state == .intact }
      // Directory and headers come on top of the storages.
      let whole = file.count.addingReportingOverflow(left.missingBytes).partialValue
      let message =
        left.missingBytes > 0 ? "has \(file.count) of at least \(whole) bytes" : error.message
      throw PortError(
        error.kind, message + "; \(intact) of \(left.entries.count) tensors are intact",
        offset: error.offset, record: error.record, key: error.key,
        remedy: (error.remedy.map { $0 + ", " } ?? "") + "or save them with torchport recover")
    }
  }

  /// A pickle of protocol 0 or 1, or a file that merely begins and ends like one.
  private static func oldPickle(
    _ file: SharedBytes, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    do throws(PortError) {
      return try TorchFile.readPickle(file, limits: limits)
    } catch {
      let other = FileSignature.impostor(file.bytes)
      // Where nothing better is known of the file, what stopped the reader tells most.
      throw error.kind == .malformed || error.kind == .truncated ? other : error
    }
  }

  /// Writes a weight file whole or not at all.
  ///
  /// - Parameters:
  ///   - contents: tensors, facts and digests.
  ///   - format: see `WeightFormat.init(outputPath:)`.
  ///   - path: the target; `AtomicFile.check(path:replacing:)` tells before any work is done
  ///     whether it may be written.
  ///   - replacing: whether an existing target may be replaced.
  ///   - proving: is given the path of the finished file before it takes the target's place; what it
  ///     throws leaves the target as it was.
  /// - Returns: how many bytes the file has.
  /// - Throws: `PortError`; the target is then what it was before.
  @discardableResult
  public static func write(
    _ contents: WeightFile, format: WeightFormat, to path: String, replacing: Bool,
    proving: ((String) throws(PortError) -> Void)? = nil
  ) throws(PortError) -> Int {
    do throws(PortError) {
      var output = try AtomicFile(path: path, replacing: replacing)
      switch format {
      case .safetensors: try SafeTensors.write(contents, to: &output)
      case .hdf5: try HDF5File.write(contents, to: &output)
      case .torch:
        let torch = TorchContents(contents)
        try TorchFile.write(
          torch.tree, tensors: torch.tensors, archiveName: TorchFile.archiveName(path: path),
          to: &output)
      case .npz: try NumPyFile.writeArchive(contents, to: &output)
      case .npy: try NumPyFile.write(try only(contents.tensors), to: &output)
      }
      let count = output.count
      if let proving { try proving(output.unfinishedPath) }
      try output.commit()
      return count
    } catch {
      throw error.in(file: path)
    }
  }
}
