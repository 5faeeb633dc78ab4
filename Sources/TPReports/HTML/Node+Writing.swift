internal import TPBytes

extension Node {
  /// The markup: HTML that is well-formed XML, too.
  package var markup: String {
    var bytes: [UInt8] = []
    write(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  func write(to bytes: inout [UInt8]) {
    switch self {
    case .text(let text): bytes.append(contentsOf: escapedMarkup(text).utf8)
    case .pieces(let nodes): for node in nodes { node.write(to: &bytes) }
    case .constant(let tag, let content):
      bytes.append(contentsOf: "\n<\(tag.rawValue)>\(content)</\(tag.rawValue)>".utf8)
    case .element(let tag, let attributes, let content):
      if tag.isBlock { bytes.append(UInt8(ascii: "\n")) }
      bytes.append(contentsOf: "<\(tag.rawValue)".utf8)
      for attribute in attributes {
        bytes.append(
          contentsOf: " \(attribute.name)=\"\(escapedMarkup(attribute.value))\"".utf8)
      }
      guard !tag.isVoid else {
        bytes.append(contentsOf: " />".utf8)
        return
      }
      bytes.append(UInt8(ascii: ">"))
      for node in content { node.write(to: &bytes) }
      bytes.append(contentsOf: "</\(tag.rawValue)>".utf8)
    }
  }
}

/// The most characters of one text on a page.
private let longestText = 2000

/// A text that can become nothing but text: what controls, hides or reorders characters is made
/// visible as `\u{...}`, and what is markup is escaped.
package func escapedMarkup(_ text: String) -> String {
  var result = ""
  for scalar in printable(text, limit: longestText).unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    default:
      if isHidden(scalar.value) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
  return result
}

/// What `printable` leaves as it is, because a terminal shows it, and a page or XML does not: marks of
/// direction, annotations, tags, and what is no character.
private func isHidden(_ value: UInt32) -> Bool {
  switch value {
  case 0x061C, 0x180E, 0xFFF9...0xFFFC, 0xE0000...0xE0FFF, 0xFDD0...0xFDEF: true
  default: value & 0xFFFE == 0xFFFE
  }
}

/// A text of a file without its middle where it is longer than `limit` characters: names that differ
/// at their ends stay different.
func abridged(_ text: String, limit: Int = 120) -> String {
  // A cut by scalars costs no more than what is kept.
  let scalars = text.unicodeScalars
  guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
    end != scalars.endIndex
  else { return text }
  let head = scalars.prefix(limit * 2 / 3)
  let tail = scalars.suffix(limit / 3 - 1)
  return String(String.UnicodeScalarView(head)) + "…" + String(String.UnicodeScalarView(tail))
}

/// A name out of a file: its own direction, and the face of code. A short one stays on its line.
func named(_ text: String, limit: Int = 120) -> Node {
  let isShort = text.utf8.count <= 24
  return .element(
    .bdi, [.class(isShort ? "name short" : "name")], [.text(abridged(text, limit: limit))])
}
