/// Bounds on the work that a file can ask for; a hostile file meets them before it meets the machine's.
///
/// The defaults let every real checkpoint through and keep what a few bytes can cause small.
public struct ReadLimits: Hashable, Sendable {
  /// Nesting of containers in a pickle, in JSON or in metadata.
  public var depth = 1_000
  /// Values that one pickle may build, a construction counting as three, a class or function as nine.
  public var objects = 20_000_000
  /// Values that a pickle may build besides one for every three of its bytes; all pickles of an
  /// archive share them. Each costs a hundred times the byte that may have asked for it.
  public var freeObjects = 1_000_000
  /// Bytes of one pickle (`data.pkl`), inflated.
  public var pickleBytes = 1 << 30
  /// Members of an archive, or datasets and groups of an HDF5 file.
  public var members = 1_000_000
  /// Bytes of one JSON header; the limit that safetensors itself has.
  public var headerBytes = 100_000_000
  /// Bytes of the paths of all tensors together, besides 256 for each: names that are nested a
  /// thousand deep and shared by thousands of tensors are far longer than the file.
  public var pathText = 2 << 20
  /// Bytes that may be made that are not in the file: expanded views, inflated members.
  public var materialisedBytes = 4 << 30
  /// Inflated size over stored size of one archive member, past the first mebibyte.
  public var inflateRatio = 1_100
  /// Inflated size over stored size of a pickle, past the first 8 MiB: each of its bytes costs more
  /// than one of a storage, and PyTorch deflates none. All pickles of an archive together may have a
  /// quarter of it over the size of the archive.
  public var pickleInflateRatio = 32
  /// Names of dimensions; PyTorch's own limit.
  public var rank = 64

  /// Whether bytes that contradict their checksum are taken all the same. Then only the reader's
  /// `verifyChecksums` tells of them.
  public var ignoresChecksums = false

  /// The documented defaults.
  public init() {}

  /// Throws where the text of so many paths is longer than ``pathText`` lets it be.
  ///
  /// - Parameter text: bytes, a separator counted for each component.
  package func checkPathText(_ text: Int, paths: Int) throws(PortError) {
    guard text > pathText &+ 256 * paths else { return }
    throw PortError(
      .limit, "the paths of \(paths) tensors are \(text) bytes long together",
      remedy: "no checkpoint needs such names; \(Named.pathText.remedy)")
  }

  /// The most bytes of a pickle that is deflated to so many.
  package func pickleBytes(deflatedTo stored: Int) -> Int {
    let (product, overflow) = stored.multipliedReportingOverflow(by: pickleInflateRatio)
    let (sum, tooMany) = product.addingReportingOverflow(8 << 20)
    return overflow || tooMany ? pickleBytes : min(pickleBytes, sum)
  }
}
