internal import TPCheckpoints
internal import TPModels

/// Hypotheses whose numbers are taken from the golden itself: what a fault must have been, if it was
/// of this kind. Whether it was is then judged like any other.
struct Fits {
  let segment: Segment
  let clips: [SearchClip]
  let bank: ModelBank
  let golden: Golden

  func hypotheses() -> [Hypothesis] {
    var all: [Hypothesis] = []
    for step in segment.steps.indices {
      switch segment.steps[step] {
      case .convolution, .linear:
        all += bias(step) + standardised(step) + rounded(step) + rows(step)
      case .affine: all += trained(step) + roundedParameters(step)
      case .recurrent(let stack): all += recurrentBias(step, stack) + roundedParameters(step)
      case .whole: all += roundedParameters(step)
      default: break
      }
      all += dropped(step)
    }
    for format in [CoarseFormat.bfloat16, .float16] {
      all.append(
        Hypothesis(
          fault: .reducedPrecision, step: 0,
          what: "every recorded value is a \(format.rawValue) number: the golden was computed in"
            + " reduced precision (autocast)",
          remedy: Bank.reducedRemedy, span: 0, steps: { _ in [] },
          noiseScale: format.unit / roundingUnit, grid: format, isFitted: true))
    }
    return all
  }

  private var architecture: Architecture { bank.model.architecture }

  private func name(_ step: Int) -> String { segment.layerName(step, architecture) }

  /// Recorded less computed, with the position and the computed value, where both are known.
  func residuals(
    _ clip: SearchClip, _ steps: [SegmentStep]
  ) -> [(position: Int, computed: Double, recorded: Double)] {
    guard
      let field = segment.evaluate(steps, clip.source, at: some(clip.target), judging: false),
      field.extents == clip.target.extents
    else { return [] }
    let places = clip.target.places
    return field.values.enumerated().compactMap { index, value in
      let position = field.positions.map { $0[index] } ?? index
      let at = Int(places[position])
      return at < 0 ? nil : (position, value, clip.target.values[at])
    }
  }

  private func some(_ target: Field) -> [Int]? {
    guard target.values.count > 4_096 else { return target.positions }
    var draw = Draw(seed: UInt64(target.values.count))
    return draw.some(4_096, of: target.positions ?? Array(target.values.indices))
  }

  /// A constant for each channel: the bias is another.
  private func bias(_ step: Int) -> [Hypothesis] {
    guard step == segment.steps.count - 1 else { return [] }
    let old: [Double]
    switch segment.steps[step] {
    case .convolution(let conv): old = conv.bias
    case .linear(let linear): old = linear.bias
    default: return []
    }
    let isLinear = if case .linear = segment.steps[step] { true } else { false }
    var sums = [Double](repeating: 0, count: old.count)
    var counts = sums
    for clip in clips {
      let each = max(1, clip.target.size / max(1, old.count))
      for item in residuals(clip, segment.steps) {
        let channel = isLinear ? item.position % old.count : item.position / each
        guard channel < old.count else { return [] }
        sums[channel] += item.recorded - item.computed
        counts[channel] += 1
      }
    }
    // One value a channel could be met by any bias: that proves nothing.
    guard counts.allSatisfy({ $0 >= 2 }) else { return [] }
    let new = old.indices.map { old[$0] + sums[$0] / counts[$0] }
    let isZero = old.allSatisfy { $0 == 0 }
    return [
      Hypothesis(
        fault: isZero ? .biasMissing : .otherWeights, step: step,
        what: isZero
          ? "the weights' bias is all zeros and the golden has one: the error is a constant of each"
            + " channel"
          : "the golden has another bias: the error is a constant of each channel",
        remedy: "export \(name(step)).bias from the recorded model",
        steps: { _ in [segment.steps[step].with(bias: new)] }, isFitted: true)
    ]
  }

