import Foundation
import TPBytes
import TestSupport
import Testing

/// docs/house.json says which module may import which; the sources are held against it.
@Suite struct HouseTests {
  private static let system: Set<String> = [
    "Glibc", "Musl", "Darwin", "Dispatch", "Synchronization", "ArgumentParser", "CryptoKit",
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
      for file in House.swiftFiles(in: sources.appendingPathComponent(module)) {
        files += 1
        for name in House.imports(of: try String(contentsOf: file, encoding: .utf8)) {
          #expect(
            allowed.contains(name) || Self.system.contains(name),
            "\(file.lastPathComponent) of \(module) imports \(name)")
        }
      }
    }
    #expect(files > 50)
  }

  @Test func onlyOneModuleSeesEachForeignLibrary() throws {
    let homes = ["ArgumentParser": "TPCommands", "CryptoKit": "TPCheckpoints"]
    let sources = packageRoot.appendingPathComponent("Sources")
    for module in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
      for file in House.swiftFiles(in: sources.appendingPathComponent(module)) {
        for name in House.imports(of: try String(contentsOf: file, encoding: .utf8)) {
          if let home = homes[name] { #expect(home == module, "\(file.path) imports \(name)") }
        }
      }
    }
  }

  /// No input may end the process: nothing is forced, and no file grows until nobody reads it.
  @Test func nothingIsForcedAndFilesAreShort() throws {
    let sources = packageRoot.appendingPathComponent("Sources")
    for module in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
      for file in House.swiftFiles(in: sources.appendingPathComponent(module)) {
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        #expect(lines.count <= 401, "\(file.path) has \(lines.count - 1) lines")
        for (index, line) in lines.enumerated() {
          let code = line.prefix { $0 != "/" && $0 != "\"" }
          #expect(
            !code.contains(/\btry!|\bas!|\bfatalError\(|[\w\)\]]!(?!=)/),
            "\(file.path):\(index + 1): \(line)")
        }
      }
    }
  }

  /// The floors that docs/architecture.md gives, and its picture, are what the imports say. With
  /// `TORCHPORT_RECORD_DOCUMENTS=1` in the environment the picture is drawn anew.
  @Test func pageAndPictureAreWhatTheImportsSay() throws {
    let house = try House()
    let page = try DocumentPage(path: "docs/architecture.md")
    var told: [String: Int] = [:]
    for line in page.lines {
      guard let row = line.firstMatch(of: /^\| (\d+) \| ([^|]+) \|/) else { continue }
      for name in row.2.matches(of: /`(\w+)`/) { told[String(name.1)] = Int(row.1) }
    }
    let floors = house.imports.keys.map { ($0, house.floor($0)) }
    #expect(told == Dictionary(uniqueKeysWithValues: floors))
    let file = packageRoot.appendingPathComponent("docs/images/house.svg")
    let drawn = HousePicture(house).svg
    if ProcessInfo.processInfo.environment["TORCHPORT_RECORD_DOCUMENTS"] == "1" {
      try drawn.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == drawn)
    #expect(page.links.contains("images/house.svg"))
  }
}
