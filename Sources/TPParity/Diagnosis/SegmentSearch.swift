internal import TPBytes

/// One clip of a segment: what its layers read and what was recorded after them.
struct SearchClip: Sendable {
  var number: Int
  var source: Field
  var target: Field
}

/// Tries hypotheses on one segment.
struct SegmentSearch: Sendable {
  let segment: Segment
  /// Clips that show the fault, worst first.
  let clips: [SearchClip]
  let threads: Int

  /// Positions of a clip for a first look, and for the judgement.
  private static let few = 256
  private static let many = 2_048
  /// How many hypotheses are looked at closely.
  private static let finalists = 12
  /// The least part of the error that a fault makes on average which it may be found with.
  private static let leastSlack = 0.1

  /// A hypothesis and how far it leaves the golden from the truth.
  struct Finding: Sendable {
    var hypothesis: Hypothesis
    var score: NoiseScore
    /// How far over the nearer of its lines; below 1 is within both.
    var excess: Double {
      let value = max(
        score.max / NoiseScore.maxLine, score.rms / NoiseScore.rmsLine(count: score.count))
      return value.isNaN ? .infinity : value
    }
    var explains: Bool { score.count > 0 && !score.isOver }
  }

  /// What is left where nothing is changed.
  func asItIs() -> NoiseScore {
    judge(clips.map { $0 }, limit: SegmentSearch.many) { _ in segment.steps } ?? NoiseScore()
  }

  /// The best hypotheses, best first.
  func findings(_ hypotheses: [Hypothesis]) throws(PortError) -> [Finding] {
    let screens = clips.prefix(3).map { screen($0) }
    let distances = try mapClips(hypotheses.count, threads: threads) {
      (index: Int) throws(PortError) in distance(hypotheses[index], screens)
    }
    let best = distances.indices.sorted { distances[$0] < distances[$1] }
      .prefix(SegmentSearch.finalists).filter { distances[$0].isFinite }
    let judged = try mapClips(best.count, threads: threads) { (index: Int) throws(PortError) in
      judge(hypotheses[best[index]])
    }
    return judged.compactMap { $0 }.sorted { $0.excess < $1.excess }
  }

  /// A hypothesis judged with the noise that honest arithmetic would have under it.
  func judge(_ hypothesis: Hypothesis) -> Finding? {
    if let grid = hypothesis.grid,
      !clips.allSatisfy({ $0.target.values.allSatisfy(grid.holds) })
    {
      return nil
    }
    let slack = hypothesis.slack.map { step in
      { (clip: SearchClip, positions: [Int]?) -> Field? in
        self.slack(hypothesis, step, clip, positions)
      }
    }
    let score = judge(
      clips, limit: SegmentSearch.many, scale: hypothesis.noiseScale, slack: slack
    ) { segment.steps(hypothesis, clip: $0) }
    // A fault that should make a far larger error than was found does not explain it.
    if hypothesis.slack != nil, let score, score.rms < SegmentSearch.leastSlack { return nil }
    return score.map { Finding(hypothesis: hypothesis, score: $0) }
  }

  /// The variance that a fault adds: the squares of the slack's weights over the squares of x.
  private func slack(
    _ hypothesis: Hypothesis, _ step: SegmentStep, _ clip: SearchClip, _ positions: [Int]?
  ) -> Field? {
    let before = Array(segment.steps[..<hypothesis.step])
    guard
      let input = segment.evaluate(before, clip.source, at: nil, judging: false)
    else { return nil }
    var field = input
    field.values = input.values.map { _ in 0 }
    field.variances = input.values.map { $0 * $0 }
    field.bounds = input.values.map { _ in 0 }
    let after = Array(segment.steps[(hypothesis.step + hypothesis.span)...])
    return segment.evaluate([step] + after, field, at: positions, judging: true)
  }

