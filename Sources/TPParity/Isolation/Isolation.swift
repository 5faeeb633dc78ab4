internal import TPBytes
internal import TPModels
internal import TPTensors

/// Every segment that a golden allows to be judged by itself, from the golden's own record of what
/// its layers read.
struct Isolation: Sendable {
  /// As many positions of one clip are judged where a convolution would otherwise cost more than
  /// the run; they are drawn from all that are recorded.
  static let positionsPerClip = 16_384

  /// In forward order.
  let segments: [Segment]
  /// Those of two convolutions and more: a good part of the network, judged by the chained run only.
  let long: [Segment]

  init(_ model: LoadedModel, _ compared: [ComparedActivation]) {
    let architecture = model.architecture
    // What a golden recorded apart, a folded network computes at once, from weights that were rounded
    // once more: its layers are not those of the golden.
    if architecture.isFolded {
      (segments, long) = ([], [])
      return
    }
    var (segments, long): ([Segment], [Segment]) = ([], [])
    var source = (name: "input", next: 0, extents: architecture.input)
    for activation in compared {
      guard let last = architecture.layer(of: activation.name) else { continue }
      // `logits` beside its module's name: nothing should lie between.
      if last < source.next {
        segments.append(
          Segment(
            source: source.name, target: activation.name, extents: source.extents,
            layers: source.next..<source.next, steps: [.reshape(source.extents)]))
        continue
      }
      let steps = architecture.steps(source.next..<last + 1, model.weights)
      let segment = Segment(
        source: source.name, target: activation.name, extents: source.extents,
        layers: source.next..<last + 1, steps: steps)
      if steps.count(where: \.isConvolution) < 2 {
        segments.append(segment)
      } else {
        long.append(segment)
      }
      source = (activation.name, last + 1, architecture.outputs[last])
    }
    self.segments = segments
    self.long = long
  }
}

/// What one clip says of one segment.
struct IsolatedScore: Sendable {
  var score = NoiseScore()
  /// The largest error in units of u (sum |w| |x| + |b|), of which a correct engine reaches 8 at most;
  /// `nil` where no worst case of the layer is known.
  var ofBound: Double?
  /// Sums of squares over the compared elements: recorded less isolated truth, isolated less chained.
  var introduced = 0.0
  var inherited = 0.0
}

extension GoldenRecording {
  /// The values of a clip, as a field of this shape.
  func field(clip: Int, extents: [Int]) throws(PortError) -> Field {
    let size = extents.reduce(1, *)
    let range = range(ofClip: clip, size: size)
    return Field(
      extents: extents, positions: positions.map { $0[range].map { $0 - clip * size } },
      values: try doubles(range))
  }
}

extension IsolatedScore {
  /// Judges the recorded output of a segment.
  ///
  /// - Parameters:
  ///   - chained: the truth of the target in our own run, whole.
  /// - Returns: `nil` where nothing recorded of the clip can be computed from what is recorded
  ///   before it.
  init?(
    _ segment: Segment, source: Field, target: Field, chained: [Double]
  ) {
    var positions = target.positions
    let wanted = target.values.count
    let isSearch = segment.steps.contains(where: \.isConvolution)
    if isSearch, wanted > Isolation.positionsPerClip {
      var draw = Draw(seed: UInt64(wanted))
      positions = draw.some(Isolation.positionsPerClip, of: positions ?? Array(0..<wanted))
    }
    guard let truth = segment.evaluate(source, at: positions, judging: true) else { return nil }
    self.init()
    let places = target.positions == nil ? [] : target.places
    for (index, value) in truth.values.enumerated() {
      let position = truth.positions.map { $0[index] } ?? index
      let at = places.isEmpty ? position : Int(places[position])
      if at < 0 { continue }
      let recorded = target.values[at]
      // What was recorded was rounded at least once, when it was stored.
      let stored = max(roundingUnit * abs(value), leastNoise)
      let noise = max(truth.variance(index).squareRoot(), stored)
      score.add(recorded, truth: value, noise: Float(noise))
      let bound = max(truth.bound(index), 8 * stored) / 8
      let error =
        NoiseScore.isExpected(recorded, truth: value, noise: Float(noise))
        ? 0 : abs(recorded - value)
      if bound < Field.leastUnknownBound {
        let part = error == 0 ? 0 : bound > 0 && !error.isNaN ? error / bound : .infinity
        ofBound = max(ofBound ?? 0, part)
      }
      introduced += error * error
      let before = value - chained[position]
      inherited += before * before
    }
    if score.count == 0 { return nil }
  }
}
