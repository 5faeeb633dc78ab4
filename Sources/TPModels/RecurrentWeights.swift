/// The numbers of one layer of an LSTM or GRU in one direction.
struct RecurrentWeights {
  /// (gates x hidden, inputs).
  let fromInput: [Float]
  /// (gates x hidden, hidden).
  let fromHidden: [Float]
  /// What the sums over the inputs begin with: both biases; in the last gate of a GRU its own.
  let bias: [Float]
  /// What the last gate of a GRU adds to its sum over the hidden state; empty for an LSTM.
  let hiddenBias: [Float]

  init(
    _ recurrent: Layer.Recurrent, _ layer: Layer, number: Int, direction: Int,
    _ weights: BoundWeights
  ) {
    let suffix = Layer.Recurrent.suffix(layer: number, direction: direction)
    let rows = recurrent.cell.gates * recurrent.hidden
    func bias(_ name: String) -> [Float] {
      let given = layer.values(name + suffix, weights)
      return given.isEmpty ? Array(repeating: 0, count: rows) : given
    }
    fromInput = layer.values("weight_ih" + suffix, weights)
    fromHidden = layer.values("weight_hh" + suffix, weights)
    let (own, other) = (bias("bias_ih"), bias("bias_hh"))
    let together = recurrent.cell == .lstm ? rows : 2 * recurrent.hidden
    self.bias = own.indices.map { $0 < together ? own[$0] + other[$0] : own[$0] }
    hiddenBias = Array(other[together...])
  }
}
