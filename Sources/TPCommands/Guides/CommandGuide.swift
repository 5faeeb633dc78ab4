/// What a command's help says beside its options. The manual page is made from the same value, and
/// a test runs every example.
struct CommandGuide: Sendable {
  /// A command line, and the question that it answers.
  struct Example: Sendable {
    let purpose: String
    let line: String

    init(_ purpose: String, _ line: String) {
      (self.purpose, self.line) = (purpose, line)
    }
  }

  /// One exit status of the command.
  struct Exit: Sendable {
    let status: Status
    let meaning: String

    init(_ status: Status, _ meaning: String) {
      (self.status, self.meaning) = (status, meaning)
    }
  }

  /// What the command does, a paragraph each.
  let paragraphs: [String]
  /// The statuses whose meaning is the command's own, the least first.
  let exits: [Exit]
  let examples: [Example]
  /// Where more is said: pages of `docs/`.
  let pages: [String]

  init(
    _ paragraphs: [String], exits: [Exit], pages: [String] = [], examples: [Example]
  ) {
    self.paragraphs = paragraphs
    self.exits = exits
    self.pages = pages
    self.examples = examples
  }

  /// The statuses of the command, with those that mean the same everywhere.
  var allExits: [Exit] {
    let own = Set(exits.map(\.status))
    let common = [
      Exit(.failed, "it could not be done: a file cannot be read, or written"),
      Exit(.usage, "wrong usage"),
    ]
    return (exits + common.filter { !own.contains($0.status) })
      .sorted { $0.status.rawValue < $1.status.rawValue }
  }

  /// What stands between the summary and the usage in `--help`.
  var discussion: String {
    var text = paragraphs.joined(separator: "\n\n")
    text += "\n\nEXAMPLES:"
    for example in examples { text += "\n  \(example.purpose)\n    \(example.line)" }
    text += "\n\nEXIT STATUS:"
    for exit in allExits {
      let number = String(exit.status.rawValue)
      text += "\n  " + number + String(repeating: " ", count: 4 - number.count) + exit.meaning
    }
    if !pages.isEmpty {
      text += "\n\nMORE:\n  " + pages.joined(separator: ", ")
    }
    return text
  }
}

/// A command with a guide.
protocol GuidedCommand {
  static var guide: CommandGuide { get }
}
