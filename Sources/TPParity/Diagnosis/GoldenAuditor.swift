public import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPTensors

extension Parity {
  /// Injects every known fault into the port, one at a time, and counts those that a golden catches.
  ///
  /// A fault is caught when the first activation after its layer that the golden records is over a
  /// line: judged from the golden's record of what the layer read, or else from our own run. Of one
  /// fault in one layer at most six variants are injected.
  ///
  /// - Parameters:
  ///   - model: the weights that the golden holds with.
  ///   - golden: the golden that is asked about.
  ///   - threads: at most how many faults are tried at a time; at least 1.
  /// - Throws: `PortError` as `verify` does, or of kind `mismatch` where parity does not hold: then
  ///   nothing can be said.
  public static func audit(
    weights model: LoadedModel, golden: Golden, threads: Int = 1
  ) throws(PortError) -> GoldenAudit {
    let model = try fitting(golden, model)
    let report = try verify(weights: model, golden: golden, threads: threads, diagnosing: false)
    guard report.verdict == .holds else {
      throw PortError(
        .mismatch, "a golden can be audited only with weights that it holds with: \(report.reason)",
        remedy: "verify it first, and repair what the diagnosis names")
    }
    return try GoldenAuditor(model, golden, report, threads: threads).audit()
  }
}

/// Injects faults and sees which are caught.
struct GoldenAuditor {
  let model: LoadedModel
  let golden: Golden
  let report: ParityReport
  let owner: Diagnostician
  let threads: Int

  /// Of one fault in one layer.
  private static let variants = 6

  struct Mutant: Sendable {
    var layer: String
    var hypothesis: Hypothesis
  }

  struct Outcome: Sendable {
    var isCaught: Bool
    /// The distance that the fault makes, in rms z; `nil` where the shape changes.
    var rms: Double?
  }

  init(_ model: LoadedModel, _ golden: Golden, _ report: ParityReport, threads: Int) {
    self.model = model
    self.golden = golden
    self.report = report
    self.threads = threads
    owner = Diagnostician(model, golden, threads: threads)
  }

  func audit() throws(PortError) -> GoldenAudit {
    var audit = GoldenAudit(rows: [], survivors: [])
    let compared = report.activations.filter { $0.golden != nil }.map(\.name)
    let architecture = model.architecture
    var first = 0
    var source = "input"
    for name in compared {
      guard let last = architecture.layer(of: name), last >= first else { continue }
      let segment = Segment(
        source: source, target: name,
        extents: first == 0 ? architecture.input : architecture.outputs[first - 1],
        layers: first..<last + 1, steps: architecture.steps(first..<last + 1, model.weights))
      let mutants = mutants(segment)
      let outcomes = try outcomes(segment, mutants)
      for (mutant, outcome) in zip(mutants, outcomes) { audit.add(mutant, outcome, segment) }
      (first, source) = (last + 1, name)
    }
    return audit
  }

  private func mutants(_ segment: Segment) -> [Mutant] {
    var counts: [String: Int] = [:]
    var all: [Mutant] = []
    for step in segment.steps.indices {
      let layer = segment.layerName(step, model.architecture)
      let known =
        owner.bank.hypotheses(segment, step: step, recorded: nil)
        .filter { $0.isCommon && $0.isOfPort } + more(segment, step)
      for hypothesis in known {
        let key = "\(layer) \(step) \(hypothesis.fault.rawValue)"
        counts[key, default: 0] += 1
        if counts[key, default: 0] <= GoldenAuditor.variants {
          all.append(Mutant(layer: layer, hypothesis: hypothesis))
        }
      }
    }
    return all
  }

