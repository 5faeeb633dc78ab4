public import TPCheckpoints
public import TPModels
internal import TPParity
public import TPTensors

/// What is to happen to a checkpoint's tensors on the way into a weight file, in this order: the
/// names are unwrapped, the map is applied, the tensors are fitted to the architecture, batch norms
/// folded, element types changed.
public struct ConversionOptions: Sendable {
  /// Which architecture a checkpoint must fit.
  public enum ArchitectureChoice: Sendable {
    /// The built-in one that fits.
    case automatic
    /// This one.
    case named(Architecture)
    /// None: every tensor of the state_dict is taken as it is.
    case none

    /// The description that the weight file carries; `nil` where its name is enough.
    ///
    /// - Parameter known: what the source says.
    func description(_ known: ModelFacts) -> String? {
      switch self {
      case .none: nil
      case .automatic: known.architectureDescription
      case .named(let architecture) where architecture.isFolded: known.architectureDescription
      case .named(let architecture): architecture.statedDescription
      }
    }

    /// What a user should know who named another one than the source describes.
    func warnings(_ known: ModelFacts) -> [String] {
      guard case .named(let architecture) = self else { return [] }
      return known.overrideWarning(architecture).map { [$0] } ?? []
    }
  }

  /// What the elements are stored as.
  public enum PrecisionChoice: Sendable {
    /// As they are.
    case kept
    /// Floating-point tensors in this type: float64, float32, float16, bfloat16; or int8, with a
    /// scale for each output channel, for those of two dimensions or more, the others in float32.
    case type(DType)
    /// Each floating-point tensor in the smallest type with which every prediction on the clips of
    /// a golden is still certified; needs an architecture.
    case budget(VerifyingGolden)
    /// What a weight file states and holds, done again: each tensor through the type that is stated,
    /// then in the type that it is stored in.
    case declared(StoredPrecision, stored: [String: DType])

    /// The types that can be chosen.
    public static let types: [DType] = [.float16, .bfloat16, .float32, .float64, .int8]
  }

  /// Whose names and layouts the tensors have in the file; the raw value is `layout` in JSON.
  public enum Layout: String, Sendable, CaseIterable {
    /// PyTorch's.
    case torch
    /// Those that `keras.Model.load_weights` of the equivalent Keras 3 model expects.
    case keras
  }

  /// What the tensors must fit.
  public var architecture: ArchitectureChoice
  /// Whose names and layouts an HDF5 file has.
  public var layout: Layout = .torch
  /// Whether the two biases of each LSTM become one and zeros, as the layout of Keras makes them.
  var sumsBiases = false
  /// Whether the tensors of an HDF5 file are compressed; every bit comes back.
  public var isCompressed = false
  /// Whether batch norms are taken into the convolutions and linear layers before them; needs an
  /// architecture.
  public var foldsBatchNorm = false
  /// What the elements are stored as.
  public var precision = PrecisionChoice.kept

  /// What is done to names and axes before the tensors must fit; `nil` for nothing.
  public var map: TensorMap?

  /// Which parts of the checkpoint beside the model are carried along.
  public var keep = KeepChoice()

  /// Every bit kept, for the given architecture.
  public init(architecture: ArchitectureChoice = .automatic) {
    self.architecture = architecture
  }
}
