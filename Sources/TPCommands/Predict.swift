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
    help: "A clip, or several: .npy, .npz, .pt, .safetensors or .h5.", completion: .arrays)
  var clip: String

  @OptionGroup var instructions: KernelsOption
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("predict") { () throws(PortError) in
      let model = try LoadedModel.open(
        path: weights, architecture: architecture.network(), limits: reading.limits,
        kernels: instructions.kernels)
      let frames = try ClipFile.open(path: clip, extents: model.architecture.input) {
        model.architecture.taking($0) != nil
      }
      let predictions = try Predictor.predict(model, frames)
      let warnings =
        model.warnings + frames.warnings + predictions.compactMap(\.warning)
        + reading.warnings((weights, model.checkpoint))
      let report = PredictReport(
        weights: weights, clip: clip, architecture: model.architecture.name,
        classes: Predictor.classNames(model),
        predictions: predictions, warnings: warnings)
      return Outcome(status: .done, text: report.text, json: report.json, warnings: warnings)
    }
  }
}
