/// The windows of any pooling, along each of three axes.
struct PoolWindows: Sendable {
  /// What lies in a window along one axis.
  struct Span: Hashable, Sendable {
    /// The first input.
    var start: Int
    /// After the last input.
    var end: Int
    /// What this axis contributes to the number that a sum is divided by.
    var count: Int
  }

  let channels: Int
  /// Depth, height, width.
  let input: [Int]
  let output: [Int]
  /// Of each axis, the span of each output coordinate.
  let spans: [[Span]]
  /// Steps between the inputs of a window.
  let dilation: [Int]
  /// What a sum is divided by in place of the count; 0 for the count.
  let divisor: Int

  var inputCount: Int { channels * input.reduce(1, *) }
  var outputCount: Int { channels * output.reduce(1, *) }

  /// Start, end and count of every span, axis by axis.
  var table: [Int32] {
    spans.joined().flatMap { [Int32($0.start), Int32($0.end), Int32($0.count)] }
  }

  private init(
    input: [Int], output: [Int], spans: [[Span]], dilation: [Int] = [1, 1, 1], divisor: Int = 0
  ) {
    channels = input[0]
    self.input = Array(input.volume[1...])
    self.output = Array(output.volume[1...])
    self.spans = spans
    self.dilation = dilation
    self.divisor = divisor
  }

  /// The windows of a layer that pools; `nil` for any other.
  init?(_ kind: Layer.Kind, input: [Int], output: [Int]) {
    let from = Array(input.volume[1...])
    let to = Array(output.volume[1...])
    switch kind {
    case .adaptiveMaxPool, .adaptiveAveragePool:
      // From the floor of the start to the ceiling of the end: they overlap where sizes do not divide.
      self.init(
        input: input, output: output,
        spans: (0..<3).map { axis in
          (0..<to[axis]).map { place in
            let start = place * from[axis] / to[axis]
            let end = ((place + 1) * from[axis] + to[axis] - 1) / to[axis]
            return Span(start: start, end: end, count: end - start)
          }
        })
    case .maxPool(let given), .averagePool(let given):
      let pool = given.inVolume
      let (kernel, stride) = (pool.kernel, pool.stride)
      let (padding, dilation) = (pool.padding, pool.dilation)
      self.init(
        input: input, output: output,
        spans: (0..<3).map { axis in
          (0..<to[axis]).map { place in
            let first = place * stride[axis] - padding[axis]
            let reach = first + (kernel[axis] - 1) * dilation[axis] + 1
            // The first place in the input that the steps of the window meet.
            let before = first < 0 ? (-first + dilation[axis] - 1) / dilation[axis] : 0
            let start = first + before * dilation[axis]
            let end = min(reach, from[axis])
            // A window may reach beyond the padding, which is not counted.
            let padded = min(reach, from[axis] + padding[axis]) - first
            return Span(
              start: start, end: end, count: pool.countsPadding ? padded : end - start)
          }
        }, dilation: dilation, divisor: pool.divisor ?? 0)
    default: return nil
    }
  }
}
