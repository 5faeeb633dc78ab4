internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPConversion

/// What only an HDF5 file can be asked for.
struct HDF5Options: ParsableArguments {
  @Flag(
    help: "Compress the tensors of an HDF5 file: chunks, shuffled, deflated, with checksums.")
  var compress = false

  /// Sets what was asked for.
  ///
  /// - Throws: `PortError` of kind `usage` where the output is of another format.
  func apply(to options: inout ConversionOptions, _ format: WeightFormat) throws(PortError) {
    if compress, format != .hdf5 {
      throw PortError(
        .usage, "--compress is for HDF5, and the output is \(format.label)",
        remedy: "end the name in .h5, or leave --compress out")
    }
    options.isCompressed = compress
  }
}
