public import TPBytes
public import TPEvaluation
internal import TPModels
public import TPParity
internal import TPTensors

/// What two models make of the same clips.
public struct BehaviourChange: Sendable {
  /// What became of one clip.
  public struct Clip: Hashable, Sendable {
    /// Its number, from 0.
    public var clip: Int
    /// The index of its class, where it is labelled.
    public var label: Int?
    /// The class with the largest logit of a.
    public var before: Int
    /// The same of b.
    public var after: Int
    /// The largest logit of a less the second largest.
    public var marginBefore: Double
    /// The same of b.
    public var marginAfter: Double
    /// The largest |logit of b - logit of a|.
    public var drift: Double
  }

  /// The golden or the dataset, as the user named it.
  public let source: String
  /// The classes, in the order of a's.
  public let classes: Classes
  /// Every clip.
  public let clips: [Clip]
  /// The mean of |logit of b - logit of a| over all clips and classes.
  public let meanDrift: Double

  /// The largest |logit of b - logit of a|.
  public var maxDrift: Double {
    clips.reduce(0) { $1.drift.isNaN || $0.isNaN ? .nan : max($0, $1.drift) }
  }
  /// The clips for which another class is predicted.
  public var flips: [Clip] { clips.filter { $0.before != $0.after } }
  /// How many clips are right before and after; `nil` where they are not labelled.
  public var right: (before: Int, after: Int)? {
    guard clips.allSatisfy({ $0.label != nil }) else { return nil }
    return (clips.count { $0.before == $0.label }, clips.count { $0.after == $0.label })
  }
  /// The smallest margin before and after.
  public var smallestMargins: (before: Double, after: Double) {
    (
      clips.map(\.marginBefore).min() ?? .nan, clips.map(\.marginAfter).min() ?? .nan
    )
  }

  /// Runs both on the clips of a golden.
  ///
  /// - Parameters:
  ///   - a: the model to compare from.
  ///   - b: the model to compare with it.
  ///   - golden: whose input is run.
  ///   - source: what the clips are called in the report.
  ///   - threads: the most that work on a batch, which changes no bit.
  ///   - progress: is told how many clips are done, and how many there are.
  /// - Throws: `PortError` where a model does not take the clips, or they tell other classes apart.
  public init(
    _ a: LoadedModel, _ b: LoadedModel, golden: Golden, source: String, threads: Int,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(PortError) {
    let extents = Array(golden.input.tensor.shape.extents.dropFirst())
    try self.init(
      a, b, extents: extents, count: golden.clips, labels: nil, source: source, threads: threads,
      progress: progress
    ) { (range) throws(PortError) in
      var values: [Float] = []
      for clip in range { values += try golden.clip(clip) }
      return values
    }
  }

  /// Runs both on labelled clips.
  ///
  /// - Parameters:
  ///   - a: the model to compare from.
  ///   - b: the model to compare with it.
  ///   - clips: what is run.
  ///   - source: what the clips are called in the report.
  ///   - threads: the most that work on a batch, which changes no bit.
  ///   - limits: the bounds on what each file of a clip may ask for.
  ///   - progress: is told how many clips are done, and how many there are.
  /// - Throws: `PortError` where a model does not take the clips, or they tell other classes apart.
  public init(
    _ a: LoadedModel, _ b: LoadedModel, clips: LabelledClips, source: String, threads: Int,
    limits: ReadLimits = ReadLimits(), progress: (Int, Int) -> Void = { _, _ in }
  ) throws(PortError) {
    try self.init(
      a, b, extents: clips.extents, count: clips.count, labels: clips.labels, source: source,
      threads: threads, progress: progress
    ) { (range) throws(PortError) in try clips.values(range, limits: limits) }
  }

  private init(
    _ a: LoadedModel, _ b: LoadedModel, extents: [Int], count: Int, labels: [Int]?,
    source: String, threads: Int, progress: (Int, Int) -> Void,
    values: (Range<Int>) throws(PortError) -> [Float]
  ) throws(PortError) {
    let first = try Self.taking(extents, a)
    let second = try Self.taking(extents, b)
    let classes = Evaluator.classes(first)
    let places = try classes.places(of: Evaluator.classes(second))
    let size = extents.reduce(1, *)
    let step = max(1, min(16, (4 << 20) / max(size, 1)))
    var found: [Clip] = []
    var sum = 0.0
    for start in stride(from: 0, to: count, by: step) {
      progress(start, count)
      let range = start..<min(start + step, count)
      let input = try values(range)
      let before = try first.network.run(input, batch: range.count, threads: threads).logits
      let after = try second.network.run(input, batch: range.count, threads: threads).logits
      for (row, clip) in range.enumerated() {
        let base = row * places.count
        let own = before[base..<base + places.count].map { Double($0) }
        var other = own
        for (index, place) in places.enumerated() { other[place] = Double(after[base + index]) }
        let drifts = zip(own, other).map { $0 == $1 ? 0 : abs($1 - $0) }
        sum += drifts.reduce(0, +)
        found.append(
          Clip(
            clip: clip, label: labels?[clip], before: largest(own), after: largest(other),
            marginBefore: Self.margin(own), marginAfter: Self.margin(other),
            drift: drifts.reduce(0) { $1.isNaN || $0.isNaN ? .nan : max($0, $1) }))
      }
    }
    self.source = source
    self.classes = classes
    clips = found
    meanDrift = sum / Double(max(count * places.count, 1))
  }

  private static func taking(
    _ extents: [Int], _ model: LoadedModel
  ) throws(PortError) -> LoadedModel {
    guard let model = try model.taking(extents) else {
      throw PortError(
        .mismatch,
        "the clips have the extents \(extents) and \(model.architecture.name) takes"
          + " \(model.architecture.input)", remedy: "give clips that both models take")
    }
    return model
  }

  private static func margin(_ logits: [Double]) -> Double {
    let best = largest(logits)
    let second = logits.enumerated().reduce(-Double.infinity) {
      $1.offset == best ? $0 : max($0, $1.element)
    }
    return logits[best] - second
  }
}
