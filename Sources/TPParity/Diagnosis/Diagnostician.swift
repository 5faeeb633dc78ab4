internal import TPCheckpoints
internal import TPBytes
internal import TPModels
internal import TPTensors

/// Finds out, layer by layer, which known fault explains a golden that is over the line.
struct Diagnostician: Sendable {
  let model: LoadedModel
  let golden: Golden
  let threads: Int
  let bank: ModelBank

  /// How many clips a segment is examined on.
  private static let clips = 6

  init(_ model: LoadedModel, _ golden: Golden, threads: Int) {
    self.model = model
    self.golden = golden
    self.threads = threads
    bank = ModelBank(model, golden)
  }

  /// One entry for each failing layer, in forward order.
  func diagnose(
    _ report: ParityReport, _ isolation: Isolation
  ) throws(PortError) -> [Diagnosis] {
    var found: [Diagnosis] = []
    // What an explained fault makes of the layers before: replacements by place.
    var corrections: [Int: Hypothesis] = [:]
    var isLost = false
    // Layers that a recorded shape was blamed on: a longer segment over them says nothing new.
    var blamed: Range<Int>?
    let rows = report.activations.filter { $0.golden != nil }
    for (index, segment) in segments(report, isolation).enumerated() {
      let row = rows.first { $0.name == segment.target }
      let isolated = report.isolated.first { $0.name == segment.target }
      let examined: Examination?
      if row?.problem != nil {
        // One wrong shape is enough: those after it follow from it.
        if isLost { continue }
        examined = try misshapen(segment, row, corrections)
        isLost = true
        blamed = segment.layers
      } else if let isolated {
        if isolated.status != .over || blamed?.overlaps(segment.layers) == true { continue }
        examined = try examine(segment, worst: isolated.goldenClipsOver)
        if let examined, examined.found?.hypothesis.isFitted != false,
          let joined = try joined(segment, segments(report, isolation).prefix(index))
        {
          found.append(joined)
          continue
        }
      } else {
        guard row?.goldenIsOver == true, !isLost else { continue }
        examined = try long(segment, row?.goldenClipsOver ?? [], corrections)
      }
      guard let examined else { continue }
      if let finding = examined.found, finding.hypothesis.span == 1 {
        corrections[segment.layers.lowerBound + finding.hypothesis.step] = finding.hypothesis
      }
      // Of a channel that the sample does not show, the statistics of the batch are not known.
      let isGuessed = examined.found.map {
        $0.hypothesis.fault == .trainMode && $0.hypothesis.isFitted
      }
      if isGuessed != false { isLost = true }
      found.append(examined.diagnosis(segment, self))
    }
    return otherWeights(onceOnly(found))
  }

  /// What to do about what nothing explains is said of the first such layer.
  private func onceOnly(_ found: [Diagnosis]) -> [Diagnosis] {
    let first = found.firstIndex { $0.fault == .unknown }
    return found.enumerated().map { index, diagnosis in
      var diagnosis = diagnosis
      if diagnosis.fault == .unknown && index != first { diagnosis.remedy = "" }
      return diagnosis
    }
  }

  /// The segments that were judged, and those that end in a wrong shape.
  private func segments(_ report: ParityReport, _ isolation: Isolation) -> [Segment] {
    var all = isolation.segments + isolation.long
    let architecture = model.architecture
    for row in report.activations where row.problem != nil && row.golden != nil {
      guard let last = architecture.layer(of: row.name), row.name != Architecture.logits else {
        continue
      }
      let before = report.activations.last { other in
        guard let place = architecture.layer(of: other.name), other.golden != nil else {
          return false
        }
        return other.problem == nil && place < last
      }
      let first = before.flatMap { architecture.layer(of: $0.name) }.map { $0 + 1 } ?? 0
      all.append(
        Segment(
          source: before?.name ?? "input", target: row.name,
          extents: first == 0 ? architecture.input : architecture.outputs[first - 1],
          layers: first..<last + 1, steps: architecture.steps(first..<last + 1, model.weights)))
    }
    return all.sorted { $0.layers.upperBound < $1.layers.upperBound }
  }

