internal import ArgumentParser
internal import TPBytes
internal import TPConversion
internal import TPModels

/// `--architecture NAME|FILE.json|none`, for commands that can do without one.
struct ArchitectureOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the weights must fit: a built-in architecture, one that a file describes, or none.",
      discussion: Self.withoutIt, valueName: "name|file.json|none"), completion: completion([]))
  var architecture: String?

  /// What happens without the option.
  static let withoutIt = """
    Without it the architecture that the file describes or names is taken, else the built-in one \
    whose keys and shapes fit. \
    docs/architectures.md tells how to describe a network in JSON.
    """

  /// The names, without some, and descriptions in this folder.
  static func completion(_ without: [String]) -> CompletionKind {
    let names = (Architecture.builtIn.map(\.name) + ["none"]).filter { !without.contains($0) }
    return .shellCommand(
      "printf '%s\\n' \(names.joined(separator: " ")); "
        + "find . -maxdepth 1 -name '*.json' 2>/dev/null | sed 's|^[.]/||'")
  }

  /// What was asked for.
  func choice() throws(PortError) -> ConversionOptions.ArchitectureChoice {
    switch architecture {
    case nil: return .automatic
    case "none": return .none
    case .some(let name): return .named(try Architecture.named(orInFile: name))
    }
  }

  /// What was asked for by a command that runs the network; `nil` for the one that fits.
  func network() throws(PortError) -> Architecture? { try Self.network(architecture) }

  /// The network of a name or of a file; `nil` where neither was given.
  static func network(_ name: String?) throws(PortError) -> Architecture? {
    guard let name else { return nil }
    if name == "none" {
      throw PortError(
        .usage, "--architecture none leaves nothing to run",
        remedy: "name one: " + Architecture.builtIn.map(\.name).joined(separator: ", ")
          + ", or a file that describes it")
    }
    return try Architecture.named(orInFile: name)
  }
}

/// `--architecture NAME|FILE.json`, for commands that can do nothing without one.
struct NetworkOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the weights must fit: a built-in architecture, or one that a file describes.",
      discussion: ArchitectureOption.withoutIt, valueName: "name|file.json"),
    completion: ArchitectureOption.completion(["none"]))
  var architecture: String?

  /// What was asked for; `nil` for the one that fits.
  func network() throws(PortError) -> Architecture? {
    try ArchitectureOption.network(architecture)
  }
}
