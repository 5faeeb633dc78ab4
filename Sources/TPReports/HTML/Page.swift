internal import TPBytes
internal import TPCheckpoints

/// How something stands: told by a word and a sign, the colour only repeats it.
package enum Mark: String, Sendable {
  case good, bad, doubt, plain
}

/// One self-contained file: nothing is loaded from elsewhere, and a policy in the file says so.
package struct Page: Sendable {
  /// A part of the page with its own heading.
  struct Section: Sendable {
    var id: String
    var title: String
    var content: [Node]
  }

  /// The command that made it.
  let command: String
  /// What the window and the file are called.
  let title: String
  /// How the whole stands.
  let mark: Mark
  /// The one thing to know, as a heading.
  let headline: String
  /// What stands below the headline, before the first section.
  var summary: [Node] = []
  private var sections: [Section] = []
  private var names = 0

  /// How many bytes of sections a page takes before it says that the rest is left out.
  private static let mostBytes = 6_000_000
  private var size = 0
  private var leftOut = 0

  init(command: String, title: String, mark: Mark, headline: String) {
    self.command = command
    self.title = title
    self.mark = mark
    self.headline = headline
  }

  /// A name for an element that no other has.
  mutating func name(_ stem: StaticString) -> String {
    names += 1
    return "\(stem)-\(names)"
  }

  /// Adds a part, unless the page would become too large.
  mutating func add(_ title: String, @Pieces content: () -> [Node]) {
    let nodes = content()
    guard !nodes.isEmpty else { return }
    var bytes: [UInt8] = []
    for node in nodes { node.write(to: &bytes) }
    guard size + bytes.count <= Page.mostBytes else {
      leftOut += 1
      return
    }
    size += bytes.count
    sections.append(Section(id: name("part"), title: title, content: nodes))
  }

  /// The file.
  package var html: String {
    "<!DOCTYPE html>"
      + element(.html, Attribute("lang", "en")) {
        head
        body
      }.markup + "\n"
  }

  private var head: Node {
    element(.head) {
      element(.meta, Attribute("charset", "utf-8"))
      element(
        .meta, Attribute("http-equiv", "Content-Security-Policy"),
        Attribute("content", Page.policy))
      element(
        .meta, Attribute("name", "viewport"),
        Attribute("content", "width=device-width, initial-scale=1"))
      element(.meta, Attribute("name", "color-scheme"), Attribute("content", "light dark"))
      element(.meta, Attribute("name", "generator"), Attribute("content", Page.generator))
      element(.title, text: abridged(title, limit: 200))
      Node.constant(.style, PageStyle.text)
    }
  }

  private var body: Node {
    element(.body) {
      element(.a, .class("skip"), Attribute("href", "#main"), text: "Skip to the report")
      element(.header) { "\(Tool.name) \(command)" }
      element(.main, .id("main"), Attribute("tabindex", "-1")) {
        element(.h1, .class("mark \(mark.rawValue)")) {
          if mark != .plain { mark.glyph }
          unbroken(headline)
        }
        summary
        if sections.count > 2 { contents }
        for section in sections { node(section) }
        if leftOut > 0 {
          element(.p) {
            "\(counted(leftOut, "part")) more would make this page too large; "
            "the output of --json has everything."
          }
        }
      }
      element(.footer) {
        element(.p) {
          "Made by \(Page.generator). The output of "
          element(.code, text: "\(Tool.name) \(command) --json")
          " has every figure with all of its digits."
        }
      }
      Node.constant(.script, PageScript.text)
    }
  }

  private var contents: Node {
    element(.nav, Attribute("aria-label", "Contents")) {
      element(.ul) {
        for section in sections.prefix(40) {
          element(.li) {
            element(.a, Attribute("href", "#" + section.id), text: section.title)
          }
        }
      }
    }
  }

  private func node(_ section: Section) -> Node {
    element(.section, .id(section.id), Attribute("aria-labelledby", section.id + "-title")) {
      element(.h2, .id(section.id + "-title"), text: section.title)
      section.content
    }
  }

  private static let generator = "\(Tool.name) \(Tool.version)"

  /// Nothing from anywhere, and of what is in the file only the style and the script of ours.
  package static let policy =
    "default-src 'none'; style-src 'sha256-\(digest(PageStyle.text))'; script-src"
    + " 'sha256-\(digest(PageScript.text))'; base-uri 'none'; form-action 'none'"

  private static func digest(_ text: StaticString) -> String {
    var digest = RunningDigest()
    digest.update(utf8: "\(text)")
    return base64(digest.bytes)
  }
}

/// RFC 4648, with padding.
package func base64(_ bytes: [UInt8]) -> String {
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    var word = group.reduce(0) { $0 << 8 | Int($1) }
    word <<= 8 * (3 - group.count)
    for place in 0..<4 {
      let isPadding = place > group.count
      text.append(isPadding ? UInt8(ascii: "=") : letters[word >> (18 - 6 * place) & 63])
    }
  }
  return String(decoding: text, as: UTF8.self)
}
