public import TPBytes
internal import TPCheckpoints
package import TPModels
internal import TPTensors

extension Parity {
  /// What a conversion costs: the logits of the converted weights against those of the original, on
  /// the clips of a golden.
  ///
  /// Drift is taken between float64 evaluations, so that nothing but the weights enters it, in units
  /// of the original's rounding noise. Predictions, margins and errors are those that a user meets:
  /// our float32 logits of the converted weights against the recorded logits, or, where the golden
  /// has not all of them, against the original's in float64.
  ///
  /// - Parameters:
  ///   - converted: what would be used.
  ///   - original: what was trained.
  ///   - golden: the clips, and what PyTorch recorded of them.
  ///   - threads: at most how many clips are run at a time; at least 1.
  /// - Throws: `PortError` where the golden's input is not one of both models, or bytes cannot be had.
  public static func price(
    of converted: LoadedModel, from original: LoadedModel, golden: Golden, threads: Int = 1
  ) throws(PortError) -> RoundingPrice {
    let (converted, original) = (try fitting(golden, converted), try fitting(golden, original))
    try check(golden, fits: original.architecture)
    try check(golden, fits: converted.architecture)
    let (before, after) = (original.architecture.classCount, converted.architecture.classCount)
    guard before == after else {
      throw PortError(
        .mismatch, "the converted weights tell \(after) classes apart, the original \(before)",
        remedy: "give the weights that the conversion was made from")
    }
    let clips = try mapClips(golden.clips, threads: threads) { (clip: Int) throws(PortError) in
      try ClipPrice(clip, of: golden, original.network, converted.network)
    }
    var drift = NoiseScore()
    var comparison = LogitComparison()
    for (clip, price) in clips.enumerated() {
      drift.add(price.drift)
      comparison.add(
        clip: clip, description: golden.provenance?.clips?[clip], expected: price.expected,
        found: price.found)
    }
    return RoundingPrice(
      precision: converted.facts.storedPrecision, isFolded: converted.architecture.isFolded,
      reference: .original, drift: drift, predictions: comparison.predictions,
      certificate: comparison.certificate)
  }

  /// The model for clips of as many frames as the golden has; the model as it is where it takes
  /// none of its clips, which `check(_:fits:)` then says.
  static func fitting(
    _ golden: Golden, _ model: LoadedModel
  ) throws(PortError) -> LoadedModel {
    try model.taking(Array(golden.input.tensor.shape.extents.dropFirst())) ?? model
  }

  /// The network for clips of as many frames as the golden has, as above.
  package static func fitting(_ golden: Golden, _ architecture: Architecture) -> Architecture {
    architecture.taking(Array(golden.input.tensor.shape.extents.dropFirst())) ?? architecture
  }

  /// Holds the input of a golden against what a model takes.
  package static func check(_ golden: Golden, fits architecture: Architecture) throws(PortError) {
    let expected = [golden.clips] + architecture.input
    guard golden.input.tensor.shape.extents == expected else {
      throw PortError(
        .mismatch,
        "the golden's input has the shape \(golden.input.tensor.shape); \(architecture.name)"
          + " takes \(Shape(known: expected))", key: "input",
        remedy: "record the golden from the model that these weights belong to")
    }
  }
}

/// One clip through both models.
private struct ClipPrice: Sendable {
  var drift = NoiseScore()
  var expected: [Double]
  var found: [Double]

  init(
    _ clip: Int, of golden: Golden, _ original: Network, _ converted: Network
  ) throws(PortError) {
    let input = try golden.clip(clip)
    let logits: Set = [Architecture.logits]
    let run = try converted.run(input, batch: 1)
    guard let truth = try original.truth(input, batch: 1, recording: logits).first,
      let moved = try converted.truth(input, batch: 1, recording: logits).first
    else { throw PortError(.mismatch, "the models have no logits") }
    for index in truth.values.indices {
      drift.add(moved.values[index], truth: truth.values[index], noise: truth.noise[index])
    }
    found = run.logits.map { Double($0) }
    expected =
      try golden.logits(ofClip: clip, classes: original.architecture.classCount) ?? truth.values
  }
}

extension Golden {
  /// The input of one clip.
  package func clip(_ clip: Int) throws(PortError) -> [Float] {
    let size = input.count / clips
    return try input.floats(input.range(ofClip: clip, size: size))
  }

  /// The recorded logits of one clip; `nil` where they are not all recorded.
  package func logits(ofClip clip: Int, classes: Int) throws(PortError) -> [Double]? {
    guard let logits = self[Architecture.logits], logits.positions == nil,
      logits.tensor.shape.extents == [clips, classes], logits.tensor.dtype.isFloatingPoint
    else { return nil }
    return try logits.doubles(logits.range(ofClip: clip, size: classes))
  }
}
