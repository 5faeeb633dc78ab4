internal import TPBytes
internal import TPTensors

/// How a golden was made, as the recorder wrote it down.
public struct Provenance: Hashable, Sendable {
  /// The version of PyTorch.
  public var torch: String?
  /// The model name of the processor.
  public var machine: String?
  /// How many threads PyTorch used.
  public var threads: Int?
  /// Whether oneDNN was on.
  public var mkldnn: Bool?
  /// `highest` unless matrix products were allowed to lose precision.
  public var matmulPrecision: String?
  /// The type that autocast computed in; `nil` without autocast.
  public var autocast: String?
  /// `eval`, `train` or `mixed`.
  public var mode: String?
  /// The seed of the samples.
  public var seed: Int?
  /// The sizes of the batches that were run, in order.
  public var batches: [Int]?
  /// A short description of each clip.
  public var clips: [String]?
  /// The class names in index order.
  public var classes: [String]?
  /// The whole shape of each recorded activation, with the clips, also where it is sampled.
  public var shapes: [String: [Int]] = [:]
  /// The base name of the checkpoint.
  public var source: String?
  /// The content digest of the weights, 64 lowercase hex digits.
  public var digest: String?
}

extension Provenance {
  /// Something that speaks against a golden, by its own word.
  struct Misgiving {
    /// Follows "the golden was recorded".
    var how: String
    var remedy: String
  }

  /// What was not as it should be when the golden was recorded.
  var misgivings: [Misgiving] {
    var all: [Misgiving] = []
    if let mode, mode != "eval" {
      all.append(
        Misgiving(
          how: "in \(printable(mode)) mode", remedy: "call model.eval() before recording"))
    }
    if let autocast {
      all.append(
        Misgiving(
          how: "under autocast to \(printable(autocast, limit: 40))",
          remedy: "record outside of torch.autocast"))
    }
    if let matmulPrecision, matmulPrecision != "highest" {
      all.append(
        Misgiving(
          how: "with matrix products of \(printable(matmulPrecision)) precision",
          remedy: "call torch.set_float32_matmul_precision(\"highest\") before recording"))
    }
    return all
  }
}

extension Provenance {
  static let key = "provenance"
  private static let format = "torchport-golden"

  /// Reads the JSON under `provenance`: bytes, or a text in the metadata; `nil` without one.
  init?(_ tensors: StateDict, _ metadata: MetadataTree) throws(PortError) {
    do throws(PortError) {
      if let tensor = tensors[Provenance.key] {
        guard tensor.dtype == .uint8 else {
          throw PortError(
            .malformed,
            "the provenance is an array of \(tensor.dtype.rawValue), not of UTF-8 bytes (uint8)")
        }
        // In two steps: the 6.3.1 compiler makes broken code of a span of a temporary here.
        let region = try tensor.contiguousBytes()
        try self.init(try JSONValue(parsing: region.bytes))
      } else if case .string(let text) = metadata.node(at: Provenance.key) {
        try self.init(JSONValue(parsing: text))
      } else {
        return nil
      }
    } catch {
      var placed = PortError(
        error.kind,
        error.message.hasPrefix("the provenance")
          ? error.message : "the provenance cannot be read: \(error.message)",
        offset: error.offset)
      placed.remedy = error.remedy ?? "record the golden again, or take the provenance out of it"
      throw placed.at(key: Provenance.key)
    }
  }

  init(_ json: JSONValue) throws(PortError) {
    guard json.members != nil else {
      throw PortError(.malformed, "the provenance is not a JSON object")
    }
    guard json["format"]?.string == Provenance.format else {
      throw PortError(.malformed, "the provenance does not say format \"\(Provenance.format)\"")
    }
    guard json["version"]?.int == 1 else {
      throw PortError(
        .unsupported, "the provenance is of a version other than 1",
        remedy: "use a newer torchport, or record the golden again")
    }
    let facts = ProvenanceFields(json: json)
    torch = try facts.value("torch", "a text", \.string)
    machine = try facts.value("machine", "a text", \.string)
    threads = try facts.value("threads", "an integer", \.int)
    mkldnn = try facts.value("mkldnn", "true or false", \.bool)
    matmulPrecision = try facts.value("float32_matmul_precision", "a text", \.string)
    autocast = try facts.value("autocast", "a text", \.string)
    mode = try facts.value("mode", "a text", \.string)
    seed = try facts.value("seed", "an integer", \.int)
    batches = try facts.list("batches", "a list of sizes", \.size)
    clips = try facts.list("clips", "a list of texts", \.string)
    classes = try facts.list("classes", "a list of texts", \.string)
    shapes = try facts.shapes()
    source = try facts.value("source", "a text", \.string)
    digest = try facts.value("digest", "64 lowercase hex digits", \.digest)
  }

  /// Checks what it says about the clips against how many there are.
  func check(clips count: Int) throws(PortError) {
    var problem: String?
    if let clips, clips.count != count {
      problem = "it describes \(clips.count) clips"
    } else if let batches {
      // Sizes are bounded by 2^31 each; their sum cannot overflow before memory ends.
      let sum = batches.reduce(0, +)
      if sum != count { problem = "its batches hold \(sum) clips" }
    }
    guard let problem else { return }
    throw PortError(
      .malformed, "the provenance does not belong to this input of \(count) clips: \(problem)",
      key: Provenance.key, remedy: "record the golden again")
  }
}

/// The fields of a provenance; each may be absent or null, and none may be of another type.
private struct ProvenanceFields {
  let json: JSONValue

  func value<Value>(
    _ key: String, _ what: String, _ read: (JSONValue) -> Value?
  ) throws(PortError) -> Value? {
    guard let found = json[key], found != .null else { return nil }
    guard let value = read(found) else {
      throw PortError(.malformed, "the provenance's \(key) is not \(what)")
    }
    return value
  }

  func list<Value>(
    _ key: String, _ what: String, _ read: (JSONValue) -> Value?
  ) throws(PortError) -> [Value]? {
    try value(key, what) { found in
      let values = found.array?.map(read)
      guard let values, !values.contains(where: { $0 == nil }) else { return nil }
      return values.compactMap { $0 }
    }
  }

  func shapes() throws(PortError) -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for member in try value("shapes", "an object of shapes", \.members) ?? [] {
      let extents = member.value.array?.map(\.size)
      guard let extents, !extents.contains(nil) else {
        throw PortError(
          .malformed, "the provenance's shape of \(printable(member.key)) is not a list of sizes")
      }
      result[member.key] = extents.compactMap { $0 }
    }
    return result
  }
}

extension JSONValue {
  /// An extent or a number of clips.
  fileprivate var size: Int? {
    guard let int, int >= 0, int <= Int(Int32.max) else { return nil }
    return int
  }

  fileprivate var digest: String? {
    guard let string, string.utf8.count == 64,
      string.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return string
  }
}
