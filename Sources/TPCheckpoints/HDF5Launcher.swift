internal import TPBytes
internal import TPTensors

/// How a program starts itself to read HDF5 in a process of its own: libhdf5 crashes on some damaged
/// files, and no caller can prevent that.
///
/// The program must, when it is called like that, do nothing but ``HDF5Child/serve(path:)``.
public struct HDF5Launcher: Hashable, Sendable {
  /// The path of the executable.
  public var executable: String
  /// What it is called with, before the path of the HDF5 file.
  public var arguments: [String]
  /// How many seconds a request may take, and one more for each 5 MB of the file or of the answer.
  public var seconds = 30

  /// How to start the program.
  public init(executable: String, arguments: [String]) {
    self.executable = executable
    self.arguments = arguments
  }

  func seconds(for byteCount: Int) -> Int { seconds + byteCount / 5_000_000 }
}

extension HDF5Launcher {
  /// Reads a file in a process of its own, which lives as long as tensors of the file do.
  ///
  /// - Parameter byteCount: the size of the file.
  /// - Throws: `PortError` without the name of the file: what the process says, or how it ended.
  func read(path: String, byteCount: Int, limits: ReadLimits) throws(PortError) -> Checkpoint {
    let session = try HDF5Session(self, path: path)
    let answer = try session.ask(
      HDF5Message.open(limits), atMost: limits.headerBytes, for: byteCount)
    var decoder = CheckpointDecoder(answer.bytes, limits: limits)
    return try decoder.checkpoint { (place, byteCount) throws(PortError) in
      try session.ask(HDF5Message.storage(place), exactly: byteCount)
    }
  }
}
