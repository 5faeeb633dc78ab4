public import TPBytes
public import TPTensors
internal import TPZip

extension NumPyFile {
  /// The most facts that an archive carries, in bytes of their JSON: what a zip file's comment holds.
  public static let factLimit = 0xFFFF

  /// Writes an archive of arrays as `numpy.savez` does, to the byte: `np.load(file)[key]` gives the
  /// tensor of that key.
  ///
  /// Nothing but the tensors is among the members, so that a loop over the keys meets no stranger: the
  /// facts, where there are any, are the archive's comment, as one JSON object of texts whose keys
  /// begin with `torchport.`, in the order of their UTF-8. NumPy ignores it. The fact `kept`, which
  /// may be long, is a member: an array without dimensions of one text. `order` is the archive's own
  /// and is left out, and so are `module_metadata`, and then `architecture.description`, where a comment
  /// cannot hold them.
  ///
  /// - Parameters:
  ///   - contents: tensors that share memory are written in full.
  ///   - output: takes the bytes; committing it is the caller's.
  /// - Throws: `PortError` naming every tensor of a type that NumPy does not have, keys that NumPy
  ///   would confuse, facts beyond `factLimit`, bytes that cannot be had, or a failed write.
  public static func writeArchive(
    _ contents: WeightFile, to output: inout AtomicFile, limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    try checkTypes(contents.tensors)
    try checkKeys(contents.tensors.names)
    var zip = ZipWriter(.numPy)
    for entry in contents.tensors.entries {
      do throws(PortError) {
        let header = try arrayHeader(of: entry.tensor)
        let data = try entry.tensor.contiguousBytes(limits: limits, caching: false)
        try zip.add(entry.name + ".npy", [ByteRegion(header), data], to: &output)
      } catch {
        throw error.at(key: entry.name)
      }
    }
    if let kept = contents.facts["kept"] {
      try zip.add("torchport.kept.npy", [ByteRegion(textArray(kept))], to: &output)
    }
    try zip.finish(comment: comment(contents.facts), to: &output)
  }

  /// An array without dimensions of one text.
  private static func textArray(_ text: String) -> [UInt8] {
    let scalars = text.unicodeScalars
    var writer = ByteWriter()
    writer.append(arrayHeader("<U\(scalars.count)", shape: Shape(known: [])))
    for scalar in scalars { writer.little(scalar.value) }
    return writer.bytes
  }

  /// Whether NumPy has an element type for this one; quantized integers are none without their scale.
  public static func holds(_ dtype: DType) -> Bool {
    switch dtype {
    case .qint8, .quint8, .qint32: false
    default: hasDescriptor(for: dtype)
    }
  }

  private static func checkTypes(_ tensors: StateDict) throws(PortError) {
    let refused = tensors.entries.filter { !holds($0.tensor.dtype) }
    guard let first = refused.first else { return }
    let types = Set(refused.map(\.tensor.dtype.rawValue)).sorted().joined(separator: ", ")
    let names = refused.prefix(5).map { printable($0.name, limit: 80) }.joined(separator: ", ")
    let rest = refused.count > 5 ? " and \(refused.count - 5) more" : ""
    throw PortError(
      .unsupported, "NumPy has no type for \(types): \(names)\(rest)",
      key: refused.count == 1 ? first.name : nil,
      remedy: "write a .safetensors, .h5 or .pth file, or convert to float32")
  }

  /// `np.load(f)[key]` looks for a member `key` before `key.npy`.
  private static func checkKeys(_ names: [String]) throws(PortError) {
    let all = Set(names)
    for name in names where name.hasSuffix(".npy") && all.contains(String(name.dropLast(4))) {
      throw PortError(
        .unsupported,
        "beside a tensor named \(printable(String(name.dropLast(4)), limit: 80)), NumPy"
          + " would take the one for the other", key: name, remedy: "rename one of them")
    }
  }

  private static func comment(_ facts: [String: String]) -> [UInt8] {
    let facts = facts.filter { $0.key != "order" && $0.key != "kept" }
    if facts.isEmpty { return [] }
    let sorted = facts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    let json = JSONValue.object(sorted.map { .init("torchport." + $0.key, .string($0.value)) })
    let bytes = Array(json.text().utf8)
    let long = ["module_metadata", "architecture.description"].first { facts[$0] != nil }
    guard bytes.count > factLimit, let long else { return bytes }
    return comment(facts.filter { $0.key != long })
  }

  /// The facts in an archive's comment; none where it is another program's.
  static func facts(in comment: ByteRegion) -> [(key: String, value: String)] {
    guard let members = (try? JSONValue(parsing: comment.bytes, depth: 2))?.members else {
      return []
    }
    let texts = members.compactMap { member in member.value.string.map { (member.key, $0) } }
    guard texts.count == members.count, texts.allSatisfy({ $0.0.hasPrefix("torchport.") }) else {
      return []
    }
    return texts
  }
}
