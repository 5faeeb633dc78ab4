internal import TPCheckpoints
internal import TPBytes
internal import TPModels
internal import TPTensors

/// Tries the single faults of many layers at once, where nothing between them was recorded.
///
/// A changed layer is computed in float64 from what our own run gives it, and what follows runs in
/// float32; the residual is measured in the noise of the truth.
struct NetworkSearch: Sendable {
  let owner: Diagnostician
  let segment: Segment
  let clips: [Int]

  init(_ owner: Diagnostician, _ segment: Segment, _ worst: [Int]) {
    self.owner = owner
    self.segment = segment
    clips = Array((worst + (0..<owner.golden.clips).filter { !worst.contains($0) }).prefix(4))
  }

  /// One clip: what was recorded, the truth's noise, and every activation of our own run.
  struct Run: Sendable {
    var recorded: Field
    var truth: [Double]
    var noise: [Float]
    var activations: [String: [Float]]
    var input: [Float]
  }

  private var architecture: Architecture { owner.model.architecture }

  func run(_ clip: Int) throws(PortError) -> Run? {
    let input = try owner.golden.input.field(clip: clip, extents: architecture.input)
      .values.map { Float($0) }
    let names = Set(architecture.activations.map(\.name))
    let port = try owner.model.network.run(input, batch: 1, recording: names)
    let truth = try owner.model.network.truth(input, batch: 1, recording: [segment.target])
    guard let truth = truth.first, let target = owner.golden[segment.target] else { return nil }
    var activations: [String: [Float]] = [:]
    for activation in port.activations { activations[activation.name] = activation.values }
    return Run(
      recorded: try target.field(clip: clip, extents: Array(truth.shape.dropFirst())),
      truth: truth.values, noise: truth.noise, activations: activations, input: input)
  }

  func hypotheses() -> [Hypothesis] {
    segment.steps.indices.flatMap { owner.bank.hypotheses(segment, step: $0, recorded: nil) }
      .filter { $0.isCommon }
  }

  /// The examination of the whole segment.
  func examine() throws(PortError) -> Examination? {
    var runs: [Run] = []
    for clip in clips {
      if let run = try run(clip) { runs.append(run) }
    }
    guard let first = runs.first else { return nil }
    var asItIs = NoiseScore()
    for run in runs { asItIs.add(score(run, run.truth)) }
    let all = hypotheses()
    let distances = try mapClips(all.count, threads: owner.threads) {
      (index: Int) throws(PortError) -> Double in
      guard let values = try values(all[index], first) else { return .infinity }
      let rms = score(first, values).rms
      return rms.isNaN ? .infinity : rms
    }
    let best = distances.indices.filter { distances[$0].isFinite }
      .sorted { distances[$0] < distances[$1] }.prefix(8)
    var findings: [SegmentSearch.Finding] = []
    for index in best {
      var total = NoiseScore()
      for run in runs {
        if let values = try values(all[index], run) { total.add(score(run, values)) }
      }
      if total.count == asItIs.count {
        findings.append(SegmentSearch.Finding(hypothesis: all[index], score: total))
      }
    }
    findings += outputs(runs)
    let names = architecture.activations.map(\.name).filter { owner.golden[$0] == nil }
    return Examination(
      asItIs: asItIs, findings: findings.sorted { $0.excess < $1.excess }, tried: all.count,
      advice: "to be sure, record \(listed(Array(names.prefix(16)))) too, the poolings whole")
  }

