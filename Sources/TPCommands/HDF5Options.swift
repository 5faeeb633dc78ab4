internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPConversion

/// What only an HDF5 file can be asked for.
struct HDF5Options: ParsableArguments {
  @Flag(
    help: "Compress the tensors of an HDF5 file: chunks, shuffled, deflated, with checksums.")
  var compress = false

  @Option(
    help: ArgumentHelp(
      "Whose names and layouts an HDF5 file has: torch, or keras, whose load_weights opens it.",
      discussion: "For keras the output's name must end in .weights.h5 (docs/hdf5.md).",
      valueName: "torch|keras"))
  var layout = Layout.torch

  /// The words for the layouts.
  enum Layout: String, ExpressibleByArgument, CaseIterable {
    case torch, keras
  }

  /// Sets what was asked for.
  ///
  /// - Parameter output: the name of the one output; `nil` where there are many.
  /// - Throws: `PortError` of kind `usage` where the output is of another format.
  func apply(
    to options: inout ConversionOptions, _ format: WeightFormat, output: String?
  ) throws(PortError) {
    // Keras takes the name's word for what a file is.
    if layout == .keras, let output, !output.hasSuffix(".weights.h5") {
      throw PortError(
        .usage, "Keras loads its layout only from a file whose name ends in .weights.h5",
        file: output, remedy: "name the output so")
    }
    if layout == .keras, format != .hdf5 {
      throw PortError(
        .usage, "--layout keras is for HDF5, and the output is \(format.label)",
        remedy: "give --format h5")
    }
    options.layout = layout == .keras ? .keras : .torch
    if compress, format != .hdf5 {
      throw PortError(
        .usage, "--compress is for HDF5, and the output is \(format.label)",
        remedy: "end the name in .h5, or leave --compress out")
    }
    options.isCompressed = compress
  }
}
