internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPTensors

/// How every command that reads weights reads them.
struct ReadingOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Go on where bytes contradict their checksum, with a warning that names the records."))
  var ignoreChecksums = false

  @OptionGroup var settings: LimitsOption

  /// What readers are handed.
  var limits: ReadLimits {
    var limits = settings.limits
    limits.ignoresChecksums = ignoreChecksums
    return limits
  }

  /// A sentence for every file in which a wrong checksum was ignored.
  func warnings(_ files: (path: String, checkpoint: Checkpoint)...) -> [String] {
    files.flatMap { file in
      file.checkpoint.ignoredChecksums(limits: limits).map { "\(printable(file.path)): \($0)" }
    }
  }

  /// The same for files that are no longer open: where checksums are ignored, each is opened again. What
  /// is no file of tensors has no checksum of ours.
  func warnings(paths: [String]) -> [String] {
    guard ignoreChecksums else { return [] }
    return paths.flatMap { path -> [String] in
      guard let checkpoint = try? CheckpointFile.open(path: path, limits: limits) else { return [] }
      return warnings((path, checkpoint))
    }
  }
}
