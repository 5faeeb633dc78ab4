extension Bank {
  static func layerNorm(
    _ norm: LayerNormStep, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var all: [Hypothesis] = []
    let name = context.layerName
    func add(
      _ fault: Fault, _ what: String, _ remedy: String, map: String? = nil,
      _ change: (inout LayerNormStep) -> Void
    ) {
      var changed = norm
      change(&changed)
      let other = changed
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy, map: map,
          steps: { _ in [.layerNorm(other)] }))
    }
    for epsilon in epsilons where epsilon != norm.epsilon {
      add(
        .layerNormEpsilon, "the golden's eps is \(epsilon), the layer list's \(norm.epsilon)",
        epsilonRemedy(name, golden: epsilon, own: norm.epsilon)
      ) { $0.epsilon = epsilon }
    }
    all.append(
      Hypothesis(
        fault: .layerNormSkipped, step: step, what: "the layer norm is skipped",
        remedy: "run \(name) in both models", steps: { _ in [.reshape(context.output)] }))
    let biased = "divide by sqrt(var + eps), with the variance over n, as torch does"
    add(
      .unbiasedVariance, "the golden divides the sum of squares by n - 1, not by n", biased
    ) { $0.isUnbiased = true }
    add(
      .layerNormEpsilon, "the golden adds eps to the standard deviation, not to the variance",
      biased
    ) { $0.addsToDeviation = true }
    add(
      .unbiasedVariance,
      "the golden divides by std + eps, with a standard deviation over n - 1", biased
    ) {
      $0.isUnbiased = true
      $0.addsToDeviation = true
    }
    add(
      .meanKept, "the golden does not take the mean off (RMSNorm)",
      "use the same normalisation in both models"
    ) { $0.isCentred = false }
    let (gamma, beta) = (norm.gamma, norm.beta)
    if gamma.contains(where: { $0 != 1 }) {
      add(.affineMissing, "the golden has no weight (gamma) here", "load \(name).weight too") {
        $0.gamma = gamma.map { _ in 1 }
      }
    }
    if beta.contains(where: { $0 != 0 }) {
      add(.affineMissing, "the golden has no bias (beta) here", "load \(name).bias too") {
        $0.beta = beta.map { _ in 0 }
      }
      add(
        .affineMissing, "the golden has neither weight nor bias here",
        "load \(name).weight and \(name).bias, and build it with elementwise_affine=True"
      ) {
        $0.gamma = gamma.map { _ in 1 }
        $0.beta = beta.map { _ in 0 }
      }
      add(
        .gammaBetaSwapped, "weight (gamma) and bias (beta) are swapped",
        "swap \(name).weight and \(name).bias",
        map: gammaBetaMap(name)
      ) { swap(&$0.gamma, &$0.beta) }
    }
    all += digits(
      gamma, rows: 1, suffix: "weight", step: step, context,
      with: { values in
        { _ in
          var changed = norm
          changed.gamma = values
          return [.layerNorm(changed)]
        }
      })
    return all
  }
}
