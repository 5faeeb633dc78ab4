public import TPBytes
public import TPTensors

/// What `inspect` tells about a file.
public struct InspectReport: Sendable {
  /// The path as the user gave it.
  public var file: String
  /// What the file holds.
  public var checkpoint: Checkpoint
  /// SHA-256 of a tensor's elements, or why there is none.
  public enum Digest: Hashable, Sendable {
    /// 64 hex digits.
    case sha256(String)
    /// The elements are not in the file, have no dense form, or would be too many.
    case refused(String)
  }

  /// A tensor and what was found out about it.
  public struct Row: Sendable {
    /// The tensor.
    public let record: TensorRecord
    /// Its digest, where it was asked for.
    public var digest: Digest?
    /// The digest of the float32 values that a quantized tensor stands for, where it was asked for.
    public var dequantizedDigest: Digest?
    /// Its statistics, where they were asked for and there are any.
    public var statistics: TensorStatistics?

    /// A tensor and what is known about it already.
    public init(
      record: TensorRecord, digest: Digest? = nil, statistics: TensorStatistics? = nil
    ) {
      self.record = record
      self.digest = digest
      self.statistics = statistics
    }
  }

  /// The tensors that are shown; at first every one.
  public var tensors: [Row]
  /// The arrays that are shown; at first every one.
  public var arrays: [Row]
  /// Whether statistics were asked for.
  public var isMeasured = false
  /// The values of the one tensor that is shown, where they were asked for.
  public var values: TensorReport?
  /// The pickles of the file opcode by opcode, where they were asked for.
  public var pickles: [PickleListing]?
  /// The content digest of the model's tensors, where it was asked for and there is a model.
  public var contentDigest: String?
  /// What became of the checksums, where they were asked for.
  public var checksums: Checkpoint.Checksums?

  /// A report on an opened file.
  public init(file: String, checkpoint: Checkpoint) {
    self.file = file
    self.checkpoint = checkpoint
    tensors = checkpoint.tensors.map { Row(record: $0) }
    arrays = checkpoint.arrays.map { Row(record: $0) }
  }

  /// Names that stand for one tensor.
  private var aliases: [[String]] {
    // Two paths may join to one name; the place keeps them apart.
    TensorSharing.aliases(of: tensors.map(\.record.tensor)).map { group in
      group.map { tensors[$0].record.name }
    }
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    var members = contents.members ?? []
    if let values { members.append(.init("values", values.json)) }
    if let pickles { members.append(.init("pickles", .array(pickles.map(\.json)))) }
    return .object(members)
  }

  private var contents: JSONValue {
    [
      "file": .string(file),
      "container": .string(checkpoint.container.rawValue),
      "facts": .object(checkpoint.facts.map { .init($0.name, .string($0.value)) }),
      "metadata": MetadataJSON.render(checkpoint),
      "tensors": .array(tensors.map(json)),
      "arrays": .array(arrays.map(json)),
      "aliases": .array(aliases.map { .array($0.map(JSONValue.string)) }),
      "digest": contentDigest.map(JSONValue.string) ?? .null,
      "checksums": checksums.map(json) ?? .null,
      "globals": .array(
        checkpoint.globals.map {
          ["module": .string($0.module), "name": .string($0.name), "count": .int($0.count)]
        }),
    ]
  }

  private func json(_ row: Row) -> JSONValue {
    let (record, digest) = (row.record, row.digest)
    let tensor = record.tensor
    let isStrided = tensor.layout == .strided
    return .object(optional: [
      ("name", .string(record.name)),
      ("path", .array(record.path.map(JSONValue.string))),
      ("dtype", .string(tensor.dtype.rawValue)),
      (
        "shape",
        tensor.layout == .nested ? .null : .array(tensor.shape.extents.map(JSONValue.int))
      ),
      ("stride", isStrided ? .array(tensor.strides.map(JSONValue.int)) : .null),
      ("offset", isStrided ? .int(tensor.offset) : .null),
      ("layout", isStrided ? nil : .string(tensor.layout.rawValue)),
      ("storage", .string(tensor.storage.key)),
      ("location", .string(tensor.storage.location)),
      ("requires_grad", .bool(tensor.requiresGrad)),
      ("sha256", digest.map { $0.hash.map(JSONValue.string) ?? .null }),
      (
        "dequantized_sha256",
        row.dequantizedDigest.map { $0.hash.map(JSONValue.string) ?? .null }
      ),
      ("refused", digest?.refusal.map(JSONValue.string)),
      ("statistics", isMeasured ? row.statistics?.json ?? .null : nil),
    ])
  }

