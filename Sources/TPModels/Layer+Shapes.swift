internal import TPBytes

extension Layer {
  /// The most that one hyperparameter may be, so that products of a few of them fit an `Int`.
  static let largestExtent = 1 << 20
  /// The most elements of an activation, a weight or a padded input of one clip.
  static let largestCount = 1 << 30

  /// The shape of the output for an input of this shape, both without the dimension of the clips.
  ///
  /// - Throws: `PortError` naming this layer where the input does not fit, or where a
  ///   hyperparameter is out of range.
  func outputShape(_ input: [Int]) throws(PortError) -> [Int] {
    switch kind {
    case .relu, .tanh, .sigmoid: return input
    case .leakyRelu(let slope):
      guard slope.isFinite else { throw fault("a negative slope of \(slope)") }
      return input
    case .dropout(let p):
      guard p >= 0, p <= 1 else { throw fault("a probability of \(p)") }
      return input
    case .softmax(let axis, _):
      _ = try place(of: axis, input)
      return input
    case .convolution(let conv): return try shape(conv, input)
    case .maxPool(let pool): return try shape(pool, input)
    case .averagePool(let pool):
      if let divisor = pool.divisor { try check([divisor], atLeast: 1) }
      guard pool.dilation.allSatisfy({ $0 == 1 }) else {
        throw fault("a dilation, which only a maximum has")
      }
      return try shape(pool, input)
    case .adaptiveMaxPool(let wanted), .adaptiveAveragePool(let wanted):
      try check(wanted.compactMap { $0 }, atLeast: 1)
      try axes(wanted.count)
      try requireVolume(input, wanted.count)
      return [input[0]] + zip(wanted, input[1...]).map { $0 ?? $1 }
    case .batchNorm(let norm): return try shape(norm, input)
    case .layerNorm(let norm): return try shape(norm, input)
    case .permute(let axes):
      guard axes.first == 0, axes.sorted() == Array(axes.indices) else {
        throw fault("axes \(axes), not an order of all axes that keeps the clips first")
      }
      try require(input.count + 1 == axes.count, input, "\(axes.count - 1) dimensions")
      return axes.dropFirst().map { input[$0 - 1] }
    case .flatten(let start, let end):
      guard start >= 1 else { throw fault("start \(start), which would join the clips") }
      try require(start <= input.count, input, "at least \(start) dimensions")
      let last = try place(of: end, input)
      guard last + 1 >= start else { throw fault("end \(end), before its start \(start)") }
      return Array(input[..<(start - 1)]) + [try count(Array(input[(start - 1)...last]))]
        + input[(last + 1)...]
    case .reshape(let extents): return try shape(extents, input)
    case .recurrent(let recurrent):
      try check([recurrent.inputs, recurrent.hidden, recurrent.layers], atLeast: 1)
      guard recurrent.layers <= 32 else { throw fault("\(recurrent.layers) layers") }
      try count([8, recurrent.hidden, max(recurrent.inputs, 2 * recurrent.hidden)])
      try require(
        input.count == 2 && input[1] == recurrent.inputs, input, "(steps, \(recurrent.inputs))")
      try count([input[0], 8, recurrent.hidden])
      return [input[0], recurrent.outputs]
    case .lastStep:
      try require(input.count >= 2, input, "(steps, ...)")
      return Array(input.dropFirst())
    case .linear(let linear):
      try check([linear.inputs, linear.outputs], atLeast: 1)
      try count([linear.inputs, linear.outputs])
      try require(input.last == linear.inputs, input, "(..., \(linear.inputs))")
      return input.dropLast() + [linear.outputs]
    }
  }

  private func shape(_ norm: BatchNorm, _ input: [Int]) throws(PortError) -> [Int] {
    try check([norm.features], atLeast: 1)
    guard norm.epsilon >= 0, norm.epsilon.isFinite else { throw fault("eps \(norm.epsilon)") }
    guard let rank = norm.rank else {
      try require(input.first == norm.features, input, "(\(norm.features), ...)")
      return input
    }
    try axes(rank)
    let fits = input.count == rank + 1 || rank == 1 && input.count == 1
    let letters = Layer.letters(rank)
    try require(
      fits && input.first == norm.features, input,
      (rank == 1 ? "(\(norm.features)) or " : "") + "(\(norm.features), \(letters))")
    return input
  }

  private func shape(_ norm: LayerNorm, _ input: [Int]) throws(PortError) -> [Int] {
    try check(norm.shape, atLeast: 1)
    guard norm.epsilon >= 0, norm.epsilon.isFinite else { throw fault("eps \(norm.epsilon)") }
    guard !norm.shape.isEmpty else { throw fault("no axis to normalise over") }
    try count(norm.shape)
    let needed = norm.shape.map(String.init).joined(separator: ", ")
    try require(Array(input.suffix(norm.shape.count)) == norm.shape, input, "(..., \(needed))")
    return input
  }

  private func shape(_ extents: [Int], _ input: [Int]) throws(PortError) -> [Int] {
    let given = extents.filter { $0 != -1 }
    try check(given, atLeast: 1)
    guard extents.count - given.count <= 1, !extents.isEmpty else {
      throw fault("the shape \(extents), of which one extent at most may be -1")
    }
    let known = try count(given)
    let all = try count(input)
    guard given.count == extents.count ? known == all : all % known == 0 else {
      throw PortError(
        .mismatch,
        "layer \(description) makes \(list(extents)) of \(list(input)), which has \(all) elements")
    }
    return extents.map { $0 == -1 ? all / known : $0 }
  }

  /// The place of an axis among those after the clips'; a negative one is counted from the last.
  func place(of axis: Int, _ input: [Int]) throws(PortError) -> Int {
    guard axis != 0 else { throw fault("axis 0, which counts the clips") }
    guard axis.magnitude <= UInt(Layer.largestExtent) else { throw fault("axis \(axis)") }
    try require(abs(axis) <= input.count, input, "at least \(abs(axis)) dimensions")
    return axis < 0 ? input.count + axis : axis - 1
  }

  /// The product, proven to be within `largestCount`.
  @discardableResult
  func count(_ extents: [Int]) throws(PortError) -> Int {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow, next <= Layer.largestCount else {
        throw PortError(
          .limit, "layer \(description) needs more than \(Layer.largestCount) elements at once")
      }
      product = next
    }
    return product
  }

  func check(_ values: [Int], atLeast least: Int) throws(PortError) {
    for value in values where value < least || value > Layer.largestExtent {
      throw fault("a size of \(value)")
    }
  }

  func fault(_ what: String) -> PortError {
    PortError(.malformed, "layer \(description) is described with \(what)")
  }

  func require(_ fits: Bool, _ input: [Int], _ needed: String) throws(PortError) {
    guard fits else {
      throw PortError(
        .mismatch, "layer \(description) needs an input of \(needed) and gets \(list(input))")
    }
  }

  func list(_ extents: [Int]) -> String {
    "(" + extents.map(String.init).joined(separator: ", ") + ")"
  }
}
