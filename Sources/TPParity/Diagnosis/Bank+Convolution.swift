/// The known faults, as hypotheses about one layer.
enum Bank {}

extension Bank {
  static func convolution(
    _ conv: ConvolutionStep, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var all: [Hypothesis] = []
    let name = context.layerName
    let layer = SegmentStep.convolution(conv)
    let axes = context.axes
    // The extents that PyTorch's weight has, and what its axes are called.
    let shape = [conv.outputs, conv.inputs] + conv.kernel[axes]
    let letters = ["O", "I"] + (axes.count == 1 ? ["L"] : Array(["D", "H", "W"][axes]))
    let torch = letters.joined()
    func listed(axes all: [Int]) -> String { TPParity.listed(all.map(context.name(ofAxis:))) }
    func weight(
      _ fault: Fault, _ what: String, _ remedy: String, map: String? = nil, isCommon: Bool = true,
      _ values: @escaping @Sendable () -> [Double]
    ) {
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy, map: map,
          steps: { _ in [layer.with(weight: values())] }, weight: ("weight", values),
          isCommon: isCommon))
    }
    // The kernel's axes in every order that its extents allow, each flipped or not.
    for order in permutations(3)
    where (0..<3).allSatisfy({
      axes.contains($0) ? conv.kernel[$0] == conv.kernel[order[$0]] : order[$0] == $0
    }) {
      // Axes of one element are the same in any order.
      let moves = order.indices.contains { order[$0] != $0 && conv.kernel[$0] > 1 }
      guard moves || order == [0, 1, 2] else { continue }
      for flips in 0..<8 where flips > 0 || order != [0, 1, 2] {
        let flipped = (0..<3).filter { flips & (1 << $0) != 0 && conv.kernel[$0] > 1 }
        if flipped.count != flips.nonzeroBitCount { continue }
        let values: @Sendable () -> [Double] = { kernelOrder(conv, order, flipped) }
        let moved =
          "the kernel's axes stand in the order "
          + order[axes].map(context.name(ofAxis:)).joined(separator: ", ")
        let turned = "the kernel is flipped along \(listed(axes: flipped))"
        if flips == 0 {
          weight(
            .axesPermuted, moved, "permute the axes of \(name).weight",
            map: "{\"permute\": \"\(name).weight\", \"axes\": [0, 1, "
              + order[axes].map { "\($0 - axes.lowerBound + 2)" }.joined(separator: ", ") + "]}",
            values)
        } else if order == [0, 1, 2] {
          weight(
            .kernelFlipped, turned,
            "torch correlates: flip \(name).weight along \(listed(axes: flipped)), or"
              + " export it without flipping", values)
        } else {
          weight(.axesPermuted, moved + " and " + turned, "permute and flip \(name).weight", values)
        }
      }
    }
    for order in permutations(letters.count) where order[0] != 0 || order[1] != 1 {
      // Where the axes that move have one element the bytes are the same.
      let moving = order.filter { shape[$0] > 1 }
      if moving == moving.sorted() { continue }
      let read = order.map { letters[$0] }.joined()
      // Those of other frameworks; DHWIO is Keras', HWIO of images.
      let space = letters.dropFirst(2).joined()
      let isCommon =
        ["\(space)IO", "\(space)OI", "O\(space)I", "IO\(space)", "HWDIO", "I\(space)O"].contains(
          read)
      weight(
        .layout, "the weight's bytes stand in the order \(read), not \(torch)",
        "transpose \(name).weight from \(read) to \(torch) when it is read", isCommon: isCommon
      ) { viewed(conv.weight, as: shape, order) }
      weight(
        .layout, "the weight was transposed as if its bytes stood in the order \(read)",
        "take the bytes of \(name).weight as they are: they stand in the order \(torch)",
        isCommon: isCommon
      ) { transposed(conv.weight, shape, order) }
    }
    all += sums(layer, called: "convolution", rows: conv.outputs, step: step, context)
    if context.readsInput { all += inputs(context.input, step: step, layer) }
    return all + paddings(conv, step: step, context)
  }

  static let reducedRemedy =
    "record the golden in float32: no autocast, torch.set_float32_matmul_precision(\"highest\"),"
    + " allow_tf32 off"

  private static func paddings(
    _ conv: ConvolutionStep, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    var all: [Hypothesis] = []
    func add(_ fault: Fault, _ what: String, _ remedy: String, _ changed: ConvolutionStep) {
      all.append(
        Hypothesis(
          fault: fault, step: step, what: what, remedy: remedy,
          steps: { _ in [.convolution(changed)] }))
    }
    if conv.before.contains(where: { $0 > 0 }) {
      for border in ConvolutionStep.Border.allCases where border != conv.border {
        var changed = conv
        changed.border = border
        add(
          .padding,
          "the golden pads the border by \(border.rawValue), the layer list by \(conv.border.rawValue)",
          "set padding_mode in both models alike", changed)
      }
      for axis in 0..<3 where conv.before[axis] > 0 {
        for shift in [-1, 1] {
          var changed = conv
          changed.before[axis] += shift
          changed.after[axis] -= shift
          add(
            .padding,
            "the golden's padding along \(context.name(ofAxis: axis)) is shifted by \(shift)",
            "pad \(context.name(ofAxis: axis)) by \(conv.before[axis]) before and"
              + " \(conv.after[axis]) after in both models", changed)
        }
      }
    }
    guard let recorded = context.recorded else { return all }
    for amount in 0...3 {
      for stride in 1...3 {
        var changed = conv
        for axis in context.axes {
          changed.before[axis] = amount
          changed.after[axis] = amount
          changed.stride[axis] = stride
        }
        guard changed.outputExtents(context.input) == recorded else { continue }
        let isPadding = changed.stride == conv.stride
        add(
          isPadding ? .padding : .stride,
          isPadding
            ? "the golden's padding is \(amount), the layer list's \(context.sizes(conv.before))"
            : "the golden's stride is \(stride), the layer list's \(context.sizes(conv.stride)), with a"
              + " padding of \(amount)",
          "use the same padding and stride in both models", changed)
      }
    }
    return all
  }
}

