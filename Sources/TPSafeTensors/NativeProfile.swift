internal import TPBytes
internal import TPTensors

/// What the `torchport.` keys of a header prove and prescribe.
///
/// This detects damage and mix-ups, not a forger.
struct NativeProfile {
  /// The version of the profile that this code writes, and the only one that it reads.
  static let version = "1"
  /// What every key of ours begins with.
  static let prefix = "torchport."
  /// The keys without which a file does not keep the profile.
  static let mandatory = [
    "architecture", "batch_norm", "crc32", "digest", "digests", "header_crc32", "order",
    "parameters", "profile", "source.digest",
  ]
  /// The keys that the writer makes from the tensors; facts under these names are not used.
  static let computed: Set = ["aliases", "crc32", "digests", "header_crc32", "order", "profile"]
  /// What stands in the header before the eight digits of its own checksum; a text inside the
  /// header cannot contain it, because its quotation marks would be escaped.
  static let mark = "\"\(prefix)header_crc32\":\""

  /// CRC-32 of each tensor's bytes, by name.
  let checksums: [String: UInt32]
  /// Further names of tensors, each with the name under which the tensor is stored.
  let aliases: [(name: String, stored: String)]
  private let places: [String: Int]

  /// Checks the header against its own checksum and the profile's rules; `nil` for a file without
  /// any key of ours.
  ///
  /// - Throws: `PortError` for a missing key, a contradiction, or a profile of another version.
  init?(_ header: Header, in file: SharedBytes) throws(PortError) {
    var facts: [String: String] = [:]
    for (key, text) in header.metadata where key.hasPrefix(NativeProfile.prefix) {
      facts[String(key.dropFirst(NativeProfile.prefix.count))] = text
    }
    if facts.isEmpty { return nil }
    if let version = facts["profile"], version != NativeProfile.version {
      throw PortError(
        .unsupported,
        "the file keeps version \(printable(version, limit: 20)) of the native profile, and this"
          + " program reads version \(NativeProfile.version)",
        key: NativeProfile.prefix + "profile",
        remedy: "use a newer torchport")
    }
    for key in NativeProfile.mandatory where facts[key] == nil {
      throw PortError(
        .malformed, "the file has keys of the native profile and lacks this one",
        key: NativeProfile.prefix + key, remedy: "convert it anew")
    }
    try NativeProfile.verifyHeader(file, length: header.length, says: facts["header_crc32"] ?? "")
    let names = header.entries.map(\.name)
    checksums = try NativeProfile.perTensor(facts, "crc32", names, checksum)
    aliases = try NativeProfile.aliases(facts["aliases"] ?? "[]", of: names)
    let all = names + aliases.map(\.name)
    let digests = try NativeProfile.perTensor(facts, "digests", all) {
      isHexadecimal($0, count: 64) ? $0 : nil
    }
    for alias in aliases where digests[alias.name] != digests[alias.stored] {
      throw PortError(
        .malformed, "two names of one tensor have different digests", key: alias.name)
    }
    places = try NativeProfile.places(facts["order"] ?? "", of: all)
  }

  /// The records and those of further names, in the order of the state_dict.
  func completed(_ records: [TensorRecord]) -> [TensorRecord] {
    var all = records
    if !aliases.isEmpty {
      let stored = Dictionary(uniqueKeysWithValues: records.map { ($0.name, $0.tensor) })
      for alias in aliases {
        guard let tensor = stored[alias.stored] else { continue }
        all.append(TensorRecord(path: [alias.name], tensor: tensor))
      }
    }
    return all.sorted { (places[$0.name] ?? 0) < (places[$1.name] ?? 0) }
  }

