internal import ArgumentParser

/// Options that several commands have mean the same in each, and say so in the same words.
extension ArgumentHelp {
  /// `--force`
  static let force: ArgumentHelp = "Replace the files that are written where they exist."

  /// Help of an option that counts as often as it stands there.
  static func repeatable(
    _ abstract: String, discussion: String? = nil, valueName: String
  ) -> ArgumentHelp {
    let more = "May be given more than once."
    return ArgumentHelp(
      "\(abstract)", discussion: discussion.map { "\($0) \(more)" } ?? more, valueName: valueName)
  }
}

/// What shells complete the names of files to.
extension CompletionKind {
  /// Anything that holds weights: what a file is, is told by its content, so by no ending here.
  static let checkpoint = CompletionKind.file()
  /// A recorded run, or clips.
  static let arrays = CompletionKind.file(extensions: ["npz", "npy", "pt", "safetensors", "h5"])
  /// What `--json` printed once.
  static let json = CompletionKind.file(extensions: ["json"])
  /// A report that is written, of one ending.
  static func report(_ ending: String) -> CompletionKind { .file(extensions: [ending]) }
}