  /// Faults of the output alone: its order.
  private func outputs(_ runs: [Run]) -> [SegmentSearch.Finding] {
    guard
      segment.target == Architecture.logits || segment.layers.last == architecture.layers.count - 1,
      let last = segment.steps.indices.last, case .linear = segment.steps[last],
      let before = architecture.activations.dropLast(2).last
    else { return [] }
    // From our own run of the activation before it, the last segment is a short one.
    guard let place = architecture.layer(of: before.name) else { return [] }
    let steps = architecture.steps(place + 1..<architecture.layers.count, owner.model.weights)
    let short = Segment(
      source: before.name, target: segment.target, extents: before.extents,
      layers: place + 1..<architecture.layers.count, steps: steps)
    let clips = runs.enumerated().compactMap { index, run -> SearchClip? in
      guard let values = run.activations[before.name] else { return nil }
      return SearchClip(
        number: index,
        source: Field(
          extents: before.extents, positions: nil, values: values.map { Double($0) }),
        target: run.recorded)
    }
    let fits = Fits(segment: short, clips: clips, bank: owner.bank, golden: owner.golden)
    return fits.rows(steps.count - 1).map { hypothesis in
      var total = NoiseScore()
      for (clip, run) in zip(clips, runs) {
        let field = short.evaluate(
          short.steps(hypothesis, clip: clip.number), clip.source, at: nil, judging: false)
        total.add(score(run, field?.values ?? []))
      }
      var moved = hypothesis
      moved.step = segment.steps.count - 1
      return SegmentSearch.Finding(hypothesis: moved, score: total)
    }
  }

  /// What was recorded against values, in the noise of the truth; where a fault makes the values
  /// larger, the noise is taken to grow as they do.
  func score(_ run: Run, _ values: [Double]) -> NoiseScore {
    var score = NoiseScore()
    func size(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    let growth = max(1, (size(values) / max(size(run.truth), 1e-300)).squareRoot())
    for (index, recorded) in run.recorded.values.enumerated() {
      let position = run.recorded.positions.map { $0[index] } ?? index
      guard values.indices.contains(position) else { return .incomparable(count: 1) }
      score.add(
        recorded, truth: values[position], noise: run.noise[position] * Float(growth))
    }
    return score
  }

  /// The target as a hypothesis has it; `nil` where the layers after it do not fit any more.
  func values(_ hypothesis: Hypothesis, _ run: Run) throws(PortError) -> [Double]? {
    let place = segment.layers.lowerBound + hypothesis.step
    // The nearest activation before the layer that has a name.
    var first = place
    var source = run.input
    while first > 0 {
      if let name = architecture.layers[first - 1].name, let values = run.activations[name] {
        source = values
        break
      }
      first -= 1
    }
    if let weight = hypothesis.weight, segment.steps[hypothesis.step].isConvolution,
      let name = architecture.layers[place].name
    {
      return try tail(
        from: first, source, replacing: ("\(name).\(weight.suffix)", weight.values()))
    }
    let extents = first == 0 ? architecture.input : architecture.outputs[first - 1]
    let prefix = architecture.steps(first..<place, owner.model.weights)
    let field = segment.evaluate(
      prefix + hypothesis.steps(0),
      Field(extents: extents, positions: nil, values: source.map { Double($0) }), at: nil,
      judging: false)
    let next = place + hypothesis.span
    guard let field, field.positions == nil else { return nil }
    if next == segment.layers.upperBound { return field.values }
    guard field.extents == architecture.outputs[next - 1] else { return nil }
    return try tail(from: next, field.values.map { Float($0) }, replacing: nil)
  }

  /// The rest of the network, from a layer on.
  private func tail(
    from first: Int, _ source: [Float], replacing changed: (name: String, values: [Double])?
  ) throws(PortError) -> [Double]? {
    let rest = try Architecture(
      name: architecture.name,
      input: first == 0 ? architecture.input : architecture.outputs[first - 1],
      layers: Array(architecture.layers[first...]))
    // The bound numbers, not the stored tensors: int8 means something only with its scales.
    var weights = owner.model.weights.restricted(to: rest)
    if let changed {
      weights = weights.replacing([changed.name: changed.values.map { Float($0) }])
    }
    let network = try Network(rest, weights)
    let run = try network.run(source, batch: 1, recording: [segment.target])
    return run.activations.first?.values.map { Double($0) }
  }
}