  /// Groups of names of one tensor, of which the first is stored.
  private static func aliases(
    _ text: String, of names: [String]
  ) throws(PortError) -> [(name: String, stored: String)] {
    let key = prefix + "aliases"
    var known = Set(names)
    var stored = known
    var result: [(name: String, stored: String)] = []
    let wrong = PortError(
      .malformed, "is not a list of lists of names of which the first of each is stored", key: key)
    guard let groups = try parsed(text, key: key).array else { throw wrong }
    for group in groups {
      let own = group.array?.compactMap(\.string) ?? []
      guard own.count > 1, own.count == group.array?.count, stored.remove(own[0]) != nil else {
        throw wrong
      }
      for name in own.dropFirst() {
        guard known.insert(name).inserted else { throw wrong }
        result.append((name, own[0]))
      }
    }
    return result
  }

  /// The checksum of length field, header and padding, its own eight digits counted as zeros.
  ///
  /// - Parameter digits: where they lie, from the start of `bytes`.
  static func headerChecksum(_ bytes: RawSpan, digits: Int) -> UInt32 {
    let before = crc32(bytes.extracting(0..<digits))
    let zeros = crc32(Array(repeating: UInt8(ascii: "0"), count: 8).span.bytesView, seed: before)
    return crc32(bytes.extracting(digits + 8..<bytes.byteCount), seed: zeros)
  }

  private static func verifyHeader(
    _ file: SharedBytes, length: Int, says text: String
  ) throws(PortError) {
    let key = prefix + "header_crc32"
    guard let expected = checksum(text) else {
      throw PortError(.malformed, "eight lowercase hexadecimal digits should stand here", key: key)
    }
    let header = file.bytes.extracting(0..<8 + length)
    let starts = occurrences(of: Array(mark.utf8), in: header)
    guard starts.count == 1, starts[0] + mark.utf8.count + 8 <= header.byteCount else {
      throw PortError(
        .malformed, "the header is not spelt as the native profile prescribes", key: key,
        remedy: "convert it anew")
    }
    let found = headerChecksum(header, digits: starts[0] + mark.utf8.count)
    guard found == expected else {
      throw PortError(
        .checksum,
        "the header has the CRC-32 \(hexadecimal(found)) and says \(hexadecimal(expected))",
        offset: 0, key: key, remedy: "the file is damaged; copy it again or convert it anew")
    }
  }

  private static func occurrences(of pattern: [UInt8], in bytes: RawSpan) -> [Int] {
    guard bytes.byteCount >= pattern.count else { return [] }
    return unsafe bytes.withUnsafeBytes { text in
      (0...text.count - pattern.count).filter { start in
        // Quotation marks are rare enough in a header to keep this one pass.
        unsafe text[start] == pattern[0]
          && text[start..<start + pattern.count].elementsEqual(pattern)
      }
    }
  }

  /// A JSON object with one text per tensor.
  private static func perTensor<Value>(
    _ facts: [String: String], _ field: String, _ names: [String], _ convert: (String) -> Value?
  ) throws(PortError) -> [String: Value] {
    let key = prefix + field
    let json = try parsed(facts[field] ?? "", key: key)
    var values: [String: Value] = [:]
    for member in json.members ?? [] {
      guard let value = member.value.string.flatMap(convert) else {
        throw PortError(
          .malformed, "the value for \"\(printable(member.key))\" is not of the right form",
          key: key)
      }
      values[member.key] = value
    }
    guard values.count == names.count, names.allSatisfy({ values[$0] != nil }) else {
      throw PortError(.malformed, "does not have one value for each tensor", key: key)
    }
    return values
  }

  private static func places(
    _ text: String, of names: [String]
  ) throws(PortError) -> [String: Int] {
    let key = prefix + "order"
    let listed = try parsed(text, key: key).array?.compactMap(\.string) ?? []
    var places: [String: Int] = [:]
    for (place, name) in listed.enumerated() { places[name] = place }
    guard listed.count == names.count, names.allSatisfy({ places[$0] != nil }) else {
      throw PortError(.malformed, "does not list the name of each tensor once", key: key)
    }
    return places
  }

  private static func parsed(_ text: String, key: String) throws(PortError) -> JSONValue {
    do throws(PortError) {
      return try JSONValue(parsing: text)
    } catch {
      // Its offset counts from the start of the text, which is no place in the file.
      throw PortError(error.kind, error.message, key: key)
    }
  }
}
