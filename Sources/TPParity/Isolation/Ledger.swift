internal import TPBytes
internal import TPModels

/// One line of the ledger: what the layers between two recorded activations add to the golden's
/// distance from the truth. Errors are roots of means of squares, in the unit of the activation.
public struct LedgerEntry: Hashable, Sendable {
  /// The activation at the end of these layers.
  public var name: String
  /// The recorded activation before them, or `input`.
  public var source: String
  /// How many elements were compared.
  public var count: Int
  /// The recorded activation less what these layers make of the recorded source: their own error.
  public var introduced: Double
  /// What these layers make of the recorded source less what they make of the true one.
  public var inherited: Double
  /// ||s_out|| / ||s_in|| of the rounding noise in the true run: what these layers do to an error
  /// that they are given, and their own rounding. `nil` where the source is exact.
  public var amplified: Double?
}

extension Isolation {
  /// Judges every segment on one clip.
  func scores(
    clip: Int, of golden: Golden, _ truths: [TrueActivation]
  ) throws(PortError) -> [IsolatedScore?] {
    var scores: [IsolatedScore?] = []
    for segment in segments {
      let extents = segment.extents
      let source = segment.source == "input" ? golden.input : golden[segment.source]
      guard let source, let target = golden[segment.target],
        let chained = truths.first(where: { $0.name == segment.target })
      else {
        scores.append(nil)
        continue
      }
      scores.append(
        IsolatedScore(
          segment, source: try source.field(clip: clip, extents: extents),
          target: try target.field(clip: clip, extents: Array(chained.shape.dropFirst())),
          chained: chained.values))
    }
    return scores
  }
}

extension Judgement {
  /// Adds up what the clips say of each segment, in clip order.
  mutating func add(_ isolation: Isolation, _ scores: [ClipScores]) {
    for (index, segment) in isolation.segments.enumerated() {
      var row = ActivationParity(
        name: segment.target, status: .holds, mode: .isolated, source: segment.source)
      var (all, introduced, inherited) = (NoiseScore(), 0.0, 0.0)
      var ofBound: Double?
      for (clip, clipScores) in scores.enumerated() {
        guard let score = clipScores.isolated[index] else { continue }
        row.clips += 1
        if score.score.isOver { row.goldenClipsOver.append(clip) }
        all.add(score.score)
        if let part = score.ofBound { ofBound = max(ofBound ?? 0, part) }
        introduced += score.introduced
        inherited += score.inherited
      }
      if row.clips == 0 { continue }
      row.golden = all
      row.ofBound = ofBound
      if !isDeclaredLossy, row.goldenIsOver || ofBound ?? 0 > ActivationParity.hardLimit {
        row.status = .over
      }
      report.isolated.append(row)
      let noise = scores.reduce(0.0) { $0 + ($1.noise[segment.target] ?? 0) }
      let before = scores.reduce(0.0) { $0 + ($1.noise[segment.source] ?? 0) }
      let count = Double(max(all.count, 1))
      report.ledger.append(
        LedgerEntry(
          name: segment.target, source: segment.source, count: all.count,
          introduced: (introduced / count).squareRoot(),
          inherited: (inherited / count).squareRoot(),
          amplified: before > 0 ? (noise / before).squareRoot() : nil))
    }
  }
}
