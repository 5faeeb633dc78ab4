internal import TPBytes
internal import TPModels
internal import TPTensors

/// Makes one bias of the two of each LSTM, because Keras has one: `bias_ih` becomes their sum, in
/// float32 and rounded once, `bias_hh` zeros.
struct SummedBiases {
  /// The tensors, each bias replaced.
  private(set) var stateDict: StateDict
  /// The biases that were float64, and are float32 now, as `StoredPrecision.after(_:in:)` takes them.
  private(set) var narrowed: [String: DType] = [:]
  /// The modules.
  private(set) var modules: [String] = []
  /// Where each tensor comes from, with what is done to it here.
  private(set) var origins: TensorOrigins

  /// - Throws: `PortError` where there is no architecture to say what an LSTM is, or a tensor's bytes
  ///   cannot be had.
  init(
    _ stateDict: StateDict, _ architecture: Architecture?, _ origins: TensorOrigins,
    limits: ReadLimits
  ) throws(PortError) {
    self.stateDict = stateDict
    self.origins = origins
    guard let architecture else {
      throw PortError(
        .usage, "the layout of Keras follows from an architecture, and there is none",
        remedy: "leave out --layout keras or --architecture none")
    }
    var replaced: [String: Tensor] = [:]
    for layer in architecture.layers {
      guard case .recurrent(let lstm) = layer.kind, lstm.isSingleLSTM else { continue }
      let prefix = layer.name.map { $0 + "." } ?? ""
      let (input, hidden) = (prefix + "bias_ih_l0", prefix + "bias_hh_l0")
      guard let first = stateDict[input], let second = stateDict[hidden] else { continue }
      let terms = zip(try first.floats(limits: limits), try second.floats(limits: limits))
      let sums = terms.map { $0 + $1 }
      replaced[input] = Tensor(floats: sums, shape: first.shape)
      replaced[hidden] = Tensor(
        floats: Array(repeating: 0, count: sums.count), shape: second.shape)
      for (name, old) in [(input, first), (hidden, second)] where old.dtype == .float64 {
        narrowed[name] = .float32
      }
      let other = origins[hidden]?.sources ?? []
      self.origins[input]?.sources += other
      self.origins.note("summed, because Keras has one bias", on: input)
      self.origins.note("zeros, because \(input) has the sum", on: hidden)
      modules.append(layer.name ?? "")
    }
    if modules.isEmpty { return }
    self.stateDict = try StateDict(
      stateDict.entries.map { ($0.name, replaced[$0.name] ?? $0.tensor) })
  }
}
