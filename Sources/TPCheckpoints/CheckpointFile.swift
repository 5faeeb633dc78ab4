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
  /// The content decides, never the extension: torch zip, safetensors, HDF5, .npy, .npz. Where HDF5
  /// is read in this process, a damaged HDF5 file can take the process down with it.
  ///
  /// - Parameter hdf5: how to read HDF5 in a process of its own; `nil` reads it in this one.
  /// - Throws: `PortError` that names the file, what is wrong with it or what it is instead, and
  ///   what to do.
  public static func open(
    path: String, limits: ReadLimits = ReadLimits(), hdf5: HDF5Launcher? = hdf5Launcher
  ) throws(PortError) -> Checkpoint {
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      switch try FileSignature.sniff(file.bytes) {
      case .torchZip: return try TorchFile.read(file, limits: limits)
      case .safetensors: return try SafeTensors.read(file, limits: limits)
      case .npy: return try NumPyFile.readArray(file, limits: limits)
      case .npz: return try NumPyFile.readArchive(file, limits: limits)
      case .hdf5:
        if let hdf5 { return try hdf5.read(path: path, byteCount: file.count, limits: limits) }
        return try HDF5File.read(path: path, limits: limits)
      }
    } catch {
      throw error.in(file: path)
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
  /// - Returns: how many bytes the file has.
  /// - Throws: `PortError`; the target is then what it was before.
  @discardableResult
  public static func write(
    _ contents: WeightFile, format: WeightFormat, to path: String, replacing: Bool
  ) throws(PortError) -> Int {
    do throws(PortError) {
      var output = try AtomicFile(path: path, replacing: replacing)
      switch format {
      case .safetensors: try SafeTensors.write(contents, to: &output)
      case .hdf5: try HDF5File.write(contents, to: &output)
      }
      let count = output.count
      try output.commit()
      return count
    } catch {
      throw error.in(file: path)
    }
  }
}
