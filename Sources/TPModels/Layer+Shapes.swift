public import TPBytes

extension Layer {
  /// The most that one hyperparameter may be, so that products of a few of them fit an `Int`.
  static let largestExtent = 1 << 20
  /// The most elements of an activation, a weight or a padded input of one clip.
  static let largestCount = 1 << 30

  /// The shape of the output for an input of this shape, both without the dimension of the clips.
  ///
  /// - Throws: `PortError` naming this layer where the input does not fit, or where a
  ///   hyperparameter is out of range.
  public func outputShape(_ input: [Int]) throws(PortError) -> [Int] {
    switch kind {
    case .relu: return input
    case .dropout(let p):
      guard p >= 0, p <= 1 else { throw fault("a probability of \(p)") }
      return input
    case .conv3d(let conv):
      try check([conv.inputs, conv.outputs] + conv.kernel + conv.stride, atLeast: 1)
      try check(conv.padding, atLeast: 0)
      try triples(conv.kernel, conv.stride, conv.padding)
      try require(input.count == 4 && input[0] == conv.inputs, input, "(\(conv.inputs), D, H, W)")
      let padded = zip(input[1...], conv.padding).map { $0 + 2 * $1 }
      try count([conv.outputs, conv.inputs] + conv.kernel)
      // A row is stored as one part per phase of the stride, each rounded up to whole vectors.
      try count([
        conv.inputs, padded[0], padded[1], padded[2] + 9 * conv.stride[2] + conv.kernel[2],
      ])
      return [conv.outputs] + (try windows(padded, conv.kernel, conv.stride))
    case .maxPool3d(let pool):
      try check(pool.kernel + pool.stride, atLeast: 1)
      try triples(pool.kernel, pool.stride)
      try require(input.count == 4, input, "(C, D, H, W)")
      return [input[0]] + (try windows(Array(input[1...]), pool.kernel, pool.stride))
    case .adaptiveAveragePool3d(let output):
      try check(output, atLeast: 1)
      try triples(output)
      try require(input.count == 4, input, "(C, D, H, W)")
      return [input[0]] + output
    case .batchNorm(let norm):
      try check([norm.features], atLeast: 1)
      guard norm.epsilon >= 0, norm.epsilon.isFinite else { throw fault("eps \(norm.epsilon)") }
      try require(input.first == norm.features, input, "(\(norm.features), ...)")
      return input
    case .permute(let axes):
      guard axes.first == 0, axes.sorted() == Array(axes.indices) else {
        throw fault("axes \(axes), not an order of all axes that keeps the clips first")
      }
      try require(input.count + 1 == axes.count, input, "\(axes.count - 1) dimensions")
      return axes.dropFirst().map { input[$0 - 1] }
    case .flatten(let start):
      guard start >= 1 else { throw fault("start \(start), which would join the clips") }
      try require(start <= input.count, input, "at least \(start) dimensions")
      return Array(input[..<(start - 1)]) + [try count(Array(input[(start - 1)...]))]
    case .lstm(let lstm):
      try check([lstm.inputs, lstm.hidden], atLeast: 1)
      try count([4, lstm.hidden, max(lstm.inputs, lstm.hidden)])
      try require(
        input.count == 2 && input[1] == lstm.inputs, input, "(steps, \(lstm.inputs))")
      return [input[0], lstm.hidden]
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

  private func windows(
    _ extents: [Int], _ kernel: [Int], _ stride: [Int]
  ) throws(PortError) -> [Int] {
    for (extent, size) in zip(extents, kernel) where size > extent {
      throw PortError(
        .mismatch,
        "layer \(description) has a window of \(list(kernel)) and gets only \(list(extents))")
    }
    return extents.indices.map { (extents[$0] - kernel[$0]) / stride[$0] + 1 }
  }

  private func check(_ values: [Int], atLeast least: Int) throws(PortError) {
    for value in values where value < least || value > Layer.largestExtent {
      throw fault("a size of \(value)")
    }
  }

  private func triples(_ lists: [Int]...) throws(PortError) {
    for sizes in lists where sizes.count != 3 {
      throw fault("\(sizes.count) sizes where depth, height, width are needed")
    }
  }

  private func fault(_ what: String) -> PortError {
    PortError(.malformed, "layer \(description) is described with \(what)")
  }

  private func require(_ fits: Bool, _ input: [Int], _ needed: String) throws(PortError) {
    guard fits else {
      throw PortError(
        .mismatch, "layer \(description) needs an input of \(needed) and gets \(list(input))")
    }
  }

  private func list(_ extents: [Int]) -> String {
    "(" + extents.map(String.init).joined(separator: ", ") + ")"
  }
}
