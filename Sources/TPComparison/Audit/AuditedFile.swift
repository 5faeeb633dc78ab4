public import TPBytes
internal import TPCheckpoints
public import TPTensors

/// One checkpoint of a delivery, and what reading all of it showed.
public struct AuditedFile: Sendable {
  /// The path.
  public var path: String
  /// How many bytes it has; `nil` where it cannot be read.
  public var byteCount: Int?
  /// The SHA-256 of the file, 64 hex digits; `nil` where it cannot be read.
  public var sha256: String?
  /// What it says of itself; `nil` where it could not be read as a checkpoint.
  public var run: RunFile?
  /// Its checksums.
  public var checksums = Checkpoint.Checksums()
  /// Why there is no `run`, or what contradicts the bytes.
  public var error: PortError?
  /// The first tensor, of the model or not, with NaN or infinity.
  public var nonFinite: (tensor: String, nan: Int, infinite: Int)?

  /// What follows the last slash, fit for a terminal.
  var name: String {
    printable(
      path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path, limit: 100)
  }

  /// Reads a file whole; what goes wrong becomes `error`.
  init(path: String, _ limits: ReadLimits) {
    self.path = path
    do throws(PortError) {
      let digest = try FileDigest(path: path)
      byteCount = digest.byteCount
      sha256 = digest.description
      let checkpoint = try CheckpointFile.open(path: path, limits: limits)
      checksums = checkpoint.verifyChecksums()
      run = try RunFile(checkpoint, path: path, limits: limits)
      for record in checkpoint.weights where record.tensor.dtype.isFloatingPoint {
        guard
          let condition = try TensorCondition(
            name: record.name, record.tensor, limits), condition.nan + condition.infinite > 0
        else { continue }
        nonFinite = (record.name, condition.nan, condition.infinite)
        break
      }
    } catch {
      self.error = error.in(file: path)
    }
  }
}
