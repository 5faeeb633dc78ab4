public import TPBytes
public import TPComparison
internal import TPTensors

/// What `diff` tells about two files.
public struct DiffReport: Sendable {
  /// The first file, as the user gave it.
  public var a: String
  /// The second.
  public var b: String
  /// What separates them.
  public var difference: CheckpointDifference

  /// A report on two compared files.
  public init(a: String, b: String, difference: CheckpointDifference) {
    self.a = a
    self.b = b
    self.difference = difference
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    let others = difference.otherTensors
    return [
      "a": .string(a),
      "b": .string(b),
      "identical": .bool(difference.isIdentical),
      "summary": .string(summary),
      "tensors": .array(difference.tensors.map(json)),
      "other_tensors": [
        "identical": .int(others.identical), "changed": .int(others.changed),
        "added": .int(others.added), "removed": .int(others.removed),
      ],
      "metadata": .array(
        difference.metadata.map { change in
          [
            "path": .array(change.path.map(JSONValue.string)),
            "before": change.before.map(JSONValue.string) ?? .null,
            "after": change.after.map(JSONValue.string) ?? .null,
          ]
        }),
      "left_out": .array(difference.leftOut.map(JSONValue.string)),
    ]
  }

  private func json(_ tensor: TensorDifference) -> JSONValue {
    var members: [(String, JSONValue?)] = [
      ("name", .string(tensor.name)),
      ("status", .string(tensor.status.rawValue)),
      (
        "dtype",
        .array([tensor.a, tensor.b].map { $0.map { .string($0.dtype.rawValue) } ?? .null })
      ),
      (
        "shape",
        .array(
          [tensor.a, tensor.b].map {
            $0.map { .array($0.shape.extents.map(JSONValue.int)) } ?? .null
          })
      ),
    ]
    if let measures = tensor.measures {
      members += [
        ("norm_a", .double(measures.normA)),
        ("norm_b", .double(measures.normB)),
        ("norm_delta", .double(measures.normDelta)),
        ("relative", measures.relative.map(JSONValue.double) ?? .null),
        ("cosine", measures.cosine.map(JSONValue.double) ?? .null),
        ("max_abs", .double(measures.maxAbs)),
        ("max_index", measures.maxIndex.map(JSONValue.int) ?? .null),
        ("changed", .double(measures.changed)),
      ]
    }
    return .object(optional: members)
  }

  /// The most important in one line.
  public var summary: String {
    if difference.isIdentical {
      return "identical: \(counted(difference.tensors.count, "tensor"))"
        + (difference.otherTensors.identical > 0
          ? " of the model, \(grouped(difference.otherTensors.identical)) others" : "")
    }
    var parts: [String] = []
    if let moved = movement { parts.append(moved) }
    for status in TensorDifference.Status.allCases where status != .identical {
      let count = difference.tensors.filter { $0.status == status }.count
      if count > 0 { parts.append("\(count) \(words(status))") }
    }
    if !difference.otherTensors.isIdentical {
      let others = difference.otherTensors
      parts.append(
        "\(others.changed + others.added + others.removed) other tensors differ")
    }
    if !difference.metadata.isEmpty {
      parts.append("\(counted(difference.metadata.count, "value")) of the metadata differ")
    }
    return parts.joined(separator: "; ")
  }

  /// ||dW|| / ||W|| over all floating-point tensors together, and the tensor with most of it.
  private var movement: String? {
    var delta = 0.0
    var norm = 0.0
    var most: (name: String, share: Double)?
    for tensor in difference.tensors {
      guard let measures = tensor.measures, tensor.a?.dtype.isFloatingPoint == true else {
        continue
      }
      let square = measures.normDelta * measures.normDelta
      delta += square
      norm += measures.normA * measures.normA
      if square > (most?.share ?? 0) { most = (tensor.name, square) }
    }
    guard delta > 0, norm > 0, let most else { return nil }
    return "weights moved \(percent((delta / norm).squareRoot())), most in \(printable(most.name))"
  }

  private func words(_ status: TensorDifference.Status) -> String {
    switch status {
    case .identical: "identical"
    case .equalValues: "equal in value, not in bits"
    case .changed: "changed"
    case .shape: "of another shape"
    case .dtype: "of another type"
    case .added: "added"
    case .removed: "removed"
    }
  }

  /// The report for a terminal.
  public var text: String {
    var text = "\(printable(a)) -> \(printable(b))\n  \(summary)\n"
    if !difference.leftOut.isEmpty {
      text += "  not compared, one side does not carry it: "
      text += difference.leftOut.map { printable($0, limit: 60) }.joined(separator: ", ") + "\n"
    }
    if difference.tensors.contains(where: { $0.status != .identical }) {
      text += "\ntensors\n" + table
    }
    if !difference.metadata.isEmpty { text += "\nmetadata\n" + metadataTable }
    return text
  }

  private var table: String {
    var table = Table([
      ("name", .left), ("status", .left), ("||dW||/||W||", .right), ("max |d|", .right),
      ("cosine", .right), ("shape", .left),
    ])
    var identical = 0
    for tensor in difference.tensors {
      if tensor.status == .identical {
        identical += 1
        continue
      }
      let measures = tensor.measures
      table.add(
        printable(tensor.name, limit: 60), words(tensor.status),
        measures?.relative.map { significant($0) } ?? "",
        measures.map { significant($0.maxAbs) } ?? "",
        measures?.cosine.map { fixed($0, 6) } ?? "", shapes(tensor))
    }
    return table.text + (identical > 0 ? "  \(counted(identical, "tensor")) identical\n" : "")
  }

  private func shapes(_ tensor: TensorDifference) -> String {
    let left = tensor.a.map { describe($0, tensor) }
    let right = tensor.b.map { describe($0, tensor) }
    if left == right { return left ?? "" }
    return [left, right].compactMap(\.self).joined(separator: " -> ")
  }

  private func describe(_ side: TensorDifference.Side, _ tensor: TensorDifference) -> String {
    tensor.status == .dtype
      ? "\(side.dtype.rawValue) \(side.shape)" : side.shape.description
  }

  private var metadataTable: String {
    let most = 60
    var table = Table([("key", .left), ("before", .left), ("after", .left)])
    for change in difference.metadata.prefix(most) {
      table.add(
        change.path.map { printable($0, limit: 40) }.joined(separator: "."),
        change.before.map { printable($0, limit: 40) } ?? "(absent)",
        change.after.map { printable($0, limit: 40) } ?? "(absent)")
    }
    let left = difference.metadata.count - most
    return table.text + (left > 0 ? "  … \(counted(left, "more value"))\n" : "")
  }
}
