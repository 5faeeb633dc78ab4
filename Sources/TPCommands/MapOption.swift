internal import ArgumentParser
internal import TPBytes
internal import TPConversion

/// `--map FILE`
struct MapOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Rename, drop, permute, reorder, split or join tensors by the rules in a file.",
      discussion: "JSON, or YAML where the name ends in .yaml or .yml; see docs/mapping.md.",
      valueName: "file"), completion: .file(extensions: ["json", "yaml", "yml"]))
  var map: String?

  /// Reads the file, where there is one.
  func apply(to options: inout ConversionOptions) throws(PortError) {
    guard let map else { return }
    options.map = try MapFile.read(path: map)
  }
}

/// A map in a file.
enum MapFile {
  /// A map is written by hand; nobody needs more.
  private static let mostBytes = 4 << 20

  /// Reads a map, as YAML where the name says so, else as JSON.
  ///
  /// - Throws: `PortError` that names the file, and what is wrong where.
  static func read(path: String) throws(PortError) -> TensorMap {
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      guard file.count <= mostBytes else {
        throw PortError(.limit, "a map has at most \(mostBytes) bytes, and this is \(file.count)")
      }
      let name = path.lowercased()
      let json =
        name.hasSuffix(".yaml") || name.hasSuffix(".yml")
        ? try YAMLDocument.json(of: file) : try JSONValue(parsing: file.bytes)
      return try TensorMap(json)
    } catch {
      throw error.in(file: path)
    }
  }
}
