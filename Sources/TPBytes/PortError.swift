/// Why something could not be done: what, where, and what to do about it, as one sentence.
///
/// One type serves the whole package. Whoever finds the fault says what is wrong; each caller on the
/// way out adds the place it knows (`at(record:)`, `at(key:)`, `in(file:)`), never overwriting one
/// that is there already, because the innermost place is the most exact.
public struct PortError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure this is; the raw value is `error.kind` in JSON.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The file does not exist.
    case notFound = "not_found"
    /// The operating system denies access.
    case permission
    /// A directory, pipe, socket or device where a regular file is needed.
    case notAFile = "not_a_file"
    /// Reading or writing failed: disk full, device error.
    case inputOutput = "input_output"
    /// The input ends before it should.
    case truncated
    /// The input breaks the rules of its format.
    case malformed
    /// A checksum or digest contradicts the bytes.
    case checksum
    /// The input is well formed and beyond what this version reads or writes.
    case unsupported
    /// The input asks for more than the limits allow.
    case limit
    /// The input is readable and does not fit what it is held against.
    case mismatch
    /// The output exists already and was not to be replaced.
    case exists
    /// The call itself is wrong.
    case usage
    /// Nothing could be compared.
    case undecided
  }

  /// What kind of failure this is.
  public let kind: Kind
  /// What is wrong, as a clause without a final full stop.
  public let message: String
  /// The path of the file that is at fault, as the user gave it.
  public var file: String?
  /// Bytes from the start of the record, or of the file where there is no record.
  public var offset: Int?
  /// The member of an archive, or the dataset, that is at fault.
  public var record: String?
  /// The state_dict key or metadata key that is at fault.
  public var key: String?
  /// What the user can do, as a clause without a final full stop.
  public var remedy: String?

  /// Creates an error; places that are not known yet are added on the way out.
  public init(
    _ kind: Kind, _ message: String, file: String? = nil, offset: Int? = nil,
    record: String? = nil, key: String? = nil, remedy: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.file = file
    self.offset = offset
    self.record = record
    self.key = key
    self.remedy = remedy
  }

  /// The sentence: file, what is wrong, the place inside the file, and the remedy.
  public var description: String {
    var sentence = file.map { "\(printable($0)): " } ?? ""
    sentence += message
    var places: [String] = []
    if let record { places.append("record \(printable(record))") }
    if let key { places.append("key \(printable(key))") }
    if let offset { places.append("byte \(offset)") }
    if !places.isEmpty { sentence += " (\(places.joined(separator: ", ")))" }
    if let remedy { sentence += "; \(remedy)" }
    return sentence
  }

  /// The same error, placed in a file unless it names one already.
  public func `in`(file path: String) -> PortError {
    var copy = self
    if copy.file == nil { copy.file = path }
    return copy
  }

  /// The same error, placed in a record unless it names one already.
  public func at(record name: String) -> PortError {
    var copy = self
    if copy.record == nil { copy.record = name }
    return copy
  }

  /// The same error, placed at a key unless it names one already.
  public func at(key name: String) -> PortError {
    var copy = self
    if copy.key == nil { copy.key = name }
    return copy
  }

  /// The same error with its offset moved by `base`: a slice's offsets become the whole's.
  public func moved(by base: Int) -> PortError {
    var copy = self
    if let offset = copy.offset {
      let (sum, overflow) = offset.addingReportingOverflow(base)
      copy.offset = overflow ? offset : sum
    }
    return copy
  }
}

/// A name from a file made fit for a terminal or a sentence: control characters, bidirectional
/// overrides, line breaks and what else is not seen become `\u{..}`, and so does the bracket of `##[`,
/// which runners of workflows take for a command wherever it stands in a line. What is longer than
/// `limit` characters is cut.
///
/// - Parameters:
///   - text: what stands in the file.
///   - limit: the most characters that are kept; the rest becomes an ellipsis.
public func printable(_ text: String, limit: Int = 200) -> String {
  var result = ""
  var count = 0
  var hashes = 0
  for scalar in text.unicodeScalars {
    if count == limit { return result + "…" }
    count += 1
    let value = scalar.value
    let hidden =
      value < 0x20 || value == 0x7F || value == 0xFFFD || (hashes >= 2 && scalar == "[")
      || value >= 0x80 && isUnseen(scalar)
    hashes = scalar == "#" ? hashes + 1 : 0
    if hidden {
      result += "\\u{\(String(value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Controls of C1, breaks of lines, and what Unicode calls format characters (Cf): overrides and isolates
/// of direction, joiners, tags, the soft hyphen.
private func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: true
  default: (0x2060...0x206F).contains(scalar.value)
  }
}
