extension Bank {
  /// What convolutions and linear layers have in common, which are sums of products and a bias.
  ///
  /// - Parameters:
  ///   - noun: what a sentence calls such a sum.
  ///   - rows: how many outputs have weights of their own.
  static func sums(
    _ layer: SegmentStep, called noun: String, rows: Int, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var all = biases(layer, step: step, context)
    all += digits(
      layer.weight, rows: rows, suffix: "weight", step: step, context,
      with: { values in { _ in [layer.with(weight: values)] } })
    all += halved(layer, step: step)
    for format in [CoarseFormat.tf32, .bfloat16] {
      all.append(
        Hypothesis(
          fault: .reducedPrecision, step: step,
          what: "both factors of the \(noun) were rounded to \(format.rawValue)",
          remedy: reducedRemedy,
          steps: { _ in
            [.pointwise(.round(format)), layer.with(weight: layer.weight.map(format.round))]
          }))
    }
    return all
  }

  /// A bias that is missing or counted twice, on either side.
  private static func biases(
    _ layer: SegmentStep, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    guard layer.bias.contains(where: { $0 != 0 }) else { return [] }
    let name = context.layerName
    func hypothesis(
      _ fault: Fault, _ what: String, _ remedy: String, _ factor: Double
    ) -> Hypothesis {
      let values = layer.bias.map { $0 * factor }
      return Hypothesis(
        fault: fault, step: step, what: what, remedy: remedy,
        steps: { _ in [layer.with(bias: values)] }, weight: ("bias", { values }))
    }
    return [
      hypothesis(
        .biasMissing, "the golden has no bias here", "add \(name).bias in the recorded model", 0),
      hypothesis(
        .biasDoubled, "the golden adds the bias twice",
        "add \(name).bias once in the recorded model", 2),
      hypothesis(
        .biasDoubled, "the weights' bias is twice the golden's", "halve \(name).bias", 0.5),
    ]
  }

