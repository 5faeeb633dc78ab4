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
    var parts: [BatchStatistics] = []
    var byClip: [Int: AffineStep] = [:]
    var first = 0
    for size in partition {
      let members = Array(first..<first + size)
      first += size
      guard let found = statistics(members, own) else { return nil }
      parts.append(found)
      for clip in members { byClip[clip] = found.step }
    }
    let isWhole = parts.allSatisfy(\.isWhole)
    guard isWhole || isLikely(parts) else { return nil }
    let steps = byClip
    return Hypothesis(
      fault: .trainMode, step: step,
      what: "the golden was recorded in train mode: the batch norm used the statistics of the batch"
        + (isWhole ? "" : ", as far as the sample tells"),
      remedy: "call model.eval() before recording",
      steps: { clip in steps[clip].map { [.affine($0)] } ?? segment.steps },
      isFitted: !isWhole)
  }

  /// Whether a sample may be taken to show batch statistics. Of one batch any other parameters would
  /// fit it as well: so batches must differ, or the golden must say how it was recorded, or be of these
  /// very weights with about the statistics of the sample. (The sample has more of the borders than
  /// there is, so its own statistics are not to be trusted far.)
  private func isLikely(_ parts: [BatchStatistics]) -> Bool {
    guard let first = parts.first, parts.allSatisfy({ $0.shown * 2 >= $0.isShown.count }) else {
      return false
    }
    if let mode = golden.provenance?.mode, mode != "eval" { return true }
    if parts.contains(where: first.differs) { return true }
    return golden.provenance?.digest == bank.model.digest.description
      && parts.allSatisfy { $0.plausible * 10 >= $0.shown * 9 }
  }

  private func statistics(_ clips: [Int], _ own: NormParameters) -> BatchStatistics? {
    let channels = own.gamma.count
    var x: [[Double]] = Array(repeating: [], count: channels)
    var y = x
    var isWhole = true
    for clip in clips {
      // A norm keeps the shape: of another there are no statistics to compare.
      guard let pair = fields(clip), pair.target.extents == pair.source.extents else {
        return nil
      }
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
    return isWhole ? whole(x, own) : sampled(x, y, own)
  }

  private func whole(_ x: [[Double]], _ own: NormParameters) -> BatchStatistics? {
    var changed = own
    for (channel, values) in x.enumerated() {
      guard values.count >= 2 else { return nil }
      let n = Double(values.count)
      let center = values.reduce(0, +) / n
      changed.mean[channel] = center
      changed.variance[channel] = values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / n
    }
    return BatchStatistics(step: changed.step, isWhole: true)
  }

  /// Fits a line to each channel. What a channel shows of it may be nothing: no value, or one alone.
  private func sampled(
    _ x: [[Double]], _ y: [[Double]], _ own: NormParameters
  ) -> BatchStatistics? {
    var found = BatchStatistics(step: own.step, isWhole: false)
    for channel in x.indices {
      let n = Double(x[channel].count)
      guard n > 0 else {
        found.isShown.append(false)
        continue
      }
      let center = x[channel].reduce(0, +) / n
      let spread = x[channel].reduce(0) { $0 + ($1 - center) * ($1 - center) } / n
      guard spread.squareRoot() > 1e-6 * abs(center), let line = line(x[channel], y[channel]) else {
        let moved = y[channel][0] - found.step.scale[channel] * x[channel][0]
        found.step.shift[channel] = moved
        found.isShown.append(false)
        continue
      }
      found.step.scale[channel] = line.slope
      found.step.shift[channel] = line.offset
      let isShown = n >= 4 && spread.squareRoot() > 1e-4 * abs(center)
      found.isShown.append(isShown)
      guard isShown else { continue }
      // A variance has no sign that could turn the slope.
      guard line.slope * own.gamma[channel] > 0 else { return nil }
      let from = (own.beta[channel] - line.offset) / line.slope
      let implied = (own.gamma[channel] / line.slope) * (own.gamma[channel] / line.slope)
      found.step.mean[channel] = from
      if implied < 5 * spread, implied > spread / 5, abs(from - center) < 1.5 * spread.squareRoot()
      {
        found.plausible += 1
      }
    }
    return found
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
    guard xx > 0, xy.isFinite else { return nil }
    return (xy / xx, my - xy / xx * mx)
  }
}

/// What a batch norm did to one batch.
private struct BatchStatistics {
  var step: AffineStep
  /// Whether all that it read is known; else it was fitted to a sample.
  var isWhole: Bool
  /// The channels whose sample has enough values to contradict a fit.
  var isShown: [Bool] = []
  /// How many of these have about the mean and variance of their sample.
  var plausible = 0

  var shown: Int { isShown.count(where: \.self) }

  /// Whether another batch was treated otherwise, in most of the channels that both show.
  func differs(_ other: BatchStatistics) -> Bool {
    let both = isShown.indices.filter { isShown[$0] && other.isShown[$0] }
    let unlike = both.count { channel in
      let scale = step.scale[channel]
      return abs(scale - other.step.scale[channel]) > 1e-3 * abs(scale)
    }
    return unlike * 2 > both.count
  }
}
