internal import ArgumentParser
internal import TPBytes

/// What stands where a command should, looked at before the options are: an unknown word is nothing
/// that ArgumentParser has a suggestion for, and of `-x.pth` it takes the letters for options, -h
/// among them.
enum CommandWords {
  /// - Throws: `ValidationError` with what may have been meant.
  static func check(_ arguments: [String]) throws {
    let names = TorchPort.configuration.subcommands.map { $0._commandName }
    if let first = arguments.first, !first.hasPrefix("-") {
      let words = first == "help" ? arguments.dropFirst().prefix(1) : [first][...]
      if let word = words.first, !word.hasPrefix("-"), word != "help", !names.contains(word) {
        throw ValidationError(unknown(word, names))
      }
    }
    for argument in arguments {
      if argument == "--" { break }
      guard isBundle(argument) else { continue }
      let name = printable(argument, limit: 80)
      throw ValidationError("Unknown option '\(name)'. A file of that name is given as ./\(name)")
    }
  }

  private static func unknown(_ word: String, _ names: [String]) -> String {
    let shown = printable(word, limit: 80)
    if let hint = meant(word, among: names) {
      return "Unknown command '\(shown)'; \(hint)"
    }
    // Somebody tries the file first, as with other tools.
    if word.contains(".") || word.contains("/") {
      return "'\(shown)' is no command. What is in a file shows: torchport inspect \(shown)"
    }
    return "Unknown command '\(shown)'. The commands are \(names.joined(separator: ", "))"
  }

  /// Whether a word is several letters behind one dash: none of ours may be written so.
  private static func isBundle(_ argument: String) -> Bool {
    guard argument.hasPrefix("-"), !argument.hasPrefix("--"), argument.count > 2 else {
      return false
    }
    // -help is as clear as --help; -o=FILE is allowed; a number is a value.
    return argument != "-help" && !argument.dropFirst(2).hasPrefix("=") && Double(argument) == nil
  }
}
