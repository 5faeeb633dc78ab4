import TPBytes

/// The commands and their options as the command itself lists them.
struct CommandOptions {
  /// Command -> options with their dashes, hidden commands left out.
  let options: [String: Set<String>]

  init() throws {
    let run = try torchport("--experimental-dump-help")
    let tool = try JSONValue(parsing: run.output)
    var options: [String: Set<String>] = [:]
    for command in tool["command"]?["subcommands"]?.array ?? [] {
      guard let name = command["commandName"]?.string else { continue }
      if name == "help" || command["shouldDisplay"]?.bool == false { continue }
      options[name] = Self.names(of: command).union(["-h", "--help", "--version"])
    }
    self.options = options
  }

  private static func names(of command: JSONValue) -> Set<String> {
    var found: Set<String> = []
    for argument in command["arguments"]?.array ?? [] {
      for name in argument["names"]?.array ?? [] {
        guard let text = name["name"]?.string else { continue }
        found.insert((name["kind"]?.string == "short" ? "-" : "--") + text)
      }
    }
    return found
  }

  /// What is wrong with a command line that begins with `torchport`, if anything.
  func fault(in line: String) -> String? {
    let words = line.split(separator: " ").map(String.init)
    guard words.count > 1 else { return nil }
    let name = words[1] == "help" && words.count > 2 ? words[2] : words[1]
    if ["--version", "--help", "help", "COMMAND"].contains(name) { return nil }
    guard let known = options[name] else { return "there is no command \(name)" }
    for word in words.dropFirst(2) {
      if [";", "|", ">", "&&"].contains(word) { break }
      guard let match = word.firstMatch(of: /^\[?(--?[a-z][a-z-]*)/) else { continue }
      if !known.contains(String(match.1)) { return "\(name) has no option \(match.1)" }
    }
    return nil
  }
}
