extension Mark {
  /// The sign: a tick, a cross, a question or a dash.
  var glyph: Node {
    let path =
      switch self {
      case .good: "M2 8.5 6 12.5 14 3.5"
      case .bad: "M3 3 13 13M13 3 3 13"
      case .doubt: "M5 5.2C5 1.2 11 1.6 11 5.2 11 7.8 8 7.6 8 10.4M8 13V14.4"
      case .plain: "M3 8H13"
      }
    return element(
      .svg, Attribute("viewBox", "0 0 16 16"), Attribute("aria-hidden", "true"),
      Attribute("focusable", "false")
    ) {
      element(
        .path, Attribute("d", path), Attribute("fill", "none"),
        Attribute("stroke", "currentColor"), Attribute("stroke-width", "2.4"))
    }
  }

  /// The sign with a word.
  func node(_ word: String) -> Node {
    element(.span, .class("mark \(rawValue)")) {
      glyph
      word
    }
  }
}

/// Terms with what is known of each.
func factList(_ facts: [(term: String, value: [Node])], isBig: Bool = false) -> Node {
  element(.dl, .class("facts")) {
    for fact in facts {
      element(.div) {
        element(.dt, text: fact.term)
        Node.element(
          .dd, isBig ? [.class("big")] : [],
          fact.value.flatMap { node -> [Node] in
            if case .text(let text) = node { return unbroken(text) }
            return [node]
          })
      }
    }
  }
}

/// A text whose numbers stay whole where there is little room: a browser would break `7e-05` behind its
/// hyphen.
package func unbroken(_ text: String) -> [Node] {
  var nodes: [Node] = []
  var plain = ""
  for (place, word) in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
    if place > 0 { plain += " " }
    guard word.contains("-"), word.contains(where: \.isNumber), word.utf8.count <= 24 else {
      plain += word
      continue
    }
    if !plain.isEmpty { nodes.append(.text(plain)) }
    plain = ""
    nodes.append(element(.span, .class("whole"), text: String(word)))
  }
  if !plain.isEmpty { nodes.append(.text(plain)) }
  return nodes
}

/// Sentences that stand out, each with how it stands.
func callouts(_ list: [(mark: Mark, content: [Node])]) -> [Node] {
  if list.isEmpty { return [] }
  return [
    element(.ul, .class("notes")) {
      for note in list {
        Node.element(.li, [.class(note.mark.rawValue)], note.content)
      }
    }
  ]
}

/// Sentences of which at most `limit` are shown.
func warningCallouts(_ warnings: [String], limit: Int = 20) -> [Node] {
  var list: [(mark: Mark, content: [Node])] = warnings.prefix(limit).map {
    (.doubt, [.text("Warning: \($0)")])
  }
  if warnings.count > limit {
    list.append((.doubt, [.text("and \(counted(warnings.count - limit, "more warning"))")]))
  }
  return callouts(list)
}

/// A paragraph.
func paragraph(_ text: String, _ style: String? = nil) -> Node {
  .element(.p, style.map { [.class($0)] } ?? [], [.text(text)])
}

/// A text with a capital letter in front and a full stop behind: clauses of reports as sentences.
func sentence(_ clause: String) -> String {
  guard let first = clause.first else { return "" }
  let isWord = clause.prefix { $0 != " " }.allSatisfy { $0.isLowercase && $0.isASCII }
  let text = isWord ? first.uppercased() + clause.dropFirst() : clause
  return text.hasSuffix(".") ? text : text + "."
}

/// Drawings beside each other where there is room.
func charts(_ drawings: [Node]) -> Node {
  .element(.div, [.class("charts")], drawings)
}

/// What is folded away until it is asked for.
func folded(_ title: String, @Pieces content: () -> [Node]) -> Node {
  element(.details) {
    element(.summary, text: title)
    content()
  }
}

/// A file of a folder by its way from there: the page names the folder once.
func inside(_ folder: String, _ path: String) -> String {
  let start = folder.hasSuffix("/") ? folder : folder + "/"
  guard path.utf8.count > start.utf8.count, path.utf8.starts(with: start.utf8) else { return path }
  return String(decoding: path.utf8.dropFirst(start.utf8.count), as: UTF8.self)
}