  /// The clips of a segment from the golden's own record, those that show the fault first.
  private func clips(_ segment: Segment, worst: [Int], extents: [Int]? = nil)
    throws(PortError) -> [SearchClip]
  {
    let source = segment.source == "input" ? golden.input : golden[segment.source]
    guard let source, let target = golden[segment.target] else { return [] }
    var clips: [SearchClip] = []
    for clip in order(worst) {
      let given = try target.field(clip: clip, extents: extents ?? segment.outputExtents)
      if given.values.isEmpty { continue }
      clips.append(
        SearchClip(
          number: clip, source: try source.field(clip: clip, extents: segment.extents),
          target: given))
    }
    return clips
  }

  /// Clips of a segment from the golden's own record where it has what the layers read, and else from
  /// our own run.
  func anyClips(_ segment: Segment) throws(PortError) -> [SearchClip] {
    let own = try clips(segment, worst: [])
    if let first = own.first,
      segment.evaluate(first.source, at: first.target.positions, judging: false) != nil
    {
      return own
    }
    return try computedClips(segment, [], [:])
  }

  private func order(_ worst: [Int]) -> [Int] {
    let others = (0..<golden.clips).filter { !worst.contains($0) }
    return Array((worst + others).prefix(Diagnostician.clips))
  }

  private func examine(
    _ segment: Segment, worst: [Int]
  ) throws(PortError) -> Examination? {
    let clips = try clips(segment, worst: worst)
    return try examine(segment, clips, recorded: nil)
  }

  func examine(
    _ segment: Segment, _ clips: [SearchClip], recorded: [Int]?
  ) throws(PortError) -> Examination? {
    if clips.isEmpty { return nil }
    let search = SegmentSearch(segment: segment, clips: clips, threads: threads)
    var all = segment.steps.indices.flatMap {
      bank.hypotheses(segment, step: $0, recorded: recorded)
    }
    all += Fits(segment: segment, clips: clips, bank: bank, golden: golden).hypotheses()
    return Examination(
      asItIs: search.asItIs(), findings: try search.findings(all), tried: all.count,
      recorded: recorded)
  }

  /// An activation of another shape than the model's.
  private func misshapen(
    _ segment: Segment, _ row: ActivationParity?, _ corrections: [Int: Hypothesis]
  ) throws(PortError) -> Examination? {
    guard let recording = golden[segment.target] else { return nil }
    let whole = golden.provenance?.shapes[segment.target] ?? recording.tensor.shape.extents
    guard whole.count > 1, whole[0] == golden.clips,
      recording.positions != nil || recording.tensor.shape.extents == whole
    else { return nil }
    let extents = Array(whole.dropFirst())
    var known = try clips(segment, worst: [], extents: extents)
    // What was sampled for another shape need not be what these layers read.
    if let first = known.first, segment.evaluate(first.source, at: nil, judging: false) == nil {
      known = try computedClips(segment, [], corrections, extents: extents)
    }
    return try examine(segment, known, recorded: extents)
  }

  /// What only shows with the layers before: the cell state, which no golden records.
  private func joined(
    _ segment: Segment, _ earlier: ArraySlice<Segment>
  ) throws(PortError) -> Diagnosis? {
    guard let before = earlier.last(where: { $0.target == segment.source }),
      let changed = cellState(before)
    else { return nil }
    var both = before
    both.target = segment.target
    both.layers = before.layers.lowerBound..<segment.layers.upperBound
    both.steps = before.steps + segment.steps
    let clips = try clips(both, worst: [])
    if clips.isEmpty { return nil }
    let search = SegmentSearch(segment: both, clips: clips, threads: threads)
    let findings = try search.findings([
      Hypothesis(
        fault: .cellState, step: before.steps.count - 1,
        what: "the golden takes the cell state c of the last step, not the hidden state h",
        remedy: "take h: torch.nn.LSTM returns output, (h_n, c_n)",
        steps: { _ in [changed] })
    ])
    guard findings.first?.explains == true else { return nil }
    return Examination(asItIs: search.asItIs(), findings: findings, tried: 1)
      .diagnosis(both, self)
  }

  /// The last layer of a segment with its cell state for its output, where it is an LSTM.
  private func cellState(_ segment: Segment) -> SegmentStep? {
    guard let place = segment.layers.last,
      case .recurrent(let recurrent) = model.architecture.layers[place].kind,
      recurrent.cell == .lstm
    else { return nil }
    var stack = RecurrentStack(recurrent, model.architecture.layers[place], model.weights)
    for direction in stack.layers[recurrent.layers - 1].indices {
      stack.layers[recurrent.layers - 1][direction].output = .cell
    }
    return .recurrent(stack)
  }

