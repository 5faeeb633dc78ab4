internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPComparison
internal import TPReports

/// `torchport diff A B`
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what separates two checkpoints, tensor by tensor.",
    discussion: """
      The two may have different formats: a checkpoint and the weight file made from it are \
      identical. Exit status 0 means identical, 1 different, 3 that no tensor could be compared.

      Example:
        torchport diff checkpoint_epoch_5.pth best.pth
        torchport diff best.pth model.h5
      """)

  @Argument(help: "The checkpoint to compare from.")
  var a: String

  @Argument(help: "The checkpoint to compare with it.")
  var b: String

  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("diff") { () throws(PortError) in
      let left = try CheckpointFile.open(path: a, limits: reading.limits)
      let right = try CheckpointFile.open(path: b, limits: reading.limits)
      let difference = try CheckpointDifference(left, right, files: (a, b))
      let report = DiffReport(a: a, b: b, difference: difference)
      let status: Status =
        difference.comparedAny ? (difference.isIdentical ? .done : .different) : .undecided
      return Outcome(
        status: status, text: report.text, json: report.json,
        warnings: reading.warnings((a, left), (b, right)))
    }
  }
}
