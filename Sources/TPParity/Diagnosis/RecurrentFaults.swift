internal import TPModels

// LSTMs and GRUs, of any number of layers and directions.
extension Bank {
  static func recurrent(
    _ stack: RecurrentStack, _ layer: Layer.Recurrent, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var faults = RecurrentFaults(stack: stack, layer: layer, step: step, context: context)
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
struct RecurrentFaults {
  let stack: RecurrentStack
  let layer: Layer.Recurrent
  let step: Int
  let context: BankContext
  var all: [Hypothesis] = []

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
    if all.count <= RecurrentFaults.most / each { return all }
    return Array(all.filter(\.isCommon).prefix(max(16, RecurrentFaults.most / each)))
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

  mutating func add(
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
  mutating func addEverywhere(
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

  /// Parameters whose gates may stand in another order together.
  private static let gateParts: [(what: String, names: [String])] =
    [
      ("all weights and biases", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]),
      ("weight_ih and bias_ih", ["weight_ih", "bias_ih"]),
      ("weight_hh and bias_hh", ["weight_hh", "bias_hh"]),
      ("weight_ih and weight_hh", ["weight_ih", "weight_hh"]),
      ("both biases", ["bias_ih", "bias_hh"]),
    ] + ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map { ($0, [$0]) }

  mutating func addGates() {
    let fault = layer.cell == .lstm ? Fault.gateOrder : .gruGateOrder
    let parts = Self.gateParts.filter { part in
      layer.hasBias || part.names.allSatisfy { $0.hasPrefix("weight") }
    }
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
          isCommon: number == 0 || cells.count == 1
        ) { $0.each { $0.reorder(part.names, order) } }
      }
      guard cells.count > 1, let whole = parts.first else { continue }
      for (place, suffix) in cells {
        add(
          fault, "the gates of \(suffix.dropFirst()) stand in the order \(found)",
          "reorder the gates of \(suffix.dropFirst()) to \(right)",
          map: map(whole.names, [suffix]), isCommon: false
        ) { $0.layers[place.0][place.1].reorder(whole.names, order) }
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
}

extension RecurrentStep {
  /// Takes the gates of these parameters from other blocks of their rows.
  fileprivate mutating func reorder(_ parameters: [String], _ order: [Int]) {
    if parameters.contains("weight_ih") { inputGates = order }
    if parameters.contains("weight_hh") { hiddenGates = order }
    if parameters.contains("bias_ih") { inputBiasGates = order }
    if parameters.contains("bias_hh") { hiddenBiasGates = order }
  }
}
