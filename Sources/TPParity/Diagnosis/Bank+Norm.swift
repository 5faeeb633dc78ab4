extension Bank {
  static let epsilons = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 0]

  static func epsilonRemedy(_ name: String, golden: Double, own: Double) -> String {
    let known = [
      1e-3: " (1e-3 is the default of Keras)", 1e-5: " (1e-5 is the default of PyTorch)",
    ]
    return "give \(name) one eps: \"eps\": \(golden) in the layer list, or eps=\(own) in the"
      + " recorded model" + (known[golden] ?? "")
  }

  /// A map that swaps the two parameters of a normalisation.
  static func gammaBetaMap(_ name: String) -> String {
    "{\"rename\": \"\(name).weight\", \"to\": \"\(name).gamma\"},"
      + " {\"rename\": \"\(name).bias\", \"to\": \"\(name).weight\"},"
      + " {\"rename\": \"\(name).gamma\", \"to\": \"\(name).bias\"}"
  }

  static func norm(
    _ norm: NormParameters, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var all: [Hypothesis] = []
    let name = context.layerName
    func add(
      _ fault: Fault, _ what: String, _ remedy: String, map: String? = nil,
      givesNaN: Bool = false, _ change: (inout NormParameters) -> Void
    ) {
      var changed = norm
      change(&changed)
      let affine = changed.step
      guard
        givesNaN || affine.scale.allSatisfy(\.isFinite) && affine.shift.allSatisfy(\.isFinite)
      else { return }
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy, map: map,
          steps: { _ in [.affine(affine)] }))
    }
    for epsilon in epsilons where epsilon != norm.epsilon {
      add(
        .epsilon, "the golden's eps is \(epsilon), the layer list's \(norm.epsilon)",
        epsilonRemedy(name, golden: epsilon, own: norm.epsilon)
      ) { $0.epsilon = epsilon }
      if epsilon > norm.epsilon {
        add(
          .epsilon,
          "an eps of \(epsilon) in place of \(norm.epsilon) is in the weights' variance already",
          "store the variance in \(name).running_var without eps"
        ) { $0.epsilon = 2 * norm.epsilon - epsilon }
      }
    }
    add(
      .deviation, "the variance is used as a standard deviation",
      "divide by sqrt(running_var + eps)"
    ) {
      $0.variance = zip($0.variance, $0.variance).map {
        ($0 + norm.epsilon) * ($1 + norm.epsilon) - norm.epsilon
      }
    }
    add(
      .deviation, "the running variance is a standard deviation",
      "square \(name).running_var"
    ) { $0.variance = $0.variance.map { $0 * $0 } }
    add(
      .deviation, "the root of the running variance is taken twice",
      "store the variance in \(name).running_var, not its root"
    ) { $0.variance = $0.variance.map { $0.squareRoot() } }
    add(
      .gammaBetaSwapped, "weight (gamma) and bias (beta) are swapped",
      "swap \(name).weight and \(name).bias",
      map: gammaBetaMap(name)
    ) { swap(&$0.gamma, &$0.beta) }
    all.append(
      Hypothesis(
        fault: .normSkipped, step: step, what: "the batch norm is skipped",
        remedy: "run \(name) in both models",
        steps: { _ in [.reshape(context.output)] }))
    let spatial = context.input.dropFirst().reduce(1, *)
    for batch in context.batches {
      let n = Double(batch * spatial)
      if n < 2 { continue }
      for (factor, what) in [
        (n / (n - 1), "the golden's variance is unbiased, the weights' is not"),
        ((n - 1) / n, "the weights' variance is unbiased, the golden's is not"),
      ] {
        add(
          .unbiasedVariance, "\(what): n / (n - 1) for batches of \(batch)",
          "store the variance that torch stores in \(name).running_var: that of the running"
            + " average, as it is"
        ) { $0.variance = $0.variance.map { $0 * factor } }
      }
    }
    add(
      .otherStatistics, "the running mean and the running variance are swapped",
      "swap \(name).running_mean and \(name).running_var",
      map: "{\"rename\": \"\(name).running_mean\", \"to\": \"\(name).mean\"},"
        + " {\"rename\": \"\(name).running_var\", \"to\": \"\(name).running_mean\"},"
        + " {\"rename\": \"\(name).mean\", \"to\": \"\(name).running_var\"}",
      // The root of a negative mean is no number, in the golden too.
      givesNaN: true
    ) { swap(&$0.mean, &$0.variance) }
    add(
      .otherStatistics, "the golden's running statistics are those of a new layer (0 and 1)",
      "load the buffers of \(name) too"
    ) {
      $0.mean = $0.mean.map { _ in 0 }
      $0.variance = $0.variance.map { _ in 1 }
    }
    for format in [CoarseFormat.float16, .bfloat16] {
      for (buffers, what) in [(false, "weight and bias were"), (true, "numbers were all")] {
        var changed = norm
        changed.gamma = norm.gamma.map(format.round)
        changed.beta = norm.beta.map(format.round)
        if buffers {
          changed.mean = norm.mean.map(format.round)
          changed.variance = norm.variance.map(format.round)
        }
        let affine = changed.step
        all.append(
          Hypothesis(
            fault: .weightsRounded, step: step,
            what: "the golden's \(what) rounded to \(format.rawValue)",
            remedy: "record the golden from the float32 weights, or round the weights alike",
            steps: { _ in [.affine(affine)] }, isCommon: false))
      }
    }
    for other in context.norms {
      add(
        .otherStatistics, "the golden has the running statistics of \(other.name)",
        "take the running statistics of \(name) itself"
      ) {
        $0.mean = other.parameters.mean
        $0.variance = other.parameters.variance
      }
    }
    return all
  }
}
