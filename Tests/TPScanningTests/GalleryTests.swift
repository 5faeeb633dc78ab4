import TPBytes
import TPCheckpoints
import TPScanning
import Testing

/// Every file of the gallery, held against what it must be called.
@Suite struct GalleryTests {
  @Test func theGalleryIsThere() {
    #expect(GalleryEntry.all.count > 500)
  }

  @Test(arguments: GalleryEntry.all)
  func verdict(entry: GalleryEntry) {
    let report = Scanner.scan(path: entry.path)
    let findings = report.findings.map { "\($0.severity) \($0.rule.rawValue): \($0.message)" }
    if entry.opens, isNotReadYet(entry.path) {
      // A benign file that no reader takes cannot be called clean; it is never called dangerous.
      #expect(report.verdict != .clean)
      #expect(report.verdict != .dangerous || entry.verdicts.contains("dangerous"))
    } else {
      #expect(
        entry.verdicts.contains(report.verdict.rawValue),
        "\(report.verdict) instead of \(entry.verdicts): \(findings)")
    }
    let names = Set(report.globals.map(\.fullName))
    for global in entry.globals {
      #expect(names.contains(global), "\(global) is not among \(names.sorted())")
    }
  }

  private func isNotReadYet(_ path: String) -> Bool {
    do throws(PortError) {
      _ = try CheckpointFile.open(path: path)
      return false
    } catch {
      return error.kind == .unsupported
    }
  }
}
