internal import TPModels

// A GRU, and LSTMs of several layers or of two directions.
extension Bank {
  static func stack(
    _ stack: RecurrentStack, _ layer: Layer.Recurrent, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var faults = StackFaults(stack: stack, layer: layer, step: step, context: context)
    faults.addGates()
    faults.addWeights()
    faults.addBiases()
    faults.addCells()
    faults.addDirections()
    faults.addLayers()
    faults.addRounding()
    return faults.affordable
  }
}

/// Collects the hypotheses about recurrent layers.
private struct StackFaults {
  let stack: RecurrentStack
  let layer: Layer.Recurrent
  let step: Int
  let context: BankContext
  private(set) var all: [Hypothesis] = []

  /// Multiply-adds of all trials together, of one clip; of more only the common faults are tried.
  private static let most = 10_000_000_000

  init(stack: RecurrentStack, layer: Layer.Recurrent, step: Int, context: BankContext) {
    self.stack = stack
    self.layer = layer
    self.step = step
    self.context = context
  }

  /// What can be tried in a time that somebody waits.
  var affordable: [Hypothesis] {
    let each = max(1, context.input[0] * stack.multiplyAdds)
    if all.count <= StackFaults.most / each { return all }
    return Array(all.filter(\.isCommon).prefix(max(16, StackFaults.most / each)))
  }

  private var name: String { context.layerName }
  private var gates: [String] { layer.cell == .lstm ? ["i", "f", "g", "o"] : ["r", "z", "n"] }

  /// The places of the layers and directions with the suffixes of their parameters.
  private var cells: [(place: (Int, Int), suffix: String)] {
    (0..<layer.layers).flatMap { number in
      (0..<layer.directions).map { direction in
        (
          (number, direction), Layer.Recurrent.suffix(layer: number, direction: direction)
        )
      }
    }
  }

  private mutating func add(
    _ fault: Fault, _ what: String, _ remedy: String, map: String? = nil, isCommon: Bool = true,
    _ change: (inout RecurrentStack) -> Void
  ) {
    var changed = stack
    change(&changed)
    let other = changed
    all.append(
      Hypothesis(
        fault: fault, step: step, what: what, remedy: remedy, map: map,
        steps: { _ in [.recurrent(other)] }, isCommon: isCommon))
  }

  /// A fault in every layer and direction, and in each by itself.
  private mutating func addEverywhere(
    _ fault: Fault, _ parameter: String, _ what: (String) -> String,
    _ remedy: (String) -> String, _ change: (inout RecurrentStep) -> Void
  ) {
    let isOne = cells.count == 1
    let plain = isOne ? parameter + "_l0" : parameter
    add(
      fault, what(plain) + (isOne ? "" : " in every layer and direction"),
      remedy("\(name).\(plain)" + (isOne ? "" : "_*"))
    ) { $0.each(change) }
    if isOne { return }
    for (place, suffix) in cells {
      add(
        fault, what(parameter + suffix), remedy("\(name).\(parameter)\(suffix)"), isCommon: false
      ) { change(&$0.layers[place.0][place.1]) }
    }
  }

  mutating func addGates() {
    let fault = layer.cell == .lstm ? Fault.gateOrder : .gruGateOrder
    typealias Set = (inout RecurrentStep, [Int]) -> Void
    let parts: [(what: String, names: [String], set: Set)] = [
      (
        "all weights and biases", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"],
        {
          $0.inputGates = $1
          $0.hiddenGates = $1
          $0.inputBiasGates = $1
          $0.hiddenBiasGates = $1
        }
      ),
      (
        "weight_ih and bias_ih", ["weight_ih", "bias_ih"],
        {
          $0.inputGates = $1
          $0.inputBiasGates = $1
        }
      ),
      (
        "weight_hh and bias_hh", ["weight_hh", "bias_hh"],
        {
          $0.hiddenGates = $1
          $0.hiddenBiasGates = $1
        }
      ),
      (
        "both biases", ["bias_ih", "bias_hh"],
        {
          $0.inputBiasGates = $1
          $0.hiddenBiasGates = $1
        }
      ),
      ("weight_ih", ["weight_ih"], { $0.inputGates = $1 }),
      ("weight_hh", ["weight_hh"], { $0.hiddenGates = $1 }),
      ("bias_ih", ["bias_ih"], { $0.inputBiasGates = $1 }),
      ("bias_hh", ["bias_hh"], { $0.hiddenBiasGates = $1 }),
    ]
    let count = layer.cell.gates
    let own = Array(0..<count)
    let right = gates.joined(separator: ", ")
    for order in permutations(count) where order != own {
      // Gate k of torch is block order[k] of the weights: so this is how they are named.
      var letters = gates
      for (gate, block) in order.enumerated() { letters[block] = gates[gate] }
      let found = letters.joined(separator: ", ")
      func map(_ names: [String], _ suffixes: [String]) -> String {
        let keys = suffixes.flatMap { suffix in names.map { "\"\(name).\($0)\(suffix)\"" } }
        return "{\"reorder\": [\(keys.joined(separator: ", "))], \"from\": \"\(letters.joined())\","
          + " \"to\": \"\(gates.joined())\"}"
      }
      for (number, part) in parts.enumerated() {
        add(
          fault, "the gates of \(part.what) stand in the order \(found)",
          "reorder the gates of \(part.what) to \(right)",
          map: map(part.names, cells.map(\.suffix)),
          isCommon: number == 0
        ) { $0.each { part.set(&$0, order) } }
      }
      guard cells.count > 1, let whole = parts.first else { continue }
      for (place, suffix) in cells {
        add(
          fault, "the gates of \(suffix.dropFirst()) stand in the order \(found)",
          "reorder the gates of \(suffix.dropFirst()) to \(right)",
          map: map(whole.names, [suffix]), isCommon: false
        ) { whole.set(&$0.layers[place.0][place.1], order) }
      }
    }
  }

