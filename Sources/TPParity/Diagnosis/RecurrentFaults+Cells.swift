internal import TPModels

// What is done with the sums of the gates, and with directions and layers.
extension RecurrentFaults {
  mutating func addBiases() {
    let all = stack.layers.joined()
    func zeros(_ values: [Double]) -> [Double] { values.map { _ in 0 } }
    func twice(_ values: [Double]) -> [Double] { values.map { 2 * $0 } }
    let once = "add bias_ih and bias_hh once"
    if all.contains(where: { $0.inputBias.contains { $0 != 0 } }) {
      addEverywhere(.biasMissing, "bias_ih", { "the golden lacks \($0)" }, { _ in once }) {
        $0.inputBias = zeros($0.inputBias)
      }
      addEverywhere(.biasDoubled, "bias_ih", { "the golden adds \($0) twice" }, { _ in once }) {
        $0.inputBias = twice($0.inputBias)
      }
      add(.biasDoubled, "the golden has bias_ih in place of bias_hh as well", once) {
        $0.each { $0.hiddenBias = $0.inputBias }
      }
    }
    guard all.contains(where: { $0.hiddenBias.contains { $0 != 0 } }) else { return }
    addEverywhere(.biasMissing, "bias_hh", { "the golden lacks \($0)" }, { _ in once }) {
      $0.hiddenBias = zeros($0.hiddenBias)
    }
    addEverywhere(.biasDoubled, "bias_hh", { "the golden adds \($0) twice" }, { _ in once }) {
      $0.hiddenBias = twice($0.hiddenBias)
    }
    add(.biasDoubled, "the golden has bias_hh in place of bias_ih as well", once) {
      $0.each { $0.inputBias = $0.hiddenBias }
    }
    add(.biasMissing, "the golden lacks all biases", once) {
      $0.each {
        $0.inputBias = zeros($0.inputBias)
        $0.hiddenBias = zeros($0.hiddenBias)
      }
    }
    add(
      .biasDoubled, "bias_ih and bias_hh of the weights are the sum of both, twice",
      "store the sum once, or halve both"
    ) {
      $0.each {
        $0.inputBias = $0.inputBias.map { $0 / 2 }
        $0.hiddenBias = $0.hiddenBias.map { $0 / 2 }
      }
    }
  }

  mutating func addCells() {
    add(.hardSigmoid, "the gates use clip(0.2 x + 0.5) for sigmoid (Keras)", "use sigmoid") {
      $0.each { $0.gate = .hardKeras }
    }
    add(.hardSigmoid, "the gates use clip(x / 6 + 0.5) for sigmoid", "use sigmoid") {
      $0.each { $0.gate = .hardTorch }
    }
    switch layer.cell {
    case .lstm:
      let last = layer.layers - 1
      add(.cellState, "the golden gives the cell state c, not the hidden state h", "take h") {
        for direction in $0.layers[last].indices { $0.layers[last][direction].output = .cell }
      }
      add(.cellTanh, "h is o c, without the tanh of c", "compute h = o tanh(c)") {
        $0.each { $0.squashesCell = false }
      }
    case .gru:
      let torch = "compute n = tanh(W x + b_ih + r (U h + b_hh)), as torch does"
      add(
        .gruReset,
        "the reset gate multiplies h before the product with weight_hh (Keras:"
          + " reset_after=False), not that product",
        torch + ": build the Keras layer with reset_after=True"
      ) { $0.each { $0.resetsHidden = true } }
      if layer.hasBias {
        add(
          .gruReset, "the reset gate does not reach bias_hh of n: it was added to bias_ih",
          torch + ": keep the two biases apart"
        ) {
          $0.each { cell in
            for unit in 2 * cell.hidden..<3 * cell.hidden {
              cell.inputBias[unit] += cell.hiddenBias[unit]
              cell.hiddenBias[unit] = 0
            }
          }
        }
      }
      add(
        .gruUpdate, "the update gate z takes the new state n, where torch's keeps the old h",
        "compute h = (1 - z) n + z h, or turn the signs of z's rows of all weights and biases"
      ) {
        $0.each { cell in
          func turned(_ values: [Double]) -> [Double] {
            let rows = values.count / 3
            return values.indices.map { rows..<2 * rows ~= $0 ? -values[$0] : values[$0] }
          }
          cell.fromInput = turned(cell.fromInput)
          cell.fromHidden = turned(cell.fromHidden)
          cell.inputBias = turned(cell.inputBias)
          cell.hiddenBias = turned(cell.hiddenBias)
        }
      }
    }
  }

  mutating func addDirections() {
    let steps = context.input[0]
    guard layer.isBidirectional else {
      addReversed(steps)
      return
    }
    let right = "_reverse in a key is the backward direction, whose outputs come second"
    add(.directions, "the weights of the two directions are swapped in every layer", right) {
      for number in $0.layers.indices {
        let (forward, backward) = ($0.layers[number][0], $0.layers[number][1])
        $0.layers[number] = [backward, forward]
        $0.layers[number][0].isReversed = false
        $0.layers[number][1].isReversed = true
      }
    }
    add(.directions, "the outputs of the backward direction come before the forward ones", right) {
      $0.backwardFirst = true
    }
    guard steps > 1 else { return }
    add(
      .directions, "the backward direction reads the sequence from its start",
      "read it from its end, and put each output at the step that was read"
    ) { $0.each { $0.isReversed = false } }
    add(
      .directions,
      "the outputs of the backward direction stand in the order in which they were computed",
      "put each output at the step that was read: turn the backward sequence round again"
    ) { $0.leavesBackward = true }
  }

  private mutating func addReversed(_ steps: Int) {
    add(
      .timeReversed, "the sequence is read from its end, each output at its step",
      "feed the first step first"
    ) { $0.each { $0.isReversed = true } }
    guard steps > 1 else { return }
    let width = stack.outputs
    let order = (0..<steps).reversed().flatMap { stepOrder([steps, width], step: $0) }
    var turned = stack
    turned.each { $0.isReversed = true }
    for (what, first) in [
      ("the output sequence is reversed", stack), ("the sequence is given in reverse", turned),
    ] {
      all.append(
        Hypothesis(
          fault: .timeReversed, step: step, what: what, remedy: "keep the steps in order",
          steps: { _ in [.recurrent(first), .gather(order: order, extents: [steps, width])] }))
    }
  }

  mutating func addLayers() {
    for first in 0..<layer.layers {
      for second in first + 1..<layer.layers
      where layer.inputs(ofLayer: first) == layer.inputs(ofLayer: second) {
        add(
          .layerOrder, "layers l\(first) and l\(second) are swapped",
          "number the layers from the input on"
        ) { $0.layers.swapAt(first, second) }
      }
      guard layer.layers > 1, first > 0 || layer.inputs == layer.outputs else { continue }
      add(
        .layerOrder, "the golden leaves layer l\(first) out",
        "give num_layers=\(layer.layers) to the recorded model"
      ) { $0.layers.remove(at: first) }
    }
  }

  mutating func addRounding() {
    for format in [CoarseFormat.float16, .bfloat16] {
      add(
        .weightsRounded, "the golden's weights were all rounded to \(format.rawValue)",
        "record the golden from the float32 weights, or round the weights alike"
      ) {
        $0.each {
          $0.fromInput = $0.fromInput.map(format.round)
          $0.fromHidden = $0.fromHidden.map(format.round)
          $0.inputBias = $0.inputBias.map(format.round)
          $0.hiddenBias = $0.hiddenBias.map(format.round)
        }
      }
    }
  }
}
