public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPParity

/// What a model says about one clip.
public struct Prediction: Hashable, Sendable {
  /// The clip's number, from 0.
  public var clip: Int
  /// The index of the most probable class.
  public var index: Int
  /// Its name; `nil` where the weights do not say.
  public var className: String?
  /// The probability of each class, in index order; NaN where the logits are.
  public var probabilities: [Float]
  /// What the probabilities were made of.
  public var logits: [Float]

  /// Why the prediction means nothing, as a clause; `nil` where it does.
  public var warning: String? {
    probabilities.contains(where: \.isNaN)
      ? "the probabilities of clip \(clip) are not numbers: nothing is predicted" : nil
  }
}

/// Runs a model on clips.
public enum Predictor {
  /// The predictions for each clip, by our float32 engine.
  ///
  /// - Throws: `PortError` where the clips are of another shape than the model takes.
  public static func predict(
    _ model: LoadedModel, _ clip: Clip
  ) throws(PortError) -> [Prediction] {
    guard let model = try model.taking(clip.extents) else {
      throw PortError(
        .mismatch,
        "clips of \(clip.extents) were given and \(model.architecture.name) takes"
          + " \(model.architecture.input)")
    }
    let run = try model.network.run(clip.values, batch: clip.count)
    let classes = model.architecture.classCount
    let names = classNames(model)
    return (0..<clip.count).map { number in
      let logits = Array(run.logits[number * classes..<(number + 1) * classes])
      let best = largest(logits.map { Double($0) })
      return Prediction(
        clip: number, index: best, className: names?[best],
        probabilities: probabilities(logits, model.architecture), logits: logits)
    }
  }

  /// The class names in index order, where the file with the weights has one for every class; those
  /// of the architecture where the file names none.
  public static func classNames(_ model: LoadedModel) -> [String]? {
    guard let names = model.facts.classes else {
      return model.facts.classesProblem == nil ? model.architecture.classes : nil
    }
    return names.count == model.architecture.classCount ? names : nil
  }

  /// What the last layer gives as probabilities: its softmax, unless it is one.
  private static func probabilities(_ logits: [Float], _ architecture: Architecture) -> [Float] {
    // That of a logarithm of probabilities is the probabilities.
    architecture.endsInSoftmax ? logits : softmax(logits)
  }
}
