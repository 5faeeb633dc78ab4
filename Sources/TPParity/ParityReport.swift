/// What came of holding weights, and our engine running them, against a golden.
public struct ParityReport: Hashable, Sendable {
  /// The verdict; the raw value stands in JSON.
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// Nothing recorded is over the line.
    case holds
    /// Something is over the line, or the classes are in another order.
    case broken
    /// The weights and our arithmetic are proven right and the golden's float32 record is not.
    case goldenSuspect = "golden_suspect"
    /// Nothing recorded could be compared.
    case undecided
  }

  /// The verdict.
  public var verdict: Verdict
  /// Why, as a clause: the first activation over the line first.
  public var reason: String
  /// What should be read before the verdict, for example that the golden names other weights.
  public var warnings: [String]
  /// Every activation of the model in forward order, `logits` last, then what the model lacks.
  public var activations: [ActivationParity]
  /// The activations that can be computed from the golden's own record of what their layers read, in
  /// forward order; each is judged apart from whatever happened before it.
  public var isolated: [ActivationParity] = []
  /// Where the golden's error enters, layer by layer.
  public var ledger: [LedgerEntry] = []
  /// Why it is broken: one entry for each failing layer, in forward order; empty where it holds.
  public var diagnosis: [Diagnosis] = []
  /// The prediction for each clip; empty where no logits are recorded.
  public var predictions: [PredictionParity]
  /// Whether any prediction can flip; `nil` where no logits are recorded.
  public var certificate: DecisionCertificate?
  /// What a declared rounding costs; `nil` where none is declared, or the logits were not compared.
  /// The golden's scores are then this price, and the port's alone are the parity of the arithmetic.
  public var price: RoundingPrice?
  /// How many clips the golden has.
  public var clips: Int
  /// The content digest of the weights.
  public var digest: String
  /// The content digest of the weights that the golden was recorded from, where it says so.
  public var goldenDigest: String?

  /// The first activation in forward order that is over the line.
  public var firstOver: ActivationParity? { activations.first { $0.status == .over } }
}

/// What came of one activation.
public struct ActivationParity: Hashable, Sendable {
  /// What became of it; the raw value stands in JSON.
  public enum Status: String, Hashable, Sendable, CaseIterable {
    /// Recorded, and on the right side of the line.
    case holds
    /// Recorded, and over the line.
    case over
    /// The model has it and the golden does not.
    case absent
    /// The golden has it and the model does not.
    case unknown
  }

  /// Where the inputs of a layer came from; the raw value stands in JSON.
  public enum Mode: String, Hashable, Sendable {
    /// From our own run of the layers before it.
    case chained
    /// From the golden's record of what the layer read.
    case isolated
  }

  /// The name of the module, or `logits`.
  public var name: String
  /// What became of it.
  public var status: Status
  /// Where the inputs of its layer came from.
  public var mode = Mode.chained
  /// The recorded activation that the layer was given, or `input`; `nil` when chained.
  public var source: String?
  /// In isolation, the largest error in units of u (sum |w| |x| + |b|), float32's worst case for one
  /// layer; honest arithmetic stays below `hardLimit`. `nil` when chained.
  public var ofBound: Double?
  /// How many clips have values of it.
  public var clips = 0
  /// The golden's recorded values against the truth; `nil` where nothing was compared.
  public var golden: NoiseScore?
  /// Our float32 values at the same positions against the truth.
  public var port: NoiseScore?
  /// Clips, by number from 0, on which the golden is over the line when the clip is judged alone.
  public var goldenClipsOver: [Int] = []
  /// Clips on which the port is over the line when the clip is judged alone.
  public var portClipsOver: [Int] = []
  /// Why values could not be compared, as a clause, for example a wrong shape, or that the model
  /// computes them no more.
  public var problem: String?

  /// The line for `ofBound`.
  public static let hardLimit = 8.0

  /// The largest absolute error of either side, in the unit of the activation.
  public var maxError: Double? {
    guard let golden, let port else { return golden?.maxError ?? port?.maxError }
    return max(golden.maxError, port.maxError)
  }

  /// Whether the golden is over the line, all clips together or one alone.
  public var goldenIsOver: Bool { golden?.isOver == true || !goldenClipsOver.isEmpty }
  /// Whether the port is over the line, all clips together or one alone.
  public var portIsOver: Bool { port?.isOver == true || !portClipsOver.isEmpty }
}

/// The classes that the golden and the port predict for a clip.
public struct PredictionParity: Hashable, Sendable {
  /// The clip's number, from 0.
  public var clip: Int
  /// What the golden says about the clip.
  public var description: String?
  /// The index of the golden's largest logit.
  public var expected: Int
  /// The index of the port's largest logit.
  public var found: Int
  /// The golden's largest logit less its second largest.
  public var margin: Double
}

/// Whether errors as large as those seen could change a prediction on these clips.
public struct DecisionCertificate: Hashable, Sendable {
  /// The smallest margin between the golden's two largest logits.
  public var margin: Double
  /// The largest |port - golden| of any logit.
  public var maxError: Double
  /// Two logits move towards each other by at most twice the error.
  public var noPredictionCanFlip: Bool { margin > 2 * maxError }
}
