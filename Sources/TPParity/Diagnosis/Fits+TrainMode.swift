internal import TPCheckpoints

extension Fits {
  /// Batch statistics in place of the running ones.
  ///
  /// Where what the batch norm read is recorded whole, its statistics are known; of a sample they are
  /// read off the outputs, and must be what the sample has, as nearly as a sample can tell.
  func trained(_ step: Int) -> [Hypothesis] {
    guard segment.steps.count == 1, let own = bank.normParameters(segment.layers.lowerBound) else {
      return []
    }
    let count = golden.clips
    var partitions = [[count], Array(repeating: 1, count: count)]
    if let batches = golden.provenance?.batches { partitions.insert(batches, at: 0) }
    var all: [Hypothesis] = []
    for partition in partitions where all.isEmpty || partition != partitions[0] {
      if let found = trained(step, own, partition) { all.append(found) }
    }
    return all
  }

  private func trained(
    _ step: Int, _ own: NormParameters, _ partition: [Int]
  ) -> Hypothesis? {
    var byClip: [Int: AffineStep] = [:]
    var isWhole = true
    var first = 0
    for size in partition {
      let members = Array(first..<first + size)
      first += size
      guard let found = statistics(members, own) else { return nil }
      isWhole = isWhole && found.isWhole
      for clip in members { byClip[clip] = found.step }
    }
    guard isWhole || isLikely(byClip) else { return nil }
    let steps = byClip
    return Hypothesis(
      fault: .trainMode, step: step,
      what: "the golden was recorded in train mode: the batch norm used the statistics of the batch"
        + (isWhole ? "" : ", as far as the sample tells"),
      remedy: "call model.eval() before recording",
      steps: { clip in steps[clip].map { [.affine($0)] } ?? segment.steps },
      isFitted: !isWhole)
  }

  /// Whether a sample may be taken to show batch statistics: any other parameters would fit it as
  /// well, unless batches differ, or these are the weights, or the golden says how it was recorded.
  private func isLikely(_ byClip: [Int: AffineStep]) -> Bool {
    if let mode = golden.provenance?.mode, mode != "eval" { return true }
    if golden.provenance?.digest == bank.model.digest.description { return true }
    guard let first = byClip[0] else { return false }
    return byClip.values.contains { other in
      zip(first.scale, other.scale).contains { abs($0 - $1) > 1e-3 * abs($0) }
    }
  }

  private func statistics(
    _ clips: [Int], _ own: NormParameters
  ) -> (step: AffineStep, isWhole: Bool)? {
    let channels = own.gamma.count
    var x: [[Double]] = Array(repeating: [], count: channels)
    var y = x
    var isWhole = true
    for clip in clips {
      guard let pair = fields(clip) else { return nil }
      isWhole = isWhole && pair.source.positions == nil
      let each = max(1, pair.source.size / max(1, channels))
      let places = pair.target.places
      for (index, value) in pair.source.values.enumerated() {
        let position = pair.source.positions.map { $0[index] } ?? index
        let at = Int(places[position])
        if at < 0 && pair.source.positions != nil { continue }
        x[position / each].append(value)
        y[position / each].append(at < 0 ? .nan : pair.target.values[at])
      }
    }
    var (mean, variance) = ([Double](), [Double]())
    var plausible = 0
    for channel in 0..<channels {
      let n = Double(x[channel].count)
      guard n >= 2 else { return nil }
      let center = x[channel].reduce(0, +) / n
      let spread = x[channel].reduce(0) { $0 + ($1 - center) * ($1 - center) } / n
      if isWhole {
        mean.append(center)
        variance.append(spread)
        continue
      }
      guard let line = line(x[channel], y[channel]), line.slope != 0 else { return nil }
      let implied = (own.gamma[channel] / line.slope) * (own.gamma[channel] / line.slope)
      let from = (own.beta[channel] - line.offset) / line.slope
      // Signs must agree, and the sample has about these statistics.
      if line.slope * own.gamma[channel] > 0, implied < 5 * spread, implied > spread / 5,
        abs(from - center) < 1.5 * spread.squareRoot()
      {
        plausible += 1
      }
      mean.append(from)
      variance.append(implied - own.epsilon)
    }
    guard isWhole || plausible * 10 >= channels * 9 else { return nil }
    var changed = own
    changed.mean = mean
    changed.variance = variance
    return (changed.step, isWhole)
  }

  private func fields(_ clip: Int) -> (source: Field, target: Field)? {
    if let known = clips.first(where: { $0.number == clip }) {
      return (known.source, known.target)
    }
    let source = segment.source == "input" ? golden.input : golden[segment.source]
    guard let source, let target = golden[segment.target],
      let read = try? source.field(clip: clip, extents: segment.extents),
      let given = try? target.field(clip: clip, extents: segment.extents)
    else { return nil }
    return (read, given)
  }

  private func line(_ x: [Double], _ y: [Double]) -> (slope: Double, offset: Double)? {
    let n = Double(x.count)
    let (mx, my) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    var (xx, xy) = (0.0, 0.0)
    for (a, b) in zip(x, y) {
      xx += (a - mx) * (a - mx)
      xy += (a - mx) * (b - my)
    }
    guard xx > 0, x.count >= 3, xy.isFinite else { return nil }
    return (xy / xx, my - xy / xx * mx)
  }
}
