import Foundation
import TPBytes
import TestSupport
import Testing

/// docs/house.json says which module may import which; the sources are held against it.
@Suite struct HouseTests {
  private static let system: Set<String> = [
    "Glibc", "Musl", "Darwin", "Dispatch", "Synchronization", "ArgumentParser", "Crypto",
    "Yams",
  ]

  @Test func importsStayWithinTheHouse() throws {
    let text = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/house.json"), encoding: .utf8)
    let house = try JSONValue(parsing: text)
    let sources = packageRoot.appendingPathComponent("Sources")
    var files = 0
    for module in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
      let allowed = Set((house[module]?.array ?? []).compactMap(\.string))
      #expect(house[module] != nil, "\(module) is not in docs/house.json")
      for file in swiftFiles(in: sources.appendingPathComponent(module)) {
        files += 1
        for name in imports(of: try String(contentsOf: file, encoding: .utf8)) {
          #expect(
            allowed.contains(name) || Self.system.contains(name),
            "\(file.lastPathComponent) of \(module) imports \(name)")
        }
      }
    }
    #expect(files > 50)
  }

  @Test func onlyOneModuleSeesEachForeignLibrary() throws {
    let homes = [
      "ArgumentParser": "TPCommands", "Crypto": "TPCheckpoints", "Yams": "TPCommands",
    ]
    let sources = packageRoot.appendingPathComponent("Sources")
    for module in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
      for file in swiftFiles(in: sources.appendingPathComponent(module)) {
        for name in imports(of: try String(contentsOf: file, encoding: .utf8)) {
          if let home = homes[name] { #expect(home == module, "\(file.path) imports \(name)") }
        }
      }
    }
  }

  private func swiftFiles(in folder: URL) -> [URL] {
    (FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
  }

  private func imports(of source: String) -> [String] {
    source.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1 else {
        return nil
      }
      return words[place + 1]
    }
  }
}
