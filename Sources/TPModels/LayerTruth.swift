/// One layer in float64 with the rounding noise of float32, by itself.
package struct LayerTruth: Sendable {
  private let plan: TruthPlan
  private let inputs: Int
  private let outputs: Int

  /// The layer with its weights, for an input and output of these extents, without the clips.
  package init(_ layer: Layer, input: [Int], output: [Int], _ weights: BoundWeights) {
    plan = TruthPlan([layer], input: input, outputs: [output], weights)
    inputs = input.reduce(1, *)
    outputs = output.reduce(1, *)
  }

  /// The output for a whole input.
  ///
  /// - Parameters:
  ///   - values: one for each element of the input, row-major.
  ///   - variances: of the rounding noise of each; none where nothing was rounded yet.
  /// - Precondition: as many as the input has elements.
  package func apply(
    _ values: [Double], _ variances: [Double]
  ) -> (values: [Double], variances: [Double]) {
    precondition(values.count == inputs && (variances.isEmpty || variances.count == inputs))
    var plan = plan
    plan.value.current.replaceSubrange(0..<inputs, with: values)
    if !variances.isEmpty { plan.noise.current.replaceSubrange(0..<inputs, with: variances) }
    plan.isExact = variances.isEmpty
    for step in plan.steps {
      plan.apply(KernelVariant.best.code, step, count: inputs, outputs: outputs)
    }
    return (Array(plan.value.current[..<outputs]), Array(plan.noise.current[..<outputs]))
  }
}
