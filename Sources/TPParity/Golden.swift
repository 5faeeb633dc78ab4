public import TPBytes
internal import TPCheckpoints
internal import TPTensors

/// A recorded run of the PyTorch model: input, named activations, logits, and how it was made.
///
/// A golden is a file of tensors in any format that is read here. `input` must be there; whatever
/// else is there is compared, and what is absent is reported as absent.
public struct Golden: Sendable {
  /// The clips that were run: (N, ...) in floating point.
  public let input: GoldenRecording
  /// The activations by name, `logits` among them, in the order of the file.
  public let recordings: [GoldenRecording]
  /// The same in float64, by the name of the activation; values at the same positions.
  public let doubles: [String: GoldenRecording]
  /// How it was made; `nil` where the golden does not say.
  public let provenance: Provenance?
  /// Everything recorded, under its names; not the provenance.
  let contents: StateDict

  /// Opens a golden of any format.
  ///
  /// - Throws: `PortError` that names the file and the key which is wrong.
  public static func open(
    path: String, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Golden {
    do throws(PortError) {
      return try Golden(try CheckpointFile.open(path: path, limits: limits))
    } catch {
      throw error.in(file: path)
    }
  }

  /// How many clips were run; at least one.
  public var clips: Int { input.tensor.shape[0] }

  /// What identifies the golden whatever file it is in: the content digest of all that was recorded,
  /// without the provenance.
  ///
  /// - Throws: `PortError` where bytes cannot be had.
  public func digest(limits: ReadLimits = ReadLimits()) throws(PortError) -> String {
    try ContentDigest(of: contents, limits: limits).description
  }

  /// The same recorded run with only some of its activations.
  public func keeping(_ names: Set<String>) -> Golden {
    Golden(
      input: input, recordings: recordings.filter { names.contains($0.name) },
      doubles: doubles.filter { names.contains($0.key) }, provenance: provenance,
      contents: contents)
  }

  /// The activation of a name.
  public subscript(name: String) -> GoldenRecording? {
    recordings.first { $0.name == name }
  }
}
