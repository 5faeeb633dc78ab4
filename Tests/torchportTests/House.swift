import Foundation
import TestSupport

/// The modules of Sources/ and what each really imports of the others.
struct House {
  /// Module -> modules of ours that a file of it imports.
  let imports: [String: Set<String>]

  init() throws {
    let sources = packageRoot.appendingPathComponent("Sources")
    let modules = try FileManager.default.contentsOfDirectory(atPath: sources.path)
    var imports: [String: Set<String>] = [:]
    for module in modules {
      var found: Set<String> = []
      for file in Self.swiftFiles(in: sources.appendingPathComponent(module)) {
        found.formUnion(Self.imports(of: try String(contentsOf: file, encoding: .utf8)))
      }
      imports[module] = found.intersection(modules)
    }
    self.imports = imports
  }

  /// How many modules lie below it, one on top of the other.
  func floor(_ module: String) -> Int {
    (imports[module] ?? []).map { floor($0) + 1 }.max() ?? 0
  }

  /// Everything that it brings along, itself included.
  func reach(_ module: String) -> Set<String> {
    (imports[module] ?? []).reduce(into: [module]) { $0.formUnion(reach($1)) }
  }

  /// What it imports and no other module that it imports brings along.
  func direct(_ module: String) -> [String] {
    let all = imports[module] ?? []
    return all.filter { one in !all.contains { $0 != one && reach($0).contains(one) } }.sorted()
  }

  static func swiftFiles(in folder: URL) -> [URL] {
    (FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
  }

  static func imports(of source: String) -> [String] {
    source.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1 else {
        return nil
      }
      return words[place + 1]
    }
  }
}
