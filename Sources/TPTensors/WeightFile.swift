/// What goes into a weight file, whatever its format: tensors, and facts about them as texts.
///
/// The native profile writes each fact as `torchport.KEY` of its metadata, HDF5 as a root attribute
/// of that name. Digests come finished, because the runtime half of the package hashes nothing.
public struct WeightFile: Sendable {
  /// The tensors, in the order of the state_dict.
  public var tensors: StateDict
  /// Facts by key (`architecture`, `epoch`, `classes`, ...); written in the order of the keys' UTF-8.
  public var facts: [String: String]
  /// SHA-256 of each tensor's contiguous little-endian row-major bytes, 64 lowercase hex digits.
  public var digests: [String: String]

  /// The contents of a file to be written.
  public init(tensors: StateDict, facts: [String: String], digests: [String: String]) {
    self.tensors = tensors
    self.facts = facts
    self.digests = digests
  }
}
