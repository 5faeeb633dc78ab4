internal import ArgumentParser
internal import TPBytes
internal import TPReports

/// `--only GLOB`, for commands that tell of tensors.
struct OnlyOption: ParsableArguments {
  @Option(
    name: [.customLong("only"), .customLong("filter")],
    help: ArgumentHelp(
      "Tell only of tensors whose names fit: * any characters, ? one, [a-z] one of.",
      valueName: "glob"))
  var only: String?

  /// The pattern, where one was given.
  var glob: Glob? { only.map { Glob($0) } }

  /// A sentence where no name fits, which is more often a slip than a wish.
  func warnings(_ names: some Sequence<String>) -> [String] {
    guard let only, let glob, !names.contains(where: glob.matches) else { return [] }
    let hint = meant(only, among: Array(names.prefix(2_000)))
    return ["no tensor's name fits \(printable(only, limit: 80))" + (hint.map { "; " + $0 } ?? "")]
  }
}
