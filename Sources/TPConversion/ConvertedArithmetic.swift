internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPParity
internal import TPTensors

/// The steps of a conversion that change numbers: batch norms folded, for Keras the two biases of an
/// LSTM made one, then element types changed.
struct ConvertedArithmetic {
  private(set) var stateDict: StateDict
  private(set) var architecture: Architecture?
  private(set) var precision: StoredPrecision
  private(set) var folded: [FoldedLayer] = []
  private(set) var roundings: [TensorRounding] = []
  /// The LSTMs whose two biases became one.
  private(set) var summedBiases: [String] = []
  private(set) var budget: PrecisionBudget?
  private(set) var warnings: [String] = []
  /// Where each tensor comes from, with what is done to it here.
  private(set) var origins: TensorOrigins
  /// The text of the fact `folded`.
  private(set) var foldedFact: String?

  /// Whether every tensor is what it was.
  var isUnchanged: Bool { folded.isEmpty && summedBiases.isEmpty && roundings.isEmpty }

  /// Whether the file is to say that its batch norms are folded.
  func isFolded(_ known: ModelFacts) -> Bool {
    architecture?.isFolded ?? (known.batchNorm == "folded")
  }

  /// - Parameter stated: what the source says of its precision.
  /// - Throws: `PortError` where batch norms cannot be folded, or a tensor cannot have the type.
  init(
    _ stored: StateDict, _ fitting: Architecture?, _ stated: StoredPrecision,
    _ origins: TensorOrigins, _ options: ConversionOptions, limits: ReadLimits
  ) throws(PortError) {
    self.origins = origins
    stateDict = stored
    architecture = fitting
    precision = stated
    if case .mixed = stated { precision = stated.after([:], in: stored) }
    if options.foldsBatchNorm { try fold(limits) }
    if options.layout == .keras || options.sumsBiases {
      let summed = try SummedBiases(stateDict, architecture, self.origins, limits: limits)
      (stateDict, self.origins) = (summed.stateDict, summed.origins)
      summedBiases = summed.modules
      if !summed.narrowed.isEmpty {
        precision = precision.after(summed.narrowed, in: stateDict)
      }
    }
    switch options.precision {
    case .kept: break
    case .type(let dtype):
      try round(limits) { _, tensor, isQuantised in
        RoundedWeights.target(dtype, for: tensor, isQuantised: isQuantised)
      }
    case .budget(let golden):
      guard let architecture else {
        throw PortError(
          .usage, "without an architecture there are no predictions to certify",
          remedy: "leave out --architecture none, or --precision-budget")
      }
      let budget: PrecisionBudget
      do throws(PortError) {
        budget = try PrecisionBudget(
          stateDict, architecture, golden: golden.golden, threads: golden.threads, limits: limits)
      } catch {
        throw error.kind == .undecided ? error.in(file: golden.path) : error
      }
      try round(limits) { name, _, _ in budget.type(of: name) }
      self.budget = budget
    case .declared(let precision, let stored):
      let done = self.precision
      try round(limits) { name, tensor, _ in
        // What was rounded by folding has been.
        guard tensor.dtype != stored[name], let type = precision.type(of: name) else { return nil }
        // So has what the source says of itself, and it need not be of that type any more.
        return type == done.type(of: name) && type != stored[name] ? nil : type
      }
      try round(limits) { name, tensor, isQuantised in
        guard precision.type(of: name) != nil, let type = stored[name], type != .int8 else {
          return nil
        }
        return tensor.dtype.isFloatingPoint || isQuantised ? type : nil
      }
    }
  }

  private mutating func fold(_ limits: ReadLimits) throws(PortError) {
    guard let architecture else {
      throw PortError(
        .usage, "which batch norm follows which layer is known only of an architecture",
        remedy: "leave out --architecture none, or --fold-batch-norm")
    }
    let result = try FoldedWeights(stateDict, architecture, limits: limits)
    guard !result.layers.isEmpty else {
      warnings.append(
        architecture.isFolded
          ? "the batch norms are folded already"
          : "\(architecture.name) has no batch norm that could be folded")
      return
    }
    var changed: [String: DType] = [:]
    for layer in result.architecture.layers where layer.foldedNorm != nil {
      for suffix in ["weight", "bias"] {
        changed[layer.key(suffix)] = .float32
        origins.note("\(layer.foldedNorm ?? "") folded in", on: layer.key(suffix))
      }
    }
    precision = precision.after(changed, in: result.stateDict)
    stateDict = result.stateDict
    self.architecture = result.architecture
    folded = result.layers
    foldedFact = result.architecture.fact(result.noise)
  }

  private mutating func round(
    _ limits: ReadLimits, target: (String, Tensor, Bool) -> DType?
  ) throws(PortError) {
    let result = try RoundedWeights(stateDict, limits: limits, target: target)
    if result.changes.isEmpty { return }
    var changed: [String: DType] = [:]
    for change in result.changes {
      changed[change.name] = change.to
      origins.note("\(change.from.rawValue) to \(change.to.rawValue)", on: change.name)
      if change.to == .int8 {
        let scale = change.name + StateDict.scaleSuffix
        origins[scale] = .init(
          sources: origins[change.name]?.sources ?? [], changes: ["scales of \(change.name)"])
      }
    }
    precision = precision.after(changed, in: result.stateDict)
    stateDict = result.stateDict
    roundings += result.changes
    warn()
  }

  /// What became infinite, and what was none before, is worth a sentence each.
  private mutating func warn() {
    for rounding in roundings where rounding.loss.overflow > 0 {
      let count = rounding.loss.overflow
      warnings.append(
        "\(count) \(count == 1 ? "element" : "elements") of \(printable(rounding.name, limit: 80))"
          + " became infinite in \(rounding.to.rawValue)")
    }
    for rounding in roundings where rounding.loss.nan > 0 {
      let count = rounding.loss.nan
      warnings.append(
        "\(count) \(count == 1 ? "element" : "elements") of \(printable(rounding.name, limit: 80))"
          + " \(count == 1 ? "is" : "are") not a number")
    }
  }
}
