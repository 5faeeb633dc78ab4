import Foundation
import TPBytes
import TestSupport
import Testing

/// `--version`
@Suite struct VersionTests {
  /// The version that the sources state.
  private static func stated() throws -> String {
    let source = try String(
      contentsOf: packageRoot.appending(path: "Sources/TPReports/Tool.swift"), encoding: .utf8)
    return String(try #require(source.firstMatch(of: /version = "([^"]+)"/)).1)
  }

  @Test func tellsWhatABugReportNeeds() throws {
    let run = try torchport("--version")
    #expect(run.status == 0)
    let lines = run.output.components(separatedBy: "\n")
    try #require(lines.count == 5)
    #expect(lines[0] == "torchport " + (try Self.stated()))
    #expect(
      try #/  build      Swift \d+\.\d+, (release|debug), \S+ \S+/#.wholeMatch(in: lines[1]) != nil)
    let libraries =
      #/  libraries  libzip [\d.]+, libhdf5 [\d.]+, libdeflate [\d.]+, libyaml [\d.]+/#
    #expect(try libraries.wholeMatch(in: lines[2]) != nil, "\(lines[2])")
    #expect(try #/  kernels    \w+( \(.* too\))?/#.wholeMatch(in: lines[3]) != nil)
  }

  @Test func isJSONToo() throws {
    let run = try torchport("--version", "--json")
    let json = try #require(run.json)
    #expect(try JSONSchema.documented().findings(json, file: "version.json") == [])
    #expect(json["tool"]?["version"]?.string == (try Self.stated()))
    // The kernels are those that a run says it used.
    let kernels = json["kernels"]?["taken"]?.string ?? ""
    #expect(
      try torchport(
        "predict", fixture("run/best_lightweight_model.pth"), fixture("clips/uint8.npy"),
        "--kernels", kernels
      ).status == 0)
  }

  /// A package of another version than its changelog's latest release was tagged too soon.
  @Test func theChangelogKnowsIt() throws {
    let changelog = try String(
      contentsOf: packageRoot.appending(path: "CHANGELOG.md"), encoding: .utf8)
    let version = try Self.stated()
    #expect(changelog.contains("[\(version)]") || changelog.contains("[Unreleased]"))
  }
}
