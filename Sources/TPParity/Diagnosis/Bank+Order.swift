internal import TPModels

// Steps of a sequence, orders of elements, and what only training does.
extension Bank {
  /// Which step of a sequence goes on.
  static func lastStep(step: Int, _ context: BankContext) -> [Hypothesis] {
    let steps = context.input[0]
    guard steps > 1 else { return [] }
    let others = Array(0..<steps - 1)
    // Every trial runs what comes before: of a long sequence only its ends are tried.
    let tried =
      others.count <= 2 * mostSteps ? others : others.prefix(mostSteps) + others.suffix(mostSteps)
    var all = tried.map { number in
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

  /// How many steps at each end of a sequence may be the one that goes on.
  private static let mostSteps = 32

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
