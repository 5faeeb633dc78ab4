import Foundation
import TPBytes
import TestSupport

/// A run of the command.
struct Run {
  var status: Int32
  var output: String
  var errors: String

  /// What `--json` printed.
  var json: JSONValue? { try? JSONValue(parsing: output) }
}

/// Runs the built command and waits for it.
func torchport(_ arguments: String..., environment: [String: String] = [:]) throws -> Run {
  try torchport(arguments, environment: environment)
}

/// Runs the built command, or another program, and waits for it.
func torchport(
  _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
  executable: URL = commandURL
) throws -> Run {
  let process = Process()
  if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
  process.executableURL = executable
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = Pipe()
  let errors = Pipe()
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = FileHandle.nullDevice
  try process.run()
  // The other pipe is drained meanwhile: a full one would stop the command for ever.
  let drained = Drained()
  let thread = Thread { drained.set(errors.fileHandleForReading.readDataToEndOfFile()) }
  thread.start()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Run(
    status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
    errors: String(decoding: drained.wait(), as: UTF8.self))
}

/// The command lies beside the bundle that runs the tests.
let commandURL: URL = {
  for argument in [CommandLine.arguments[0]] + CommandLine.arguments {
    let url = URL(fileURLWithPath: argument).deletingLastPathComponent()
      .appendingPathComponent("torchport")
    if FileManager.default.isExecutableFile(atPath: url.path) { return url }
  }
  return packageRoot.appendingPathComponent(".build/release/torchport")
}()

private final class Drained: @unchecked Sendable {
  private let condition = NSCondition()
  private var data: Data?

  func set(_ data: Data) {
    condition.lock()
    self.data = data
    condition.signal()
    condition.unlock()
  }

  func wait() -> Data {
    condition.lock()
    defer { condition.unlock() }
    while data == nil { condition.wait() }
    return data ?? Data()
  }
}
