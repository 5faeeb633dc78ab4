internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPConversion
internal import TPModels
internal import TPReports

/// `torchport convert FILE -o OUT`
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a checkpoint's weights as HDF5 or as a native safetensors file.",
    discussion: """
      Every bit of every tensor is kept unless asked otherwise, and the same input gives the same bytes. The output appears \
      whole or not at all.

      Example:
        torchport convert best.pth -o model.h5
        torchport convert best.pth -o model.safetensors --force
        torchport convert other.pth -o other.h5 --architecture none
        torchport convert other.pth -o other.h5 --map names.json --dry-run
        torchport convert best.pth -o small.safetensors --dtype int8 --fold-batch-norm
      """)

  @Argument(help: "A PyTorch checkpoint, or any file of weights that torchport reads.")
  var file: String

  @Option(name: [.short, .long], help: "The weight file: .h5 or .safetensors.")
  var output: String

  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var hdf5: HDF5Options
  @OptionGroup var mapping: MapOption
  @OptionGroup var precision: PrecisionOptions

  @Flag(help: "Replace the output where it exists.")
  var force = false

  @Flag(help: "Print what would be written, and write nothing.")
  var dryRun = false

  @OptionGroup var reading: ReadingOptions
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try printing.report("convert") { () throws(PortError) in
      let format = try WeightFormat(outputPath: output)
      var job = ConversionJob(
        input: file, output: output, format: format, options: try options(format))
      job.replacing = force
      job.isDryRun = dryRun
      let report = try job.run(limits: reading.limits)
      return Outcome(
        status: .done, text: report.text(file: file), json: report.json(file: file),
        warnings: report.plan.warnings)
    }
  }

  /// What happens to the tensors; each group of options adds what is its own.
  private func options(_ format: WeightFormat) throws(PortError) -> ConversionOptions {
    var options = ConversionOptions(architecture: try architecture.choice())
    try hdf5.apply(to: &options, format)
    try mapping.apply(to: &options)
    try precision.apply(to: &options)
    return options
  }
}