  /// Weights in fewer digits, with swapped bytes, of another tensor, or at another place of it.
  static func digits(
    _ weight: [Double], rows: Int, suffix: String, step: Int, _ context: BankContext,
    with: (_ values: [Double]) -> @Sendable (Int) -> [SegmentStep]
  ) -> [Hypothesis] {
    var all: [Hypothesis] = []
    let name = "\(context.layerName).\(suffix)"
    func add(
      _ fault: Fault, _ what: String, _ remedy: String, map: String? = nil, _ values: [Double]
    ) {
      if values == weight { return }
      // Nearly every weight of many has a neighbour that is no number when its bytes are swapped.
      if fault != .bytesSwapped && values.contains(where: { !$0.isFinite }) { return }
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy, map: map, steps: with(values),
          weight: (suffix, { values })))
    }
    for format in [CoarseFormat.float16, .bfloat16] {
      add(
        .weightsRounded, "the golden's \(suffix) was rounded to \(format.rawValue)",
        "record the golden from the float32 weights, or round the weights alike",
        weight.map(format.round))
    }
    for (scales, what) in [(1, "one scale in all"), (rows, "one scale a channel")] {
      for rounding in IntegerRounding.allCases {
        let values = rounding.rounded(weight, scales: scales)
        if all.last?.weight?.values() == values { continue }
        add(
          .weightsRounded, "the golden's \(suffix) was rounded to 8-bit integers, \(what)",
          "record the golden from the float32 weights, or quantise the weights alike", values)
      }
    }
    add(
      .bytesSwapped, "the bytes of the \(suffix) are swapped",
      "read \(name) in the byte order that it was written in",
      weight.map { Double(Float(bitPattern: Float($0).bitPattern.byteSwapped)) })
    for other in context.tensors(suffix, weight.count) {
      let isCopy = other.name.hasSuffix(name)
      add(
        other.name.hasPrefix("storage ") ? .storageOffset : isCopy ? .otherWeights : .otherTensor,
        isCopy
          ? "the golden has the values of \(other.name)"
          : "the golden's \(suffix) is what the file calls \(other.name)",
        other.name.hasPrefix("storage ")
          ? "read \(name) at the offset and with the strides that the file states"
          : "take \(other.name) for \(name)", other.values)
    }
    return all
  }

  /// Weight and bias in fewer digits: a network that went through `half()`.
  private static func halved(_ layer: SegmentStep, step: Int) -> [Hypothesis] {
    guard layer.bias.contains(where: { $0 != 0 }) else { return [] }
    return [CoarseFormat.float16, .bfloat16].map { format in
      let changed = layer.with(weight: layer.weight.map(format.round))
        .with(bias: layer.bias.map(format.round))
      return Hypothesis(
        fault: .weightsRounded, step: step,
        what: "the golden's weight and bias were rounded to \(format.rawValue)",
        remedy: "record the golden from the float32 weights, or round the weights alike",
        steps: { _ in [changed] }, isCommon: false)
    }
  }

  static func linear(
    _ linear: LinearStep, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    let inputs = context.input.last ?? 1
    let name = context.layerName
    let layer = SegmentStep.linear(linear)
    let turned = viewed(linear.weight, as: [linear.outputs, inputs], [1, 0])
    var all = [
      Hypothesis(
        fault: .transposed, step: step, what: "the weight is transposed",
        remedy: "transpose \(name).weight: torch keeps (outputs, inputs)",
        map: inputs == linear.outputs
          ? "{\"permute\": \"\(name).weight\", \"axes\": [1, 0]}" : nil,
        steps: { _ in [layer.with(weight: turned)] }, weight: ("weight", { turned }))
    ]
    if inputs != linear.outputs {
      let back = transposed(linear.weight, [linear.outputs, inputs], [1, 0])
      all.append(
        Hypothesis(
          fault: .transposed, step: step,
          what: "the weight was transposed although it stood right",
          remedy: "take the bytes of \(name).weight as they are",
          steps: { _ in [layer.with(weight: back)] }, weight: ("weight", { back })))
    }
    all += sums(layer, called: "product", rows: linear.outputs, step: step, context)
    if context.isLast { all += outputs(step: step, layer) }
    if context.readsInput { all += self.inputs(context.input, step: step, layer) }
    return all
  }

  /// What may be done to the logits after the last layer.
  static func outputs(step: Int, _ layer: SegmentStep) -> [Hypothesis] {
    let functions: [(what: String, step: SegmentStep)] = [
      ("softmax was applied to the logits", .softmax(logarithm: false)),
      ("log_softmax was applied to the logits", .softmax(logarithm: true)),
      ("sigmoid was applied to the logits", .pointwise(.sigmoid)),
    ]
    return functions.map { function in
      Hypothesis(
        fault: .softmax, step: step, what: "the golden's outputs are no logits: \(function.what)",
        remedy: "record what the last layer gives, before any softmax",
        steps: { _ in [layer, function.step] })
    }
  }

  /// What a first layer may have been given in place of its input.
  static func inputs(_ extents: [Int], step: Int, _ layer: SegmentStep) -> [Hypothesis] {
    var all: [Hypothesis] = []
    func add(
      _ fault: Fault, _ what: String, _ remedy: String, _ scale: Double, _ shift: Double
    ) {
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy,
          steps: { _ in [.pointwise(.given(scale: scale, shift: shift)), layer] }))
    }
    let record = "record as `input` what the first layer is given"
    add(.inputScale, "the recorded model was given the input times 255", record, 255, 0)
    add(.inputScale, "the recorded model divided the input by 255 once more", record, 1 / 255, 0)
    for (name, mean, deviation) in [
      ("mean 0.5 and deviation 0.5", 0.5, 0.5), ("mean 0.449 and deviation 0.226", 0.449, 0.226),
      ("mean 0.5 and deviation 1", 0.5, 1), ("mean 0.421 and deviation 0.165", 0.421, 0.165),
    ] {
      add(
        .inputStandardised, "the recorded model standardised the input with \(name)", record,
        1 / deviation, -mean / deviation)
    }
    if extents[0] > 1, layer.isConvolution {
      let plane = extents.dropFirst().reduce(1, *)
      let order = (0..<extents[0]).reversed().flatMap { channel in
        (0..<plane).map { Int32(channel * plane + $0) }
      }
      all.append(
        Hypothesis(
          fault: .inputChannels, step: step, what: "the channels of the input are reversed (BGR)",
          remedy: "give both models the channels in the same order",
          steps: { _ in [.gather(order: order, extents: extents), layer] }))
    }
    return all
  }
}

/// The ways in which weights become 8-bit integers from -127 to 127 with a scale for each group of
/// rows: they differ where a quotient lies next to a half.
private enum IntegerRounding: CaseIterable {
  /// Divided by the scale, as `(w / scale).round()` does.
  case divided
  /// Multiplied by the scale's inverse, as `torch.quantize_per_tensor` does.
  case multiplied

  /// The values that the integers stand for, all arithmetic in float32.
  func rounded(_ weight: [Double], scales: Int) -> [Double] {
    let each = max(1, weight.count / max(1, scales))
    var values: [Double] = []
    values.reserveCapacity(weight.count)
    for start in stride(from: 0, to: weight.count, by: each) {
      let group = weight[start..<min(start + each, weight.count)].map { Float($0) }
      let scale = group.reduce(0) { max($0, abs($1)) } / 127
      let inverse = 1 / scale
      for value in group {
        let quotient = self == .divided ? value / scale : value * inverse
        values.append(scale == 0 ? 0 : Double(quotient.rounded(.toNearestOrEven) * scale))
      }
    }
    return values
  }
}
