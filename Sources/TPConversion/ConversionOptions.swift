public import TPModels

/// What is to happen to a checkpoint's tensors on the way into a weight file, in this order: the
/// names are unwrapped, the map is applied, and the tensors are fitted to the architecture.
public struct ConversionOptions: Sendable {
  /// Which architecture a checkpoint must fit.
  public enum ArchitectureChoice: Sendable {
    /// The built-in one that fits.
    case automatic
    /// This one.
    case named(Architecture)
    /// None: every tensor of the state_dict is taken as it is.
    case none
  }

  /// What the tensors must fit.
  public var architecture: ArchitectureChoice
  /// Whether the tensors of an HDF5 file are compressed; every bit comes back.
  public var isCompressed = false

  /// What is done to names and axes before the tensors must fit; `nil` for nothing.
  public var map: TensorMap?

  /// Every bit kept, for the given architecture.
  public init(architecture: ArchitectureChoice = .automatic) {
    self.architecture = architecture
  }
}