/// A kernel whose spatial axis i is axis `order[i]` of the one given, then flipped along some.
private func kernelOrder(_ conv: ConvolutionStep, _ order: [Int], _ flipped: [Int]) -> [Double] {
  let kernel = conv.kernel
  let taps = kernel[0] * kernel[1] * kernel[2]
  var from: [Int] = []
  for d in 0..<kernel[0] {
    for h in 0..<kernel[1] {
      for w in 0..<kernel[2] {
        var place = [d, h, w]
        for axis in flipped { place[axis] = kernel[axis] - 1 - place[axis] }
        var source = [0, 0, 0]
        for axis in 0..<3 { source[order[axis]] = place[axis] }
        from.append((source[0] * kernel[1] + source[1]) * kernel[2] + source[2])
      }
    }
  }
  return conv.weight.indices.map { conv.weight[$0 / taps * taps + from[$0 % taps]] }
}

/// The same bytes seen as an array whose axes stand in another order, brought into this one.
func viewed(_ values: [Double], as shape: [Int], _ order: [Int]) -> [Double] {
  var strides = [Int](repeating: 1, count: shape.count)
  var stride = 1
  for axis in order.reversed() {
    strides[axis] = stride
    stride *= shape[axis]
  }
  var places = [0]
  for axis in shape.indices {
    places = places.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } }
  }
  return places.map { values[$0] }
}

/// The bytes of the array once its axes are brought into another order.
func transposed(_ values: [Double], _ shape: [Int], _ order: [Int]) -> [Double] {
  axisOrder(order, extents: shape).map { values[Int($0)] }
}