  /// A segment whose source was not recorded as its layers need it: computed, with whatever was found
  /// to be wrong before it put right.
  private func long(
    _ segment: Segment, _ worst: [Int], _ corrections: [Int: Hypothesis]
  ) throws(PortError) -> Examination? {
    if segment.steps.count(where: \.isConvolution) > 1 {
      return try NetworkSearch(self, segment, worst).examine()
    }
    let clips = try computedClips(segment, worst, corrections)
    let found = try examine(segment, clips, recorded: nil)
    // It was over because of what came before, and that is known.
    return found?.asItIs.isOver == true ? found : nil
  }

  /// Clips whose source is computed: by the truth, or with what is known to be wrong put right.
  private func computedClips(
    _ segment: Segment, _ worst: [Int], _ corrections: [Int: Hypothesis], extents: [Int]? = nil
  ) throws(PortError) -> [SearchClip] {
    let architecture = model.architecture
    guard let target = golden[segment.target], let last = segment.layers.last else { return [] }
    var clips: [SearchClip] = []
    for clip in order(worst).prefix(2) {
      let steps = (0..<segment.layers.lowerBound).flatMap { place in
        corrections[place]?.steps(clip)
          ?? architecture.steps(place..<place + 1, model.weights)
      }
      let prefix = Segment(
        source: "input", target: segment.source, extents: architecture.input,
        layers: 0..<segment.layers.lowerBound, steps: steps)
      let input = try golden.input.field(clip: clip, extents: architecture.input)
      guard let source = try source(prefix, input, isCorrected: !corrections.isEmpty) else {
        return []
      }
      clips.append(
        SearchClip(
          number: clip, source: source,
          target: try target.field(clip: clip, extents: extents ?? architecture.outputs[last])))
    }
    return clips
  }

  private func source(
    _ prefix: Segment, _ input: Field, isCorrected: Bool
  ) throws(PortError) -> Field? {
    if prefix.layers.isEmpty { return input }
    guard !isCorrected, prefix.source == "input" else {
      return prefix.evaluate(input, at: nil, judging: true)
    }
    let truth = try model.network.truth(
      input.values.map { Float($0) }, batch: 1, recording: [prefix.target])
    guard let truth = truth.first else { return nil }
    return Field(
      extents: Array(truth.shape.dropFirst()), positions: nil, values: truth.values,
      variances: truth.noise.map { Double($0) * Double($0) },
      bounds: truth.noise.map { 24 * Double($0) })
  }

  /// What to do about a layer that nothing explains.
  func whereToLook(_ name: String) -> String {
    switch golden.provenance?.digest {
    case model.digest.description?:
      "the golden names these very weights: so compare what \(name) does in the recorded model, and"
        + " what runs before it there, with the layer list"
    case .some:
      "the golden names other weights: compare the parameters of \(name), for example by"
        + " `torchport diff` with the checkpoint that was recorded"
    case nil:
      "compare the parameters and the settings of \(name) with those of the recorded model; a golden"
        + " with provenance says whether the weights are the same"
    }
  }

  /// Several layers that nothing explains, of a golden that names other weights: so it is those.
  private func otherWeights(_ found: [Diagnosis]) -> [Diagnosis] {
    guard let digest = golden.provenance?.digest, digest != model.digest.description,
      found.count > 2, found.allSatisfy({ $0.fault == .unknown || $0.fault == .otherWeights })
    else { return found }
    return [
      Diagnosis(
        layer: found[0].layer, fault: .otherWeights,
        cause: "the golden was recorded from other weights",
        sentence: "the golden was recorded from other weights: it names the content digest"
          + " \(digest.prefix(16))…, these are \(model.digest.description.prefix(16))…, and no single"
          + " fault explains \(listed(found.map(\.layer)))",
        residual: found[0].residual, runnerUp: "",
        remedy: "verify the checkpoint that the golden was recorded from"
          + (golden.provenance?.source.map { ", \(printable($0, limit: 80))" } ?? ""),
        map: nil)
    ]
  }
}
