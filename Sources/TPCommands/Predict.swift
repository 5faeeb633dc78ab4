internal import ArgumentParser
internal import TPBytes
internal import TPEvaluation
internal import TPModels
internal import TPParity
internal import TPReports

/// `torchport predict WEIGHTS CLIP`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the class probabilities of a clip.",
    usage: "torchport predict [<options>] <weights> <clip>",
    discussion: guide.discussion)

  @Argument(help: "A checkpoint or a weight file.", completion: .checkpoint)
  var weights: String

  @Argument(
    help: "A clip: .npy, .npz, .pt, .safetensors or .h5, frames, or a video.",
    completion: .file())
  var clip: [String]

  @OptionGroup var frames: FramesOption
  @OptionGroup var instructions: KernelsOption
  @OptionGroup var architecture: NetworkOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("predict") { () throws(PortError) in
      let model = try LoadedModel.open(
        path: weights, architecture: architecture.network(), limits: reading.limits,
        kernels: instructions.kernels)
      let argument = try ClipArgument(clip)
      let clip = try ClipReader(
        extents: model.architecture.input, sampling: frames.sampling, limits: reading.limits
      ).clip(argument.source) { model.architecture.taking($0) != nil }
      let predictions = try Predictor.predict(model, clip)
      let warnings =
        model.warnings + clip.warnings + predictions.compactMap(\.warning)
        + reading.warnings((weights, model.checkpoint)) + reading.warnings(paths: self.clip)
      let report = PredictReport(
        weights: weights, clip: argument.name, architecture: model.architecture.name,
        classes: Predictor.classNames(model),
        predictions: predictions, preparation: clip.preparation, warnings: warnings)
      return Outcome(status: .done, text: report.text, json: report.json, warnings: warnings)
    }
  }
}
