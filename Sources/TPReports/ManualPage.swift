/// A page for man(1), in the macros of man(7) with the .EX of groff and mandoc.
public struct ManualPage: Sendable {
  /// An entry of a list: what is typed, and what it does.
  public struct Item: Sendable {
    /// What is typed.
    public var label: String
    /// What it does.
    public var paragraphs: [String]

    /// An entry; empty paragraphs are left out.
    public init(_ label: String, _ paragraphs: [String]) {
      self.label = label
      self.paragraphs = paragraphs.filter { !$0.isEmpty }
    }
  }

  /// As `torchport-convert`; the file is named so, with `.1`.
  public var name: String
  /// One line.
  public var summary: String
  /// How it is called, without the name of the command.
  public var synopsis: String
  /// Paragraphs.
  public var description: [String] = []
  /// Words in fixed places.
  public var arguments: [Item] = []
  /// Words that begin with dashes.
  public var options: [Item] = []
  /// Words that have a page of their own.
  public var commands: [Item] = []
  /// Exit statuses and what they mean.
  public var exits: [Item] = []
  /// What is asked, and the line that answers it.
  public var examples: [Item] = []
  /// Variables that are looked at.
  public var environment: [Item] = []
  /// Other pages of section 1.
  public var seeAlso: [String] = []

  /// A page to be filled.
  public init(name: String, summary: String, synopsis: String) {
    self.name = name
    self.summary = summary
    self.synopsis = synopsis
  }

  /// The command as it is typed: `torchport convert`.
  private var typed: String { name.split(separator: "-").joined(separator: " ") }

  /// The source of the page. It has no date, so that the same version gives the same bytes.
  public var source: String {
    let title = Self.escaped(name.uppercased())
    var text = ".TH \(title) 1 \"\" \"TorchPort \(Tool.version)\" \"TorchPort\"\n"
    // Words are left whole: a hyphen at the end of a line may belong to an option.
    text += ".nh\n.ad l\n"
    text += ".SH NAME\n\(Self.escaped(name)) \\- \(Self.escaped(summary))\n"
    text += ".SH SYNOPSIS\n\\fB\(Self.escaped(typed))\\fR \(Self.escaped(synopsis))\n"
    if !description.isEmpty {
      text += ".SH DESCRIPTION\n" + description.map(Self.filled).joined(separator: ".PP\n")
    }
    for (heading, items) in [
      ("COMMANDS", commands), ("ARGUMENTS", arguments), ("OPTIONS", options),
      ("ENVIRONMENT", environment), ("EXIT STATUS", exits),
    ] where !items.isEmpty {
      text += ".SH \(heading)\n" + items.map(Self.item).joined()
    }
    if !examples.isEmpty {
      text += ".SH EXAMPLES\n"
      text += examples.map { example in
        let lines = example.paragraphs.map { Self.line(Self.escaped($0)) }.joined()
        return Self.filled(example.label) + ".RS 4\n.EX\n" + lines + ".EE\n.RE\n"
      }.joined(separator: ".PP\n")
    }
    if !seeAlso.isEmpty {
      let pages = seeAlso.map { "\\fB\(Self.escaped($0))\\fR(1)" }
      text += ".SH SEE ALSO\n" + pages.joined(separator: ",\n") + "\n"
    }
    return text
  }

  private static func item(_ item: Item) -> String {
    var text = ".TP\n\\fB\(escaped(item.label))\\fR\n"
    text += item.paragraphs.map(filled).joined(separator: ".IP\n")
    return text
  }

  /// A paragraph, as one line of the source.
  private static func filled(_ text: String) -> String {
    line(escaped(text.split(whereSeparator: \.isNewline).joined(separator: " ")))
  }

  /// A line that no macro is read from: a dot or an apostrophe at its head would be one.
  private static func line(_ text: String) -> String {
    (text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : "") + text + "\n"
  }

  /// What groff would read as its own: the backslash, and signs that it would typeset.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      default: result.append(character)
      }
    }
    return result
  }
}
