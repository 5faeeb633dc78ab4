/// What came of trying the bank on one segment.
struct Examination: Sendable {
  /// The distance where nothing is changed.
  var asItIs: NoiseScore
  /// The nearest hypotheses, nearest first.
  var findings: [SegmentSearch.Finding]
  var tried: Int
  /// The extents that were recorded, where they are not the model's.
  var recorded: [Int]?
  /// What to record for certainty, where the segment is long.
  var advice: String?

  private static let nothing = "no known fault explains it"
  /// How many times farther than the best the runner-up must be.
  private static let gap = 2.0

  /// The explanations that leave the golden within the lines, those without fitted numbers first.
  private var explaining: [SegmentSearch.Finding] {
    let all = findings.filter(\.explains)
    let plain = all.filter { !$0.hypothesis.isFitted }
    return plain.isEmpty ? all : plain
  }

  /// The best explanation, if it is one and nothing else comes near.
  var found: SegmentSearch.Finding? {
    guard let best = explaining.first else { return nil }
    guard let next = runnerUp else { return best }
    return next.excess >= Examination.gap * best.excess ? best : nil
  }

  /// The faults that cannot be told from the best one on this golden.
  private var equivalents: [SegmentSearch.Finding] {
    var known: Set<Fault> = explaining.first.map { [$0.hypothesis.fault] } ?? []
    return explaining.dropFirst().filter { known.insert($0.hypothesis.fault).inserted }
  }

  /// The nearest one that does not explain it.
  private var runnerUp: SegmentSearch.Finding? {
    findings.first { !$0.explains }
  }

  func diagnosis(_ segment: Segment, _ owner: Diagnostician) -> Diagnosis {
    let line = NoiseScore.rmsLine(count: asItIs.count)
    let next = runnerUp.map {
      "\($0.hypothesis.fault.rawValue): \($0.hypothesis.what) (rms z \(short($0.score.rms)))"
    }
    guard let found else {
      let name = segment.layerName(segment.steps.count - 1, owner.model.architecture)
      if let recorded {
        return Diagnosis(
          layer: name, fault: .unknown, cause: Examination.nothing,
          sentence: "\(Examination.nothing): none of \(tried) hypotheses gives a clip the"
            + " recorded extents \(recorded) with what was recorded, where the model has"
            + " \(segment.outputExtents)",
          residual: findings.first?.score.rms ?? .infinity, runnerUp: next ?? "",
          remedy: owner.whereToLook(name), map: nil)
      }
      return Diagnosis(
        layer: name, fault: .unknown, cause: Examination.nothing,
        sentence: "\(Examination.nothing): rms z \(short(asItIs.rms)) where \(short(line)) is"
          + " allowed, and the nearest of \(tried) hypotheses leaves"
          + " \(short(findings.first?.score.rms ?? asItIs.rms))" + (advice.map { "; \($0)" } ?? ""),
        residual: findings.first?.score.rms ?? asItIs.rms, runnerUp: next ?? "",
        remedy: owner.whereToLook(name), map: nil)
    }
    let hypothesis = found.hypothesis
    var sentence =
      "\(hypothesis.what): with that the golden is at rms z \(short(found.score.rms)), where"
      + " \(short(NoiseScore.rmsLine(count: found.score.count))) is allowed"
      + (recorded == nil
        ? ", without it at \(short(asItIs.rms))" : "; without it the shapes differ")
    if let runnerUp {
      sentence +=
        "; the next best of \(tried) hypotheses, \(runnerUp.hypothesis.fault.rawValue), leaves"
        + " \(short(runnerUp.score.rms))"
    }
    if !equivalents.isEmpty {
      sentence +=
        "; on this golden it cannot be told from: "
        + equivalents.map { "\($0.hypothesis.fault.rawValue) (\($0.hypothesis.what))" }
        .joined(separator: ", ")
    }
    if let advice { sentence += "; \(advice)" }
    return Diagnosis(
      layer: segment.layerName(hypothesis.step, owner.model.architecture), fault: hypothesis.fault,
      cause: hypothesis.what, sentence: sentence, residual: found.score.rms, runnerUp: next ?? "",
      remedy: hypothesis.remedy, map: hypothesis.map)
  }
}
