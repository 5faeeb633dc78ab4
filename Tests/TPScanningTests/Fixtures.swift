import Foundation
import TestSupport
import Testing
import TPBytes

/// A line of fixtures/gallery/expected.json as far as a scan goes.
struct GalleryEntry: Sendable, CustomTestStringConvertible {
  let file: String
  let verdicts: [String]
  let globals: [String]

  var path: String { fixture("gallery/files/" + file) }
  var testDescription: String { file }

  static let all: [GalleryEntry] = {
    guard let data = FileManager.default.contents(atPath: fixture("gallery/expected.json")),
      let entries = try? JSONValue(parsing: String(decoding: data, as: UTF8.self)).array
    else { return [] }
    return entries.compactMap { entry in
      guard let file = entry["file"]?.string, let scan = entry["scan"] else { return nil }
      let verdict = scan["verdict"]
      return GalleryEntry(
        file: file,
        verdicts: verdict?.string.map { [$0] } ?? verdict?.array?.compactMap(\.string) ?? [],
        globals: scan["globals"]?.array?.compactMap(\.string) ?? [])
    }
  }()
}
