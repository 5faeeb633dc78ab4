internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPReports

/// The command `torchport`.
public enum CommandLineTool {
  private static let readHDF5 = "__hdf5"

  /// Parses the arguments of the process, does what they say, and ends the process with the status.
  public static func run() -> Never {
    // Nobody types this; it is how the command reads HDF5 in a process of its own.
    if CommandLine.arguments.count == 3, CommandLine.arguments[1] == readHDF5 {
      finish(HDF5Child.serve(path: CommandLine.arguments[2]))
    }
    CheckpointFile.hdf5Launcher = HDF5Launcher(
      executable: executablePath(), arguments: [readHDF5])
    UnfinishedFiles.removeOnSignals()
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try TorchPort.parseAsRoot(arguments)
      try command.run()
    } catch let status as ExitCode {
      finish(status.rawValue)
    } catch {
      let status = TorchPort.exitCode(for: error).rawValue
      if status != 0, arguments.contains("--json") {
        let message = TorchPort.message(for: error)
        let name = arguments.first { !$0.hasPrefix("-") } ?? ""
        print(
          Envelope(
            command: name, status: status, error: PortError(.usage, message),
            body: [:]
          ).json.text(.indented))
      }
      let text = TorchPort.fullMessage(for: error)
      if status == 0 { print(text) } else { complain(text) }
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
    discussion: """
      Exit status: 0 done, equal, parity holds; 1 different, parity broken; 2 could not do it; \
      3 could not decide; 64 wrong usage.
      """,
    version: Tool.version,
    subcommands: [
      Inspect.self, Scan.self, Convert.self, Verify.self, Diff.self, Recover.self, Predict.self,
      Evaluate.self, History.self, Audit.self, Bench.self,
    ])
}
