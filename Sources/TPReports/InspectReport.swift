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

  /// The digest of each tensor, in the order of `checkpoint.tensors`; empty where not asked for.
  public var digests: [Digest]
  /// The same for `checkpoint.arrays`.
  public var arrayDigests: [Digest]
  /// The content digest of the model's tensors, where it was asked for and there is a model.
  public var contentDigest: String?
  /// What became of the checksums, where they were asked for.
  public var checksums: Checkpoint.Checksums?

  /// A report on an opened file.
  public init(
    file: String, checkpoint: Checkpoint, digests: [Digest] = [], arrayDigests: [Digest] = [],
    contentDigest: String? = nil,
    checksums: Checkpoint.Checksums? = nil
  ) {
    self.file = file
    self.checkpoint = checkpoint
    self.digests = digests
    self.arrayDigests = arrayDigests
    self.contentDigest = contentDigest
    self.checksums = checksums
  }

  /// Names that stand for one tensor.
  private var aliases: [[String]] {
    var dict = StateDict()
    for (index, record) in checkpoint.tensors.enumerated() {
      // Two paths may join to one name; the place keeps them apart here.
      try? dict.append("\(index)", record.tensor)
    }
    return dict.aliases.map { group in
      group.compactMap { Int($0) }.map { checkpoint.tensors[$0].name }
    }
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "file": .string(file),
      "container": .string(checkpoint.container.rawValue),
      "facts": .object(checkpoint.facts.map { .init($0.name, .string($0.value)) }),
      "metadata": MetadataJSON.render(checkpoint),
      "tensors": .array(
        checkpoint.tensors.enumerated().map { index, record in
          tensor(record, digest: digests.indices.contains(index) ? digests[index] : nil)
        }),
      "arrays": .array(
        checkpoint.arrays.enumerated().map { index, record in
          tensor(
            record, digest: arrayDigests.indices.contains(index) ? arrayDigests[index] : nil)
        }),
      "aliases": .array(aliases.map { .array($0.map(JSONValue.string)) }),
      "digest": contentDigest.map(JSONValue.string) ?? .null,
      "checksums": checksums.map(json) ?? .null,
      "globals": .array(
        checkpoint.globals.map {
          ["module": .string($0.module), "name": .string($0.name), "count": .int($0.count)]
        }),
    ]
  }

  private func tensor(_ record: TensorRecord, digest: Digest?) -> JSONValue {
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
      ("refused", digest?.refusal.map(JSONValue.string)),
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
    let tensors = checkpoint.tensors
    let total = tensors.reduce(0) { $0 &+ ($1.tensor.byteCount ?? 0) }
    var text = "\(printable(file)): \(checkpoint.container.rawValue), "
    text += "\(counted(tensors.count, "tensor")), \(bytes(total))\n"
    if !checkpoint.facts.isEmpty {
      let facts = checkpoint.facts.map { "\($0.name) \(printable($0.value, limit: 60))" }
      text += "  " + facts.joined(separator: ", ") + "\n"
    }
    if let checksums { text += "  " + sentence(checksums) + "\n" }
    if let contentDigest { text += "  content digest \(contentDigest)\n" }
    let metadata = MetadataText.render(checkpoint.metadata)
    if !metadata.isEmpty { text += "\nmetadata\n" + metadata }
    if !tensors.isEmpty { text += "\ntensors\n" + table(tensors, digests) }
    if !checkpoint.arrays.isEmpty {
      text += "\narrays\n" + table(checkpoint.arrays, arrayDigests)
    }
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

  private func table(_ records: [TensorRecord], _ digests: [Digest]) -> String {
    var columns: [(title: String, side: Table.Side)] = [
      ("name", .left), ("dtype", .left), ("shape", .left), ("elements", .right), ("bytes", .right),
    ]
    if !digests.isEmpty { columns.append(("sha256", .left)) }
    var table = Table(columns)
    for (index, record) in records.enumerated() {
      let tensor = record.tensor
      table.add(
        printable(record.name, limit: 80), tensor.dtype.rawValue,
        shape(tensor),
        grouped(tensor.shape.elementCount), grouped(tensor.byteCount ?? 0),
        digests.indices.contains(index) ? digests[index].hash ?? "-" : "")
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
