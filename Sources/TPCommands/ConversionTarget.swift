internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// Where a conversion writes to: one file, or a folder of them.
struct ConversionTarget: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "What is written: \(WeightFormat.endings), by the extension.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Convert each file into this folder, under its own name.", valueName: "folder"),
    completion: .directory)
  var outputDirectory: String?

  @Option(
    help: ArgumentHelp(
      "The format of the files in --output-directory: \(listed(WeightFormat.choices)).",
      valueName: "format"), completion: .list(WeightFormat.choices))
  var format: String?

  @Flag(help: .force)
  var force = false

  @Flag(help: "Print what would be written, and write nothing.")
  var dryRun = false

  /// Checks what was given with how many files.
  func validate(files: [String]) throws {
    guard (output == nil) != (outputDirectory == nil) else {
      throw ValidationError("Give --output FILE for one file, or --output-directory FOLDER.")
    }
    if output != nil, files.count > 1 {
      throw ValidationError("Several files need --output-directory instead of --output.")
    }
    if output != nil, format != nil {
      throw ValidationError("--format goes with --output-directory; --output has its extension.")
    }
  }

  /// The format; safetensors where a folder was given without one.
  func weightFormat() throws(PortError) -> WeightFormat {
    if let output { return try WeightFormat(outputPath: output) }
    guard let format else { return .safetensors }
    let wanted = format.lowercased()
    guard
      let found = WeightFormat.allCases.first(where: {
        $0.rawValue == wanted || $0.extensions.contains(wanted)
      })
    else {
      throw wrongWord(format, for: "--format", WeightFormat.choices)
    }
    return found
  }

  /// Makes the folder where it is missing; its parent must be there.
  func makeFolder(_ path: String) throws(PortError) {
    if unsafe mkdir(path, 0o777) == 0 { return }
    let code = errno
    var status = stat()
    if code == EEXIST, unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      return
    }
    if code == EEXIST {
      throw PortError(
        .notAFile, "is a file, not a folder", file: path, remedy: "give another folder")
    }
    throw systemError(code, "cannot make the folder", file: path)
  }
}

extension WeightFormat {
  /// What `--format` takes.
  static var choices: [String] { allCases.compactMap(\.extensions.first) }

  /// The usual endings of what is written.
  static var endings: String { listed(choices.map { "." + $0 }) }
}
