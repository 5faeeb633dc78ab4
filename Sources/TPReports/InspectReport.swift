public import TPBytes
public import TPTensors

/// What `inspect` tells about a file.
public struct InspectReport: Sendable {
  /// The path as the user gave it.
  public var file: String
  /// What the file holds.
  public var checkpoint: Checkpoint
  /// Which tensors are shown: places in `checkpoint.tensors`, ascending.
  public var shown: [Int]
  /// SHA-256 of each shown tensor; empty where not asked for.
  public var digests: [String]
  /// The statistics of each shown tensor, `nil` for a type without them; empty where not asked for.
  public var statistics: [TensorStatistics?] = []
  /// The values of the one tensor that is shown, where they were asked for.
  public var values: TensorReport?
  /// The pickles of the file opcode by opcode, where they were asked for.
  public var pickles: [PickleListing]?
  /// The content digest of the model's tensors, where it was asked for and there is a model.
  public var contentDigest: String?
  /// What became of the checksums, where they were asked for.
  public var checksums: Checkpoint.Checksums?

  /// A report on an opened file.
  public init(
    file: String, checkpoint: Checkpoint, digests: [String] = [], contentDigest: String? = nil,
    checksums: Checkpoint.Checksums? = nil
  ) {
    self.file = file
    self.checkpoint = checkpoint
    shown = Array(checkpoint.tensors.indices)
    self.digests = digests
    self.contentDigest = contentDigest
    self.checksums = checksums
  }

  /// Names that stand for one tensor.
  private var aliases: [[String]] {
    var dict = StateDict()
    for index in shown {
      // Two paths may join to one name; the place keeps them apart here.
      try? dict.append("\(index)", checkpoint.tensors[index].tensor)
    }
    return dict.aliases.map { group in
      group.compactMap { Int($0) }.map { checkpoint.tensors[$0].name }
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
      "tensors": .array(
        shown.enumerated().map { place, index in tensor(checkpoint.tensors[index], at: place) }),
      "aliases": .array(aliases.map { .array($0.map(JSONValue.string)) }),
      "digest": contentDigest.map(JSONValue.string) ?? .null,
      "checksums": checksums.map(json) ?? .null,
      "globals": .array(
        checkpoint.globals.map {
          ["module": .string($0.module), "name": .string($0.name), "count": .int($0.count)]
        }),
    ]
  }

  private func tensor(_ record: TensorRecord, at place: Int) -> JSONValue {
    let tensor = record.tensor
    let digest = digests.indices.contains(place) ? digests[place] : nil
    let measured = statistics.indices.contains(place) ? statistics[place]?.json ?? .null : nil
    return .object(optional: [
      ("name", .string(record.name)),
      ("path", .array(record.path.map(JSONValue.string))),
      ("dtype", .string(tensor.dtype.rawValue)),
      ("shape", .array(tensor.shape.extents.map(JSONValue.int))),
      ("stride", .array(tensor.strides.map(JSONValue.int))),
      ("offset", .int(tensor.offset)),
      ("storage", .string(tensor.storage.key)),
      ("location", .string(tensor.storage.location)),
      ("requires_grad", .bool(tensor.requiresGrad)),
      ("sha256", digest.map(JSONValue.string)),
      ("statistics", measured),
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
    let tensors = shown.map { checkpoint.tensors[$0] }
    let total = tensors.reduce(0) { $0 &+ ($1.tensor.byteCount ?? 0) }
    var text = "\(printable(file)): \(checkpoint.container.rawValue), "
    text += "\(counted(tensors.count, "tensor")), \(bytes(total))"
    text +=
      tensors.count < checkpoint.tensors.count
      ? ", of \(grouped(checkpoint.tensors.count))\n" : "\n"
    if !checkpoint.facts.isEmpty {
      let facts = checkpoint.facts.map { "\($0.name) \(printable($0.value, limit: 60))" }
      text += "  " + facts.joined(separator: ", ") + "\n"
    }
    if let checksums { text += "  " + sentence(checksums) + "\n" }
    if let contentDigest { text += "  content digest \(contentDigest)\n" }
    let metadata = MetadataText.render(checkpoint.metadata)
    if !metadata.isEmpty { text += "\nmetadata\n" + metadata }
    if !tensors.isEmpty { text += "\ntensors\n" + table }
    for group in aliases {
      text +=
        "  one tensor: " + group.map { printable($0, limit: 80) }.joined(separator: " = ") + "\n"
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

  private var table: String {
    var columns: [(title: String, side: Table.Side)] = [
      ("name", .left), ("dtype", .left), ("shape", .left), ("elements", .right), ("bytes", .right),
    ]
    let isMeasured = !statistics.isEmpty
    if isMeasured {
      columns += [
        ("min", .right), ("max", .right), ("mean", .right), ("std", .right), ("zero", .right),
        ("denormal", .right), ("NaN", .right), ("inf", .right),
      ]
    }
    if !digests.isEmpty { columns.append(("sha256", .left)) }
    var table = Table(columns)
    for (place, index) in shown.enumerated() {
      let record = checkpoint.tensors[index]
      let tensor = record.tensor
      var cells = [
        printable(record.name, limit: 80), tensor.dtype.rawValue,
        tensor.shape.description + (tensor.isContiguous ? "" : " strided"),
        grouped(tensor.shape.elementCount), grouped(tensor.byteCount ?? 0),
      ]
      if isMeasured {
        let measured = statistics.indices.contains(place) ? statistics[place] : nil
        cells += measured?.cells ?? Array(repeating: "", count: 8)
      }
      if digests.indices.contains(place) { cells.append(digests[place]) }
      table.add(cells)
    }
    return table.text
  }
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