  /// scale x + shift in place of the input, for all clips or each by itself.
  private func standardised(_ step: Int) -> [Hypothesis] {
    guard step == 0, segment.steps.count == 1, segment.source == "input",
      segment.layers.lowerBound == 0
    else { return [] }
    let plain = segment.steps[0]
    let zero = plain.with(bias: plain.bias.map { _ in 0 })
    var each: [Int: (scale: Double, shift: Double)] = [:]
    var total = NormalEquations()
    var counts: [Int] = []
    for clip in clips {
      var ones = clip
      ones.source.values = clip.source.values.map { _ in 1 }
      let first = residuals(clip, [zero])
      let second = residuals(ones, [zero])
      let base = residuals(ones, [plain])
      guard first.count == second.count, first.count == base.count, !first.isEmpty else {
        return []
      }
      var own = NormalEquations()
      for index in first.indices {
        let bias = base[index].computed - second[index].computed
        own.add(first[index].computed, second[index].computed, first[index].recorded - bias)
      }
      total.add(own)
      each[clip.number] = own.solution
      counts.append(first.count)
    }
    var all: [Hypothesis] = []
    // Two values could be met by any line: that proves nothing.
    if counts.reduce(0, +) > 2, let (scale, shift) = total.solution {
      let isPlain = abs(shift) < 1e-5 * abs(scale)
      all.append(
        Hypothesis(
          fault: isPlain ? .inputScale : .inputStandardised, step: 0,
          what: isPlain
            ? "the recorded model was given the input times \(short(scale))"
            : "the recorded model was given \(short(scale)) x \(shift < 0 ? "-" : "+")"
              + " \(short(abs(shift))): the input less \(short(-shift / scale)), divided by"
              + " \(short(1 / scale))",
          remedy: "record as `input` what the first layer is given",
          steps: { _ in [.pointwise(.given(scale: scale, shift: shift)), plain] }, isFitted: true))
    }
    if clips.count > 1, counts.allSatisfy({ $0 > 2 }) {
      let fitted = each
      all.append(
        Hypothesis(
          fault: .inputStandardised, step: 0,
          what: "the recorded model standardised each clip by itself",
          remedy: "record as `input` what the first layer is given",
          steps: { clip in
            let found = fitted[clip] ?? (1, 0)
            return [.pointwise(.given(scale: found.scale, shift: found.shift)), plain]
          }, isFitted: true))
    }
    return all
  }

  /// Whether the weights themselves were rounded: every one on a coarse grid, and an error as large
  /// as that makes.
  private func rounded(_ step: Int) -> [Hypothesis] {
    let weight = segment.steps[step].weight
    guard step == segment.steps.count - 1, !weight.isEmpty else { return [] }
    for format in [CoarseFormat.bfloat16, .float16] where weight.allSatisfy(format.holds) {
      let spread = weight.map { value -> Double in
        value == 0
          ? 0
          : 2 * format.unit * Double(sign: .plus, exponent: value.exponent, significand: 1)
            / 12.0.squareRoot()
      }
      return [
        Hypothesis(
          fault: .weightsRounded, step: step,
          what:
            "every weight is a \(format.rawValue) number, and the error is as large as rounding to"
            + " that makes it",
          remedy: "convert the original checkpoint again, without --dtype, or declare the loss",
          steps: { _ in [segment.steps[step]] },
          slack: segment.steps[step].with(bias: segment.steps[step].bias.map { _ in 0 })
            .with(weight: spread), isFitted: true)
      ]
    }
    let most = weight.reduce(0) { max($0, abs($1)) }
    guard let grid = integerGrid(weight), most > 0 else { return [] }
    return [
      Hypothesis(
        fault: .weightsRounded, step: step,
        what: "every weight is a multiple of \(short(grid)): they went through 8-bit integers",
        remedy: "convert the original checkpoint again, without quantising it",
        steps: { _ in [segment.steps[step]] },
        slack: segment.steps[step].with(bias: segment.steps[step].bias.map { _ in 0 })
          .with(weight: weight.map { _ in grid / 12.0.squareRoot() }), isFitted: true)
    ]
  }

  /// The step of a grid of at most 255 values that all the weights lie on; `nil` where there is none.
  private func integerGrid(_ weight: [Double]) -> Double? {
    let distinct = Set(weight.map(abs)).sorted()
    guard weight.count > 256, distinct.count <= 129, let most = distinct.last, most > 0 else {
      return nil
    }
    for levels in [127.0, 128.0] {
      let grid = most / levels
      if distinct.allSatisfy({ abs($0 / grid - ($0 / grid).rounded()) < 1e-3 }) { return grid }
    }
    return nil
  }

  /// The same of a batch norm and of an LSTM, whose outputs are no plain sums.
  private func roundedParameters(_ step: Int) -> [Hypothesis] {
    let place = segment.layers.lowerBound + step
    guard step == segment.steps.count - 1, architecture.layers.indices.contains(place) else {
      return []
    }
    for format in [CoarseFormat.bfloat16, .float16] {
      var hypothesis = Hypothesis(
        fault: .weightsRounded, step: step,
        what:
          "every parameter is a \(format.rawValue) number, and the error is no larger than rounding"
          + " to that makes it",
        remedy: "convert the original checkpoint again, without --dtype, or declare the loss",
        steps: { _ in [segment.steps[step]] }, isFitted: true)
      if case .recurrent = architecture.layers[place].kind,
        parameters(place).allSatisfy(format.holds)
      {
        hypothesis.noiseScale = format.unit / roundingUnit
        return [hypothesis]
      }
      // Ones and zeros are what a norm begins with: every format has them.
      if let norm = bank.normParameters(place),
        (norm.gamma + norm.beta).contains(where: { $0 != 0 && $0 != 1 }),
        (norm.gamma + norm.beta).allSatisfy(format.holds)
      {
        // Rounding moves gamma and beta each by a part of themselves.
        let part = 2 * format.unit / 12.0.squareRoot()
        let scale = norm.step.scale.map { 2.0.squareRoot() * part * abs($0) }
        let shift = norm.beta.indices.map { index -> Double in
          let moved = scale[index] * norm.mean[index]
          let own = part * norm.beta[index]
          return (own * own + moved * moved).squareRoot() / roundingUnit
        }
        hypothesis.slack = .affine(
          AffineStep(scale: scale, shift: shift, mean: shift.map { _ in 0 }))
        return [hypothesis]
      }
    }
    return []
  }

