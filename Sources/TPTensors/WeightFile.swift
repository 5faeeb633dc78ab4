/// What goes into a weight file, whatever its format: tensors, and facts about them as texts.
///
/// The native profile writes each fact as `torchport.KEY` of its metadata, HDF5 as a root attribute
/// of that name. Digests come finished, because the runtime half of the package hashes nothing.
public struct WeightFile: Sendable {
  /// The tensors, in the order of the state_dict; after them those of `kept`.
  public var tensors: StateDict
  /// Facts by key (`architecture`, `epoch`, `classes`, ...); written in the order of the keys' UTF-8.
  public var facts: [String: String]
  /// SHA-256 of each tensor's contiguous little-endian row-major bytes, 64 lowercase hex digits; of
  /// one with a placement, of the bytes as they are written.
  public var digests: [String: String]
  /// Where tensors stand, by name, in a file that is not built after PyTorch's names; only HDF5 has
  /// such a layout.
  public var placements: [String: Placement] = [:]
  /// Numbers and texts for groups of an HDF5 file, by the path of the group.
  public var notes: [[String]: [Note]] = [:]
  /// Parts of the checkpoint beside the model; the fact `kept` says the same to formats other than
  /// PyTorch's.
  public var kept: KeptParts?
  /// PyTorch's `state_dict()._metadata`, the root: a dict of the modules' names and versions; the fact
  /// `module_metadata` says the same.
  public var moduleMetadata: MetadataTree?
  /// Whether tensors are compressed, where the format can.
  public var isCompressed = false

  /// The contents of a file to be written.
  public init(tensors: StateDict, facts: [String: String], digests: [String: String]) {
    self.tensors = tensors
    self.facts = facts
    self.digests = digests
  }
}

extension WeightFile {
  /// Where and how a tensor stands in a file of another library's layout.
  public struct Placement: Hashable, Sendable {
    /// The names of the groups and of the dataset.
    public var path: [String]
    /// The tensor's dimensions in the order in which they are written.
    public var axes: [Int]
    /// A letter for each dimension as PyTorch has them, for example `OIDHW`.
    public var torchLayout: String
    /// The same letters in the order in which the dimensions are written, for example `DHWIO`.
    public var layout: String { String(axes.map { Array(torchLayout)[$0] }) }

    /// A tensor's place.
    ///
    /// - Precondition: `axes` is an order of the tensor's dimensions and `torchLayout` has as many
    ///   different letters.
    public init(path: [String], axes: [Int], torchLayout: String) {
      precondition(axes.sorted() == Array(0..<torchLayout.count))
      self.path = path
      self.axes = axes
      self.torchLayout = torchLayout
    }
  }

  /// What is said about a group.
  public enum Note: Hashable, Sendable {
    /// A text under a name.
    case text(name: String, value: String)
    /// A float64 under a name.
    case number(name: String, value: Double)
  }
}
