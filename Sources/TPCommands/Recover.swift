internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPReports

/// `torchport recover FILE -o OUT`
struct Recover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write every tensor of a damaged checkpoint that can be shown to be there.",
    usage: "torchport recover [<options>] --output <file> <file>",
    discussion: guide.discussion)

  @Argument(help: "A damaged checkpoint that torch.save wrote.", completion: .checkpoint)
  var file: String

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "What is written: \(WeightFormat.endings), by the extension.", valueName: "file"),
    completion: .file())
  var output: String

  @Flag(help: .force)
  var force = false

  @OptionGroup var settings: LimitsOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try printing.report("recover") { () throws(PortError) in
      let format = try WeightFormat(outputPath: output)
      let result = try CheckpointFile.recover(
        path: file, format: format, to: output, replacing: force, limits: settings.limits)
      return Outcome(
        status: result.isWhole ? .done : .different, text: result.text(file: file),
        json: result.json(file: file))
    }
  }
}