  private func json(_ checksums: Checkpoint.Checksums) -> JSONValue {
    [
      "verified": .int(checksums.verified), "absent": .int(checksums.absent),
      "mismatched": .array(checksums.mismatched.map(JSONValue.string)),
    ]
  }

  /// The report for a terminal.
  public var text: String {
    let total = tensors.reduce(0) { $0 &+ ($1.record.tensor.byteCount ?? 0) }
    var text = "\(printable(file)): \(checkpoint.container.rawValue), "
    text += "\(counted(tensors.count, "tensor")), \(bytes(total))"
    let all = checkpoint.tensors.count
    text += tensors.count < all ? ", of \(counted(all, "tensor"))\n" : "\n"
    if !checkpoint.facts.isEmpty {
      let facts = checkpoint.facts.map { "\($0.name) \(printable($0.value, limit: 60))" }
      text += "  " + facts.joined(separator: ", ") + "\n"
    }
    if let checksums { text += "  " + sentence(checksums) + "\n" }
    if let contentDigest { text += "  content digest \(contentDigest)\n" }
    let metadata = MetadataText.render(checkpoint.metadata)
    if !metadata.isEmpty { text += "\nmetadata\n" + metadata }
    if !tensors.isEmpty { text += "\ntensors\n" + table(tensors) }
    if !arrays.isEmpty { text += "\narrays\n" + table(arrays) }
    for group in aliases {
      // A line for the eye; JSON has them all.
      let names = group.prefix(16).map { printable($0, limit: 80) }.joined(separator: " = ")
      let rest = group.count > 16 ? " and \(group.count - 16) more names" : ""
      text += "  one tensor: \(names)\(rest)\n"
    }
    return text
  }

  private func sentence(_ checksums: Checkpoint.Checksums) -> String {
    var parts = ["checksums: \(checksums.verified) verified"]
    if checksums.absent > 0 { parts.append("\(checksums.absent) absent") }
    if !checksums.mismatched.isEmpty {
      let names = checksums.mismatched.prefix(5).map { printable($0, limit: 60) }
      parts.append("\(checksums.mismatched.count) WRONG: " + names.joined(separator: ", "))
    }
    return parts.joined(separator: ", ")
  }

  private func table(_ rows: [Row]) -> String {
    var columns: [(title: String, side: Table.Side)] = [
      ("name", .left), ("dtype", .left), ("shape", .left), ("elements", .right), ("bytes", .right),
    ]
    if isMeasured {
      columns += [
        ("min", .right), ("max", .right), ("mean", .right), ("std", .right), ("zero", .right),
        ("denormal", .right), ("NaN", .right), ("inf", .right),
      ]
    }
    let isDigested = rows.contains { $0.digest != nil }
    if isDigested { columns.append(("sha256", .left)) }
    var table = Table(columns)
    for row in rows {
      let tensor = row.record.tensor
      var cells = [
        printable(row.record.name, limit: 80), tensor.dtype.rawValue, shape(tensor),
        grouped(tensor.shape.elementCount), grouped(tensor.byteCount ?? 0),
      ]
      if isMeasured { cells += row.statistics?.cells ?? Array(repeating: "", count: 8) }
      if isDigested { cells.append(row.digest?.hash ?? "-") }
      table.add(cells)
    }
    return table.text
  }

  private func shape(_ tensor: Tensor) -> String {
    switch tensor.layout {
    case .strided: tensor.shape.description + (tensor.isContiguous ? "" : " strided")
    case .nested: "nested"
    case let layout: tensor.shape.description + " " + layout.rawValue
    }
  }
}

extension InspectReport.Digest {
  /// The digits, where there are any.
  var hash: String? { if case .sha256(let digits) = self { digits } else { nil } }
  /// Why there are none.
  var refusal: String? { if case .refused(let sentence) = self { sentence } else { nil } }
}

extension TensorStatistics {
  /// The object under `statistics`; what there is no finite element for is null.
  var json: JSONValue {
    let number = { (value: Double?) -> JSONValue in value.map(JSONValue.double) ?? .null }
    return [
      "min": number(minimum), "max": number(maximum), "mean": number(mean),
      "std": number(standardDeviation), "nan": .int(nan), "infinite": .int(infinite),
      "zero": .int(zero), "denormal": .int(denormal),
    ]
  }

  /// The cells of a table's row.
  fileprivate var cells: [String] {
    [minimum, maximum, mean, standardDeviation].map { $0.map { significant($0, 4) } ?? "" }
      + [zero, denormal, nan, infinite].map { grouped($0) }
  }
}