  /// Faults that a diagnosis finds by fitting and an audit has to make.
  private func more(_ segment: Segment, _ step: Int) -> [Hypothesis] {
    let place = segment.layers.lowerBound + step
    let layer = model.architecture.layers[place]
    if case .dropout(let p) = layer.kind, p > 0, p < 1 {
      let count = model.architecture.outputs[place].reduce(1, *)
      return [
        Hypothesis(
          fault: .dropoutActive, step: step, what: "dropout of \(short(p)) is active", remedy: "",
          steps: { clip in
            var draw = Draw(seed: UInt64(clip))
            let mask = (0..<count).map { _ in
              Double(draw.next() >> 11) * 0x1p-53 < p ? 0 : 1 / (1 - p)
            }
            return [
              .affine(
                AffineStep(
                  scale: mask, shift: mask.map { _ in 0 }, mean: mask.map { _ in 0 }))
            ]
          })
      ]
    }
    if case .adaptiveAveragePool = layer.kind {
      // Where sizes divide, every way to cut windows is the same; that is for the audit to say.
      let known = owner.bank.hypotheses(segment, step: step, recorded: nil)
      if known.contains(where: { $0.fault == .adaptiveBins }) { return [] }
      let same = segment.steps[step]
      return [
        Hypothesis(
          fault: .adaptiveBins, step: step, what: "the windows end at the floor", remedy: "",
          steps: { _ in [same] })
      ]
    }
    if case .linear(let linear) = segment.steps[step], linear.outputs > 1,
      place == model.architecture.layers.count - 1
    {
      let inputs = linear.weight.count / linear.outputs
      let order = (0..<linear.outputs).map { ($0 + 1) % linear.outputs }
      var turned = linear
      turned.bias = order.map { linear.bias[$0] }
      turned.weight = order.flatMap { linear.weight[$0 * inputs..<($0 + 1) * inputs] }
      let changed = turned
      return [
        Hypothesis(
          fault: .classesPermuted, step: step, what: "the classes are shifted by one", remedy: "",
          steps: { _ in [.linear(changed)] })
      ]
    }
    return []
  }

  private func outcomes(
    _ segment: Segment, _ mutants: [Mutant]
  ) throws(PortError) -> [Outcome] {
    if segment.steps.count(where: \.isConvolution) > 1 {
      let network = NetworkSearch(owner, segment, [])
      guard let run = try network.run(0) else {
        return mutants.map { _ in Outcome(isCaught: false) }
      }
      return try mapClips(mutants.count, threads: threads) {
        (index: Int) throws(PortError) -> Outcome in
        guard let values = try network.values(mutants[index].hypothesis, run) else {
          return Outcome(isCaught: true)
        }
        let score = network.score(run, values)
        return Outcome(isCaught: score.isOver, rms: score.rms)
      }
    }
    let clips = try owner.anyClips(segment)
    let search = SegmentSearch(segment: segment, clips: clips, threads: 1)
    return try mapClips(mutants.count, threads: threads) {
      (index: Int) throws(PortError) -> Outcome in
      // Where the shape changes nothing can be compared, and that is over the line.
      guard let finding = search.judge(mutants[index].hypothesis) else {
        return Outcome(isCaught: true)
      }
      return Outcome(isCaught: finding.score.isOver, rms: finding.score.rms)
    }
  }
}

extension GoldenAudit {
  fileprivate mutating func add(
    _ mutant: GoldenAuditor.Mutant, _ outcome: GoldenAuditor.Outcome, _ segment: Segment
  ) {
    let fault = mutant.hypothesis.fault
    let index =
      rows.firstIndex { $0.layer == mutant.layer && $0.fault == fault } ?? rows.count
    if index == rows.count {
      rows.append(Row(layer: mutant.layer, fault: fault, injected: 0, caught: 0))
    }
    rows[index].injected += 1
    if outcome.isCaught {
      rows[index].caught += 1
      return
    }
    let rms = outcome.rms ?? 0
    survivors.append(
      Survivor(
        layer: mutant.layer, fault: fault, what: mutant.hypothesis.what,
        reason: "rms z is \(short(rms)) at \(segment.target), no more than honest rounding makes",
        advice: fault.advice(layer: mutant.layer, target: segment.target)))
  }
}

extension Fault {
  /// What a golden needs to show a fault that it does not show yet.
  fileprivate func advice(layer: String, target: String) -> String {
    switch self {
    case .adaptiveBins:
      "add a golden of clips whose extents before \(layer) do not divide by its output: only there do"
        + " the windows differ"
    case .padding, .stride, .ceilMode:
      "record \(layer) at its borders, or whole"
    case .unbiasedVariance, .epsilon:
      "record \(layer) and what it reads, whole; if it is not seen then, it is below any float32"
        + " engine's noise"
    case .inputScale, .inputStandardised, .inputChannels:
      "add a clip that is not zero everywhere and differs between channels"
    case .activationFunction:
      "add clips that make \(target) negative before its activation function"
    case .poolingKind:
      "add a clip of noise: where all values of a window are equal, maxima are averages"
    case .dropoutActive, .dropoutScale: "record \(target)"
    default: "record \(layer) and what it reads, of clips that differ: a real one and one of noise"
    }
  }
}

extension Hypothesis {
  /// Whether it could be a fault of a port; the others are of goldens or of weights only.
  fileprivate var isOfPort: Bool { noiseScale == 1 && slack == nil && !isFitted }
}
