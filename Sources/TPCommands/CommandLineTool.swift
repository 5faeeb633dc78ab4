internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPReports

/// The command `torchport`.
public enum CommandLineTool {
  private static let readHDF5 = "__hdf5"
  private static let writeManual = "__manual"

  /// Parses the arguments of the process, does what they say, and ends the process with the status.
  public static func run() -> Never {
    // Swift reads them from /proc; where that is not mounted, nothing asked for would be done, and the
    // status of the help that is printed instead would be 0.
    guard !CommandLine.arguments.isEmpty else {
      complain("\(Tool.name): cannot see its arguments; mount /proc, or the process was given none")
      finish(Status.failed.rawValue)
    }
    // Nobody types this; it is how the command reads HDF5 in a process of its own.
    if CommandLine.arguments.count == 3, CommandLine.arguments[1] == readHDF5 {
      finish(HDF5Child.serve(path: CommandLine.arguments[2]))
    }
    CheckpointFile.hdf5Launcher = HDF5Launcher(
      executable: executablePath(), arguments: [readHDF5])
    UnfinishedFiles.removeOnSignals()
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      // Nor this: it is how `make install` gets the manual pages.
      if arguments.count == 2, arguments[0] == writeManual {
        try Manual.write(into: arguments[1])
        finish(0)
      }
      try CommandWords.check(arguments)
      var command = try TorchPort.parseAsRoot(arguments)
      try command.run()
    } catch let status as ExitCode {
      finish(status.rawValue)
    } catch let error as PortError {
      complain(sentence: error.description)
      finish(Status(error).rawValue)
    } catch {
      let status = TorchPort.exitCode(for: error).rawValue
      if status != 0, arguments.contains("--json") {
        let message = TorchPort.message(for: error)
        let name = arguments.first { !$0.hasPrefix("-") } ?? ""
        emit(
          Envelope(command: name, status: status, error: PortError(.usage, message))
            .json.text(.indented) + "\n")
      }
      if status == 0, TorchPort.message(for: error) == Tool.version {
        let report = VersionReport.ofThisBuild
        emit(
          arguments.contains("--json")
            ? Envelope(command: "version", status: 0, body: report.json).json.text(.indented) + "\n"
            : report.text)
        finish(0)
      }
      let text = TorchPort.fullMessage(for: error)
      if status == 0 { emit(text + "\n") } else { complain(text) }
      finish(status)
    }
    finish(0)
  }
}

/// The root of the command line.
struct TorchPort: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Tool.name,
    abstract:
      "Open, convert, compare and verify PyTorch checkpoints; nothing in a file is executed.",
    discussion: guide.discussion,
    version: Tool.version,
    subcommands: [
      Inspect.self, Scan.self, Convert.self, Verify.self, Diff.self, Recover.self, Predict.self,
      Evaluate.self, History.self, Audit.self, Bench.self,
    ])

  /// One voice for everything that goes wrong.
  static var _errorPrefix: String { "\(Tool.name): " }
}
