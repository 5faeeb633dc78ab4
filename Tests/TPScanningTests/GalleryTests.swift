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
    #expect(
      entry.verdicts.contains(report.verdict.rawValue),
      "\(report.verdict) instead of \(entry.verdicts): \(findings)")
    let names = Set(report.globals.map(\.fullName))
    for global in entry.globals {
      #expect(names.contains(global), "\(global) is not among \(names.sorted())")
    }
  }
}