  /// All numbers of a layer.
  private func parameters(_ place: Int) -> [Double] {
    guard let name = architecture.layers[place].name else { return [] }
    return architecture.parameterTable.filter { $0.name.hasPrefix(name + ".") }
      .flatMap { bank.model.weights[$0.name].map { Double($0) } }
  }

  /// Rows of the last layer in another order: the classes.
  func rows(_ step: Int) -> [Hypothesis] {
    guard step == segment.steps.count - 1, case .linear(let linear) = segment.steps[step],
      linear.outputs <= 4_096
    else { return [] }
    var recorded: [[Double]] = Array(repeating: [], count: linear.outputs)
    var computed = recorded
    for clip in clips where clip.target.positions == nil {
      for item in residuals(clip, segment.steps) {
        recorded[item.position % linear.outputs].append(item.recorded)
        computed[item.position % linear.outputs].append(item.computed)
      }
    }
    guard let first = recorded.first, !first.isEmpty else { return [] }
    let order = recorded.map { column in
      computed.indices.min {
        distance(column, computed[$0]) < distance(column, computed[$1])
      } ?? 0
    }
    guard order != Array(order.indices), Set(order).count == order.count else { return [] }
    let inputs = linear.weight.count / linear.outputs
    let place = segment.layers.lowerBound + step
    let isLast = place == architecture.layers.count - 1
    // A rule that means no tensor is refused, and there may be no bias.
    let keys = ["weight", "bias"].map { "\(name(step)).\($0)" }.filter { key in
      architecture.parameterTable.contains { $0.name == key }
    }
    let quoted = keys.map { "\"\($0)\"" }.joined(separator: ", ")
    return [
      Hypothesis(
        fault: .classesPermuted, step: step,
        what: (isLast ? "the classes are permuted" : "the outputs are permuted")
          + (order.count <= 16
            ? ": the golden's 0, 1, ... are the weights' \(order.map(String.init).joined(separator: ", "))"
            : ""),
        remedy: isLast
          ? "use one class order: class_to_idx of the checkpoint"
          : "put the rows of all parameters of \(name(step)) in the golden's order",
        map: "{\"reorder\": [\(quoted)], \"from\": ["
          + order.indices.map { "\"\($0)\"" }.joined(separator: ", ") + "], \"to\": ["
          + order.map { "\"\($0)\"" }.joined(separator: ", ") + "]}",
        steps: { _ in
          var changed = linear
          changed.bias = order.map { linear.bias[$0] }
          changed.weight = order.flatMap { linear.weight[$0 * inputs..<($0 + 1) * inputs] }
          return [.linear(changed)]
        })
    ]
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  /// Dropout that was active: which inputs were dropped cannot be known, but how large the error
  /// is then, on average.
  private func dropped(_ step: Int) -> [Hypothesis] {
    let place = segment.layers.lowerBound + step
    guard architecture.layers.indices.contains(place),
      case .dropout(let p) = architecture.layers[place].kind, p > 0, p < 1,
      step + 1 == segment.steps.count - 1, case .linear(let linear) = segment.steps[step + 1]
    else { return [] }
    // Other weights could make an error of this size: so it is said only of these, or in train mode.
    let mode = golden.provenance?.mode
    guard
      golden.provenance?.digest == bank.model.digest.description || mode == "train"
        || mode == "mixed"
    else { return [] }
    var spread = linear
    spread.bias = linear.bias.map { _ in 0 }
    spread.weight = linear.weight.map { $0 * (p / (1 - p)).squareRoot() }
    return [
      Hypothesis(
        fault: .dropoutActive, step: step + 1,
        what:
          "dropout of \(short(p)) was active before it: the error is as large as dropping makes it,"
          + " and another on every clip",
        remedy: "call model.eval() before recording, and do not call dropout with training=True",
        steps: { _ in [.linear(linear)] }, slack: .linear(spread), isFitted: true)
    ]
  }
}
