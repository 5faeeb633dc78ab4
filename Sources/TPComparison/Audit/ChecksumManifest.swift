public import TPBytes

// The format of `sha256sum` (coreutils manual, "md5sum invocation"): a line a file, 64 hex digits, a space,
// a space or `*`, the name. Where the name holds a backslash, a line feed or a carriage return, the line
// begins with a backslash, and they are written `\\`, `\n` and `\r`. With `--tag`, `SHA256 (NAME) = DIGITS`.
// `sha256sum -c` passes over lines that begin with `#`; ours say there how many bytes the next file has.

/// The files of a delivery with their SHA-256, as `sha256sum -c` reads it.
public struct ChecksumManifest: Hashable, Sendable {
  /// One file.
  public struct Entry: Hashable, Sendable {
    /// Its SHA-256: 64 lowercase hex digits.
    public var digest: String
    /// Its name, from the folder of the manifest on.
    public var name: String
    /// How many bytes it has, where the manifest says it.
    public var byteCount: Int?

    /// One file.
    public init(digest: String, name: String, byteCount: Int? = nil) {
      self.digest = digest
      self.name = name
      self.byteCount = byteCount
    }
  }

  /// The files in the order of the manifest.
  public var entries: [Entry]

  /// The most bytes of a manifest.
  static let mostBytes = 64 << 20

  /// A manifest of files.
  public init(_ entries: [Entry]) { self.entries = entries }

  /// Takes a manifest apart, of `sha256sum`, `sha256sum --tag` or ours.
  ///
  /// - Throws: `PortError` of kind `malformed` with the number of the line.
  public init(parsing bytes: [UInt8]) throws(PortError) {
    entries = []
    var size: Int?
    for (index, raw) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      var line = raw
      if line.last == 0x0D { line = line.dropLast() }
      if line.isEmpty { continue }
      if line.first == UInt8(ascii: "#") {
        size = ChecksumManifest.size(String(decoding: line, as: UTF8.self))
        continue
      }
      guard var entry = ChecksumManifest.entry(line) else {
        throw PortError(
          .malformed, "line \(index + 1) is not 64 hex digits, two spaces and a name",
          remedy: "give what sha256sum or --write-manifest wrote")
      }
      entry.byteCount = size
      size = nil
      entries.append(entry)
    }
  }

  /// `# 37053 bytes`.
  private static func size(_ line: String) -> Int? {
    let words = line.split(separator: " ")
    return words.count == 3 && words[0] == "#" && words[2] == "bytes" ? Int(words[1]) : nil
  }

  private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
    let isEscaped = line.first == UInt8(ascii: "\\")
    let line = isEscaped ? line.dropFirst() : line
    var digest = line.prefix(64)
    var name = line.dropFirst(66)
    let head = Array("SHA256 (".utf8)
    // No digits begin so, and a name can have any two characters where the other form has spaces.
    if line.starts(with: head) {
      guard line.count > head.count + 68, line.suffix(68).starts(with: Array(") = ".utf8)) else {
        return nil
      }
      digest = line.suffix(64)
      name = line.dropFirst(head.count).dropLast(68)
    } else {
      let between = line.dropFirst(64).prefix(2)
      guard between.elementsEqual(Array("  ".utf8)) || between.elementsEqual(Array(" *".utf8))
      else { return nil }
    }
    guard digest.count == 64, digest.allSatisfy({ isHexadecimal($0) }), !name.isEmpty,
      let plain = isEscaped ? unescaped(name) : Array(name),
      let text = String(validating: plain, as: UTF8.self), !plain.contains(0)
    else { return nil }
    return Entry(digest: String(decoding: digest, as: UTF8.self).lowercased(), name: text)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }

  private static func unescaped(_ name: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = name
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      default: return nil
      }
    }
    return result
  }

  /// The manifest, with the number of bytes in a comment before each line.
  public var text: String {
    entries.map { entry in
      (entry.byteCount.map { "# \($0) bytes\n" } ?? "") + ChecksumManifest.line(entry)
    }.joined()
  }

  private static func line(_ entry: Entry) -> String {
    var name = ""
    var isEscaped = false
    for scalar in entry.name.unicodeScalars {
      switch scalar {
      case "\\": name += "\\\\"
      case "\n": name += "\\n"
      case "\r": name += "\\r"
      default:
        name.unicodeScalars.append(scalar)
        continue
      }
      isEscaped = true
    }
    return (isEscaped ? "\\" : "") + "\(entry.digest)  \(name)\n"
  }
}