  mutating func addWeights() {
    let count = layer.cell.gates
    func hidden(_ change: @escaping ([Double], [Int]) -> [Double])
      -> (inout RecurrentStep) -> Void
    {
      return { $0.fromHidden = change($0.fromHidden, [count * $0.hidden, $0.hidden]) }
    }
    func input(_ change: @escaping ([Double], [Int]) -> [Double])
      -> (inout RecurrentStep) -> Void
    {
      return { $0.fromInput = change($0.fromInput, [count * $0.hidden, $0.inputs]) }
    }
    for (parameter, turn) in [("weight_hh", hidden), ("weight_ih", input)] {
      addEverywhere(
        .transposed, parameter, { "\($0) is transposed" }, { "transpose \($0)" },
        turn { viewed($0, as: $1, [1, 0]) })
      addEverywhere(
        .transposed, parameter, { "\($0) was transposed although it stood right" },
        { "take the bytes of \($0) as they are" }, turn { transposed($0, $1, [1, 0]) })
    }
    addEverywhere(
      .transposed, "weight_hh", { "each gate's block of \($0) is transposed" },
      { "transpose the \(count) blocks of \($0)" },
      hidden { values, shape in
        let size = shape[1] * shape[1]
        return (0..<count).flatMap { gate in
          transposed(Array(values[gate * size..<(gate + 1) * size]), [shape[1], shape[1]], [1, 0])
        }
      })
    guard cells.count <= 4 else { return }
    for (place, suffix) in cells {
      let cell = stack.layers[place.0][place.1]
      let stack = stack
      func with(_ set: @escaping @Sendable (inout RecurrentStep, [Double]) -> Void)
        -> (_ values: [Double]) -> @Sendable (Int) -> [SegmentStep]
      {
        return { values in
          { _ in
            var changed = stack
            set(&changed.layers[place.0][place.1], values)
            return [.recurrent(changed)]
          }
        }
      }
      all += Bank.digits(
        cell.fromInput, rows: count * cell.hidden, suffix: "weight_ih" + suffix, step: step,
        context, with: with { $0.fromInput = $1 })
      all += Bank.digits(
        cell.fromHidden, rows: count * cell.hidden, suffix: "weight_hh" + suffix, step: step,
        context, with: with { $0.fromHidden = $1 })
    }
  }

  mutating func addBiases() {
    let cells = stack.layers.joined()
    func zeros(_ values: [Double]) -> [Double] { values.map { _ in 0 } }
    func twice(_ values: [Double]) -> [Double] { values.map { 2 * $0 } }
    let once = "add bias_ih and bias_hh once"
    if cells.contains(where: { $0.inputBias.contains { $0 != 0 } }) {
      addEverywhere(.biasMissing, "bias_ih", { "the golden lacks \($0)" }, { _ in once }) {
        $0.inputBias = zeros($0.inputBias)
      }
      addEverywhere(.biasDoubled, "bias_ih", { "the golden adds \($0) twice" }, { _ in once }) {
        $0.inputBias = twice($0.inputBias)
      }
    }
    guard cells.contains(where: { $0.hiddenBias.contains { $0 != 0 } }) else { return }
    addEverywhere(.biasMissing, "bias_hh", { "the golden lacks \($0)" }, { _ in once }) {
      $0.hiddenBias = zeros($0.hiddenBias)
    }
    addEverywhere(.biasDoubled, "bias_hh", { "the golden adds \($0) twice" }, { _ in once }) {
      $0.hiddenBias = twice($0.hiddenBias)
    }
    add(.biasMissing, "the golden lacks all biases", once) {
      $0.each {
        $0.inputBias = zeros($0.inputBias)
        $0.hiddenBias = zeros($0.hiddenBias)
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
