import Foundation
import TestSupport
import Testing

/// A page of the documents, in the parts that can be held against something.
struct DocumentPage: Sendable, CustomTestStringConvertible {
  /// Text between two fences.
  struct Block: Sendable {
    var language: String
    /// The number of the first line inside, from 0.
    var start: Int
    var lines: [String]
  }

  /// A line `$ command` of a `console` block, and what follows it.
  struct Example: Sendable {
    var command: String
    var output: String
  }

  /// From the root of the package on.
  var path: String
  var lines: [String]

  init(path: String) throws {
    self.path = path
    let url = packageRoot.appendingPathComponent(path)
    lines = try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n")
  }

  var testDescription: String { path }

  /// The pages that a reader is led to.
  static func all() throws -> [DocumentPage] {
    let root = packageRoot.path
    var paths = ["README.md"]
    for folder in ["docs", ".github"] {
      let files = FileManager.default.enumerator(atPath: root + "/" + folder)
      while let name = files?.nextObject() as? String {
        // The pages of a catalogue have DocC's syntax, and `make docs` holds them.
        if name.hasSuffix(".md"), !name.contains(".docc/") { paths.append(folder + "/" + name) }
      }
    }
    return try paths.sorted().map(DocumentPage.init)
  }

  var blocks: [Block] {
    var found: [Block] = []
    var open: Block?
    for (number, line) in lines.enumerated() {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if trimmed.hasPrefix("```") {
        if let block = open {
          found.append(block)
          open = nil
        } else {
          open = Block(language: String(trimmed.dropFirst(3)), start: number + 1, lines: [])
        }
      } else {
        open?.lines.append(line)
      }
    }
    return found
  }

  /// The commands of all `console` blocks, in order: they are one session in one folder.
  var examples: [Example] {
    var found: [Example] = []
    for block in blocks where block.language == "console" {
      for line in block.lines {
        if line.hasPrefix("$ ") {
          found.append(Example(command: String(line.dropFirst(2)), output: ""))
        } else if !found.isEmpty {
          found[found.count - 1].output += line + "\n"
        }
      }
    }
    return found
  }

  /// The page with these texts in place of the outputs that it shows.
  func showing(_ outputs: [String]) -> String {
    var rest = outputs[...]
    var made: [String] = []
    var inside = false
    for line in lines {
      if line.hasPrefix("```") {
        inside = line == "```console"
        made.append(line)
      } else if !inside {
        made.append(line)
      } else if line.hasPrefix("$ ") {
        made.append(line)
        var shown = (rest.popFirst() ?? "").components(separatedBy: "\n")
        if shown.last == "" { shown.removeLast() }
        made += shown
      }
    }
    return made.joined(separator: "\n")
  }

  /// The lines outside of fences.
  var prose: [String] {
    var inside = false
    return lines.filter { line in
      let isFence = line.trimmingCharacters(in: .whitespaces).hasPrefix("```")
      if isFence { inside.toggle() }
      return !inside && !isFence
    }
  }

  /// Everything that stands between backticks in the prose.
  var inlineCode: [String] {
    prose.flatMap { line in
      line.matches(of: /`([^`]+)`/).map { String($0.1).replacing("\\|", with: "|") }
    }
  }

  /// The names by which a link reaches a heading, as GitHub makes them.
  var anchors: Set<String> {
    var found: Set<String> = []
    for line in prose {
      guard let match = line.firstMatch(of: /^#{1,6} (.+)$/) else { continue }
      var name = ""
      for scalar in match.1.lowercased().unicodeScalars {
        if scalar == " " {
          name += "-"
        } else if scalar == "-" || scalar == "_" || scalar.properties.isAlphabetic
          || scalar.properties.numericType != nil
        {
          name.unicodeScalars.append(scalar)
        }
      }
      var number = 1
      var unique = name
      while !found.insert(unique).inserted {
        unique = "\(name)-\(number)"
        number += 1
      }
    }
    return found
  }

  /// Where its links lead, images included.
  var links: [String] {
    prose.flatMap { line in
      line.replacing(/`[^`]*`/, with: "code").matches(of: /\]\(([^)\s]+)[^)]*\)/).map {
        String($0.1)
      }
    }
  }
}
