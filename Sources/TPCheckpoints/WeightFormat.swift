public import TPBytes

/// A format that weights are written in; the raw value is `format` in JSON.
public enum WeightFormat: String, Hashable, Sendable, CaseIterable {
  /// The native profile of safetensors.
  case safetensors
  /// One dataset per key.
  case hdf5

  /// The extensions that stand for the format, the usual one first.
  public var extensions: [String] {
    switch self {
    case .safetensors: ["safetensors"]
    case .hdf5: ["h5", "hdf5", "he5"]
    }
  }

  /// The format that the extension of an output's name stands for, in either case.
  ///
  /// - Throws: `PortError` of kind `usage` that lists what can be written.
  public init(outputPath path: String) throws(PortError) {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let dot = name.lastIndex(of: ".")
    let ending = dot.map { name[name.index(after: $0)...].lowercased() } ?? ""
    guard let format = Self.allCases.first(where: { $0.extensions.contains(ending) }) else {
      let known = Self.allCases.map { format in
        format.extensions.map { "." + $0 }.joined(separator: ", ") + " (\(format.label))"
      }
      throw PortError(
        .usage,
        ending.isEmpty
          ? "the output's name has no extension that says its format"
          : "nothing is written as .\(printable(ending, limit: 20))",
        file: path, remedy: "end the name in " + known.joined(separator: " or "))
    }
    self = format
  }

  /// The format's own name.
  public var label: String {
    switch self {
    case .safetensors: "safetensors"
    case .hdf5: "HDF5"
    }
  }
}
