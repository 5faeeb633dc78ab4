internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPReports

/// `torchport recover FILE -o OUT`
struct Recover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write every tensor of a damaged checkpoint that can be shown to be there.",
    discussion: """
      For a download that broke off or a file with damaged records. No byte is made up, and a tensor \
      that a checksum contradicts is not written. Where no checksum is left the tensor is written and \
      listed as unverified. Exit status 0 means every tensor was written, 1 some, 2 none.

      Example:
        torchport recover broken.pth -o saved.safetensors
      """)

  @Argument(help: "A damaged checkpoint that torch.save wrote.")
  var file: String

  @Option(name: [.short, .long], help: "What is written: .safetensors, .h5, .pth or .npz.")
  var output: String

  @Flag(help: "Replace the output where it exists.")
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
