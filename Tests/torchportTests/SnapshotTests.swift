import Foundation
import TestSupport
import Testing

/// The whole text of help and reports is what fixtures/snapshots has.
///
/// A difference is either a mistake or a change that somebody should look at: `make snapshots` writes
/// the texts anew, and `git diff fixtures/snapshots` shows what changed.
@Suite struct SnapshotTests {
  private static let folder = packageRoot.appendingPathComponent("fixtures/snapshots")
  private static let isRecording =
    ProcessInfo.processInfo.environment["TORCHPORT_RECORD_SNAPSHOTS"] == "1"

  /// Compares with a file, or writes it and fails, so that no run that recorded counts as a test.
  private func expect(_ text: String, is name: String) throws {
    let url = Self.folder.appendingPathComponent(name)
    guard Self.isRecording else {
      let recorded = try? String(contentsOf: url, encoding: .utf8)
      #expect(text == recorded, "fixtures/snapshots/\(name) differs; make snapshots writes it anew")
      return
    }
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: true, encoding: .utf8)
    Issue.record("wrote fixtures/snapshots/\(name)")
  }

  @Test(arguments: [""] + HelpTests.commands) func help(command: String) throws {
    let run = try torchport(
      ["help"] + [command].filter { !$0.isEmpty }, environment: ["COLUMNS": "80"])
    try expect(run.output, is: "help/\(command.isEmpty ? "torchport" : command).txt")
  }

  @Test(arguments: Snapshot.all) func report(snapshot: Snapshot) throws {
    let folder = TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("fixtures"),
      withDestinationPath: packageRoot.appendingPathComponent("fixtures").path)
    var text = ""
    for line in snapshot.lines {
      let words = line.split(separator: " ").map(String.init)
      let run = try torchport(
        Array(words.dropFirst()), environment: ["COLUMNS": "80", "GITHUB_ACTIONS": "false"],
        folder: folder.path)
      text += "$ \(line)\n\(run.output)\(run.errors)-> \(run.status)\n"
    }
    try expect(snapshot.masked(text), is: "reports/\(snapshot.name).txt")
  }
}
