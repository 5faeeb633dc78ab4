extension Bank {
  static func recurrent(
    _ lstm: RecurrentStep, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var all: [Hypothesis] = []
    let name = context.layerName
    func add(
      _ fault: Fault, _ what: String, _ remedy: String, map: String? = nil,
      _ change: @escaping @Sendable (inout RecurrentStep) -> Void
    ) {
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy, map: map,
          steps: { _ in
            var changed = lstm
            change(&changed)
            return [.lstm(changed)]
          }))
    }
    let parts:
      [(what: String, names: [String], set: @Sendable (inout RecurrentStep, [Int]) -> Void)] =
        [
          (
            "all weights and biases",
            ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"],
            {
              $0.inputGates = $1
              $0.hiddenGates = $1
              $0.inputBiasGates = $1
              $0.hiddenBiasGates = $1
            }
          ),
          (
            "weight_ih and bias_ih", ["weight_ih_l0", "bias_ih_l0"],
            {
              $0.inputGates = $1
              $0.inputBiasGates = $1
            }
          ),
          (
            "weight_hh and bias_hh", ["weight_hh_l0", "bias_hh_l0"],
            {
              $0.hiddenGates = $1
              $0.hiddenBiasGates = $1
            }
          ),
          (
            "weight_ih and weight_hh", ["weight_ih_l0", "weight_hh_l0"],
            {
              $0.inputGates = $1
              $0.hiddenGates = $1
            }
          ),
          (
            "both biases", ["bias_ih_l0", "bias_hh_l0"],
            {
              $0.inputBiasGates = $1
              $0.hiddenBiasGates = $1
            }
          ),
          ("weight_ih", ["weight_ih_l0"], { $0.inputGates = $1 }),
          ("weight_hh", ["weight_hh_l0"], { $0.hiddenGates = $1 }),
          ("bias_ih", ["bias_ih_l0"], { $0.inputBiasGates = $1 }),
          ("bias_hh", ["bias_hh_l0"], { $0.hiddenBiasGates = $1 }),
        ]
    for part in parts {
      for order in permutations(4) where order != [0, 1, 2, 3] {
        // Gate k of torch is block order[k] of the weights: so this is how they are named.
        var letters = ["", "", "", ""]
        for (gate, block) in order.enumerated() { letters[block] = ["i", "f", "g", "o"][gate] }
        let from = letters.joined()
        add(
          .gateOrder,
          "the gates of \(part.what) stand in the order \(letters.joined(separator: ", "))",
          "reorder the gates of \(part.what) to i, f, g, o",
          map: "{\"reorder\": [\(part.names.map { "\"\(name).\($0)\"" }.joined(separator: ", "))],"
            + " \"from\": \"\(from)\", \"to\": \"ifgo\"}"
        ) { part.set(&$0, order) }
      }
    }
    let (inputs, hidden) = (lstm.inputs, lstm.hidden)
    let rows = 4 * hidden
    add(
      .transposed, "weight_hh is transposed", "transpose \(name).weight_hh_l0"
    ) { $0.fromHidden = viewed($0.fromHidden, as: [rows, hidden], [1, 0]) }
    add(
      .transposed, "weight_hh was transposed although it stood right",
      "take the bytes of \(name).weight_hh_l0 as they are"
    ) { $0.fromHidden = transposed($0.fromHidden, [rows, hidden], [1, 0]) }
    add(
      .transposed, "each gate's block of weight_hh is transposed",
      "transpose the four blocks of \(name).weight_hh_l0"
    ) { step in
      step.fromHidden = (0..<4).flatMap { gate in
        transposed(
          Array(step.fromHidden[gate * hidden * hidden..<(gate + 1) * hidden * hidden]),
          [hidden, hidden], [1, 0])
      }
    }
    add(
      .transposed, "weight_ih is transposed", "transpose \(name).weight_ih_l0"
    ) { $0.fromInput = viewed($0.fromInput, as: [rows, inputs], [1, 0]) }
    add(
      .transposed, "weight_ih was transposed although it stood right",
      "take the bytes of \(name).weight_ih_l0 as they are"
    ) { $0.fromInput = transposed($0.fromInput, [rows, inputs], [1, 0]) }
    let zeros = [Double](repeating: 0, count: rows)
    if lstm.inputBias.contains(where: { $0 != 0 }) {
      add(.biasMissing, "the golden lacks bias_ih", "add bias_ih and bias_hh") {
        $0.inputBias = zeros
      }
      add(.biasDoubled, "the golden adds bias_ih twice", "add bias_ih once") {
        $0.inputBias = $0.inputBias.map { 2 * $0 }
      }
      add(
        .biasDoubled, "the golden has bias_ih in place of bias_hh as well",
        "add bias_ih and bias_hh"
      ) { $0.hiddenBias = $0.inputBias }
    }
    if lstm.hiddenBias.contains(where: { $0 != 0 }) {
      add(.biasMissing, "the golden lacks bias_hh", "add bias_ih and bias_hh") {
        $0.hiddenBias = zeros
      }
      add(.biasDoubled, "the golden adds bias_hh twice", "add bias_hh once") {
        $0.hiddenBias = $0.hiddenBias.map { 2 * $0 }
      }
      add(
        .biasDoubled, "the golden has bias_hh in place of bias_ih as well",
        "add bias_ih and bias_hh"
      ) { $0.inputBias = $0.hiddenBias }
      add(.biasMissing, "the golden lacks both biases", "add bias_ih and bias_hh") {
        $0.inputBias = zeros
        $0.hiddenBias = zeros
      }
      add(
        .biasDoubled, "bias_ih and bias_hh of the weights are the sum of both, twice",
        "store the sum once, or halve both"
      ) {
        $0.inputBias = $0.inputBias.map { $0 / 2 }
        $0.hiddenBias = $0.hiddenBias.map { $0 / 2 }
      }
    }
    add(.cellState, "the golden gives the cell state c, not the hidden state h", "take h") {
      $0.output = .cell
    }
    add(.cellTanh, "h is o c, without the tanh of c", "compute h = o tanh(c)") {
      $0.squashesCell = false
    }
    add(.hardSigmoid, "the gates use clip(0.2 x + 0.5) for sigmoid (Keras)", "use sigmoid") {
      $0.gate = .hardKeras
    }
    add(.hardSigmoid, "the gates use clip(x / 6 + 0.5) for sigmoid", "use sigmoid") {
      $0.gate = .hardTorch
    }
    add(
      .timeReversed, "the sequence is read from its end, each output at its step",
      "feed the first step first"
    ) {
      $0.isReversed = true
    }
    all += digits(
      lstm.fromInput, rows: rows, suffix: "weight_ih_l0", step: step, context,
      with: { values in
        { _ in
          var changed = lstm
          changed.fromInput = values
          return [.lstm(changed)]
        }
      })
    all += digits(
      lstm.fromHidden, rows: rows, suffix: "weight_hh_l0", step: step, context,
      with: { values in
        { _ in
          var changed = lstm
          changed.fromHidden = values
          return [.lstm(changed)]
        }
      })
    for format in [CoarseFormat.float16, .bfloat16] {
      add(
        .weightsRounded, "the golden's weights were all rounded to \(format.rawValue)",
        "record the golden from the float32 weights, or round the weights alike"
      ) {
        $0.fromInput = $0.fromInput.map(format.round)
        $0.fromHidden = $0.fromHidden.map(format.round)
        $0.inputBias = $0.inputBias.map(format.round)
        $0.hiddenBias = $0.hiddenBias.map(format.round)
      }
    }
    let steps = context.input[0]
    if steps > 1 {
      let order = (0..<steps).reversed().flatMap { stepOrder([steps, hidden], step: $0) }
      var turned = lstm
      turned.isReversed = true
      for (what, first) in [
        ("the output sequence is reversed", lstm),
        ("the sequence is given in reverse", turned),
      ] {
        all.append(
          Hypothesis(
            fault: .timeReversed, step: step, what: what, remedy: "keep the steps in order",
            steps: { _ in [.lstm(first), .gather(order: order, extents: [steps, hidden])] }))
      }
    }
    return all
  }

  /// Which step of a sequence goes on.
  static func lastStep(step: Int, _ context: BankContext) -> [Hypothesis] {
    let steps = context.input[0]
    guard steps > 1 else { return [] }
    var all = (0..<steps - 1).map { number in
      let order = stepOrder(context.input, step: number)
      return Hypothesis(
        fault: .timeStep, step: step,
        what: "the golden takes \(number == 0 ? "the first step" : "step \(number)"), not the last",
        remedy: "take x[:, -1]",
        steps: { _ in [.gather(order: order, extents: context.output)] })
    }
    if context.backward > 0 {
      // What h_n holds of a backward direction is its output at the first step.
      let forward = context.output.reduce(1, *) - context.backward
      let order =
        Array(stepOrder(context.input, step: steps - 1)[..<forward])
        + stepOrder(context.input, step: 0)[forward...]
      all.append(
        Hypothesis(
          fault: .timeStep, step: step,
          what: "the golden takes the last state of each direction (h_n), which of the backward"
            + " one is that of the first step",
          remedy: "take x[:, -1] in the recorded model, or describe what it takes",
          steps: { _ in [.gather(order: order, extents: context.output)] }))
    }
    all.append(
      Hypothesis(
        fault: .timeStep, step: step,
        what: "the golden takes the mean over the steps, not the last",
        remedy: "take x[:, -1]", steps: { _ in [.meanOfSteps] }))
    return all
  }

  /// Other orders of the elements before a flatten.
  static func order(
    step: Int, _ context: BankContext, isPermute: Bool, current: [Int32]
  ) -> [Hypothesis] {
    let axes = context.input.count
    guard (2...4).contains(axes) else { return [] }
    return permutations(axes).compactMap { axisList in
      let order = axisOrder(axisList, extents: context.input)
      if order == current { return nil }
      let known = [4: ["C", "D", "H", "W"], 3: ["C", "H", "W"]]
      let names = known[axes] ?? (0..<axes).map { "axis \($0 + 1)" }
      let moved = axisList.map { names[$0] }.joined(separator: ", ")
      return Hypothesis(
        fault: .flattenOrder, step: step,
        what: "the golden flattens (\(names.joined(separator: ", "))) in the order (\(moved))",
        remedy: "permute before flatten as the layer list does",
        steps: { _ in
          [
            .gather(order: order, extents: isPermute ? context.output : context.input)
          ] + (isPermute ? [] : [.reshape(context.output)])
        })
    }
  }

  static func relu(step: Int) -> [Hypothesis] {
    let other: [(String, SegmentStep?)] = [
      ("the golden has no ReLU here", nil),
      ("the golden has a LeakyReLU of slope 0.01", .pointwise(.leakyRelu(slope: 0.01))),
      ("the golden has a sigmoid in place of ReLU", .pointwise(.sigmoid)),
    ]
    return other.map { what, function in
      Hypothesis(
        fault: .activationFunction, step: step, what: what,
        remedy: "use the same activation function in both models",
        steps: { _ in function.map { [$0] } ?? [] })
    }
  }

  static func dropout(_ p: Double, step: Int, _ context: BankContext) -> [Hypothesis] {
    guard p > 0, p < 1 else { return [] }
    return [
      (1 - p, "the golden multiplies by 1 - p = \(short(1 - p)) where dropout does nothing"),
      (1 / (1 - p), "the golden divides by 1 - p = \(short(1 - p)) where dropout does nothing"),
    ].map { scale, what in
      Hypothesis(
        fault: .dropoutScale, step: step, what: what,
        remedy: "torch scales in training and leaves inference alone",
        steps: { _ in [.pointwise(.given(scale: scale, shift: 0))] })
    }
  }
}
