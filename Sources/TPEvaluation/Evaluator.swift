public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPParity

/// What identifies labelled clips whatever file they came in.
public struct DatasetDigest: Hashable, Sendable {
  /// SHA-256 of the numbers that the model is given, 64 lowercase hex digits: of
  /// `torchport-clips-1` and a line feed, then u64, little-endian, of how many clips, how many axes a
  /// clip has and each extent, then every value as float32, little-endian.
  public var clips: String
  /// SHA-256 of the classes: of `torchport-labels-1` and a line feed, then how many, then for each clip
  /// its class (the name, or the index in digits where names are not known) behind its length in
  /// bytes.
  public var labels: String
}

/// Runs models on labelled clips.
public enum Evaluator {
  /// What came of a run.
  public struct Result: Sendable {
    /// One for each model, its classes in the order of the first's.
    public var evaluations: [Evaluation]
    /// What identifies the clips.
    public var digest: DatasetDigest
    /// What is odd about clips or predictions.
    public var warnings: [String]
  }

  /// The most classes: the matrix of confusions has their square.
  public static let mostClasses = 2_048
  /// The most values that are numbers at one time: 16 MiB of them.
  private static let mostValues = 4 << 20

  /// Evaluates models on the same clips, a batch at a time.
  ///
  /// - Parameters:
  ///   - models: at least one; the labels are in the order of the first's classes.
  ///   - clips: what they are run on.
  ///   - threads: the most that work on a batch, which changes no bit.
  ///   - limits: the bounds on what each file of a clip may ask for.
  ///   - progress: is told how many clips are done.
  /// - Throws: `PortError` where a clip cannot be had or has a value that is not finite, a model takes
  ///   other clips, or tells other classes apart.
  public static func evaluate(
    _ models: [LoadedModel], on clips: LabelledClips, threads: Int = 1,
    limits: ReadLimits = ReadLimits(), progress: (Int) -> Void = { _ in }
  ) throws(PortError) -> Result {
    precondition(!models.isEmpty)
    var runs: [ModelRun] = []
    for model in models {
      runs.append(try ModelRun(model, clips.extents, like: runs.first?.classes))
    }
    let size = clips.extents.reduce(1, *)
    let step = max(1, min(64, mostValues / max(size, 1)))
    var hash = RunningDigest("torchport-clips-1")
    for number in [clips.count, clips.extents.count] + clips.extents { hash.update(number) }
    var range = ValueRange()
    var warnings = clips.warnings
    var start = 0
    while start < clips.count {
      let end = min(start + step, clips.count)
      let (values, odd) = try clips.batch(start..<end, limits: limits)
      warnings += odd
      if let place = range.add(values) {
        let (clip, element) = (start + place / max(size, 1), place % max(size, 1))
        throw clips.error(
          clip: clip, "element \(element) is \(values[place]), not a finite number",
          remedy: "make the clip again, or take it out")
      }
      hash.update(values[...])
      for index in runs.indices { try runs[index].run(values, end - start, threads) }
      progress(end)
      start = end
    }
    let evaluations = runs.map { $0.evaluation(clips.labels, runs[0].classes) }
    var labels = RunningDigest("torchport-labels-1")
    labels.update(clips.count)
    for label in clips.labels { labels.update(runs[0].classes.name(label)) }
    return Result(
      evaluations: evaluations,
      digest: DatasetDigest(clips: hash.description, labels: labels.description),
      warnings: warnings + range.warnings)
  }

  /// Checks that a model can be evaluated beside a first one.
  ///
  /// - Parameters:
  ///   - model: the model that is asked about.
  ///   - extents: those of a clip.
  ///   - first: the classes of the first model.
  /// - Throws: `PortError` where it takes other clips, or tells other classes apart.
  public static func check(
    _ model: LoadedModel, takes extents: [Int], like first: Classes
  ) throws(PortError) {
    _ = try ModelRun(model, extents, like: first)
  }

  /// The classes of a model, with the names that its file or its architecture gives.
  public static func classes(_ model: LoadedModel) -> Classes {
    Classes(names: Predictor.classNames(model), count: model.architecture.classCount)
  }
}

/// A model and what it said so far.
private struct ModelRun {
  let model: LoadedModel
  let classes: Classes
  /// The place of each of its classes in the first model's order.
  let places: [Int]
  var logits: [Float] = []

  init(
    _ model: LoadedModel, _ extents: [Int], like first: Classes?
  ) throws(PortError) {
    guard let fitting = try model.taking(extents) else {
      throw PortError(
        .mismatch,
        "the clips have the extents \(extents) and \(model.architecture.name) takes"
          + " \(model.architecture.input)", remedy: "compare weights that take the same clips")
    }
    guard fitting.architecture.classCount <= Evaluator.mostClasses else {
      throw PortError(
        .limit,
        "\(fitting.architecture.name) tells \(fitting.architecture.classCount) classes apart, more"
          + " than \(Evaluator.mostClasses)")
    }
    self.model = fitting
    classes = Evaluator.classes(fitting)
    places = try (first ?? classes).places(of: classes)
  }

  mutating func run(_ values: [Float], _ count: Int, _ threads: Int) throws(PortError) {
    let run = try model.network.run(values, batch: count, threads: threads)
    for clip in 0..<count {
      var row = Array(repeating: Float(0), count: places.count)
      for (index, place) in places.enumerated() {
        row[place] = run.logits[clip * places.count + index]
      }
      logits += row
    }
  }

  func evaluation(_ labels: [Int], _ classes: Classes) -> Evaluation {
    Evaluation(
      classes: classes, labels: labels, logits: logits,
      areProbabilities: model.architecture.endsInSoftmax)
  }
}
