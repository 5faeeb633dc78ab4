internal import ArgumentParser
internal import TPBytes
internal import TPConversion

/// `--keep PARTS`
struct KeepOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Carry other parts of the checkpoint along: optimizer, scheduler, history, all, or keys.",
      discussion: "Separated by commas. A .pth file is then the dict that held them.",
      valueName: "parts"), completion: .list(["optimizer", "scheduler", "history", "all"]))
  var keep: String?

  /// Sets what was asked for.
  ///
  /// - Throws: `PortError` of kind `usage` for an empty word.
  func apply(to options: inout ConversionOptions) throws(PortError) {
    guard let keep else { return }
    let words = keep.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !words.contains("") else {
      throw PortError(
        .usage, "--keep takes words separated by commas, and one is empty",
        remedy: "for example --keep optimizer,scheduler,history")
    }
    options.keep = KeepChoice(words)
  }
}