  private func judge(
    _ clips: [SearchClip], limit: Int, scale: Double = 1,
    slack: ((SearchClip, [Int]?) -> Field?)? = nil,
    _ steps: (Int) -> [SegmentStep]
  ) -> NoiseScore? {
    var score = NoiseScore()
    for clip in clips {
      let positions = some(clip.target, limit)
      guard
        let truth = segment.evaluate(
          steps(clip.number), clip.source, at: positions, judging: true),
        truth.extents == clip.target.extents
      else { return nil }
      let more = slack?(clip, positions)
      let extra = more?.places
      let wanted = positions.map { Set($0) }
      let places = clip.target.positions == nil ? [] : clip.target.places
      for (index, value) in truth.values.enumerated() {
        let position = truth.positions.map { $0[index] } ?? index
        if let wanted, !wanted.contains(position) { continue }
        let at = places.isEmpty ? position : Int(places[position])
        if at < 0 { continue }
        var variance = max(
          truth.variance(index), roundingUnit * roundingUnit * value * value,
          leastNoise * leastNoise)
        if let more, let extra, extra[position] >= 0 {
          variance += more.variance(Int(extra[position]))
        }
        score.add(
          clip.target.values[at], truth: value, noise: Float(scale * variance.squareRoot()))
      }
    }
    return score.count == 0 ? nil : score
  }

  /// What a first look compares: positions, recorded values, and the noise of the unchanged layers.
  private struct Screen {
    var clip: SearchClip
    var positions: [Int]
    var recorded: [Int: (value: Double, noise: Double)]
  }

  private func screen(_ clip: SearchClip) -> Screen {
    let places = clip.target.positions == nil ? [] : clip.target.places
    func value(at position: Int) -> Double? {
      if places.isEmpty {
        return clip.target.values.indices.contains(position) ? clip.target.values[position] : nil
      }
      guard places.indices.contains(position), places[position] >= 0 else { return nil }
      return clip.target.values[Int(places[position])]
    }
    // Of what was recorded whole, only what the sampled source leads to can be looked at; and that may
    // be more than was recorded, where each element is computed by itself.
    let reachable =
      clip.source.positions == nil
      ? nil : segment.evaluate(clip.source, at: clip.target.positions, judging: false)?.positions
    let all =
      reachable?.filter { value(at: $0) != nil } ?? clip.target.positions
      ?? Array(clip.target.values.indices)
    var draw = Draw(seed: UInt64(all.count))
    let positions = draw.some(SegmentSearch.few, of: all)
    let size = clip.target.values.reduce(0.0) { $0 + $1 * $1 } / Double(max(1, all.count))
    let floor = max(1e-7 * size.squareRoot(), 1e-30)
    var recorded: [Int: (value: Double, noise: Double)] = [:]
    for position in positions {
      if let value = value(at: position) { recorded[position] = (value, floor) }
    }
    if let truth = segment.evaluate(clip.source, at: positions, judging: true),
      truth.extents == clip.target.extents
    {
      for index in truth.values.indices {
        let position = truth.positions.map { $0[index] } ?? index
        if let value = recorded[position]?.value {
          recorded[position] = (
            value,
            max(truth.variance(index).squareRoot(), roundingUnit * abs(truth.values[index]), 1e-30)
          )
        }
      }
    }
    return Screen(clip: clip, positions: positions, recorded: recorded)
  }

  private func distance(_ hypothesis: Hypothesis, _ screens: [Screen]) -> Double {
    var (sum, count) = (0.0, 0)
    // Slack and scale widen the noise: such a hypothesis is always looked at closely.
    if hypothesis.slack != nil || hypothesis.noiseScale != 1 { return 0 }
    for screen in screens {
      let steps = segment.steps(hypothesis, clip: screen.clip.number)
      guard
        let field = segment.evaluate(
          steps, screen.clip.source, at: screen.positions, judging: false),
        field.extents == screen.clip.target.extents
      else { return .infinity }
      for (index, value) in field.values.enumerated() {
        let position = field.positions.map { $0[index] } ?? index
        guard let recorded = screen.recorded[position] else { continue }
        // No number where none was recorded speaks neither for nor against: what comes after a fault
        // that makes NaN is NaN, whatever is done there.
        if recorded.value.isNaN && value.isNaN { continue }
        count += 1
        if recorded.value == value { continue }
        if NoiseScore.isExpected(recorded.value, truth: value, noise: 0) { continue }
        let z = (recorded.value - value) / recorded.noise
        sum += z.isNaN ? 1e60 : min(z * z, 1e60)
      }
    }
    return count == 0 ? .infinity : (sum / Double(count)).squareRoot()
  }

  private func some(_ target: Field, _ limit: Int) -> [Int]? {
    let isSearch = segment.steps.contains(where: \.isConvolution)
    guard isSearch, target.values.count > limit else { return target.positions }
    var draw = Draw(seed: UInt64(target.values.count))
    return draw.some(limit, of: target.positions ?? Array(target.values.indices))
  }
}
