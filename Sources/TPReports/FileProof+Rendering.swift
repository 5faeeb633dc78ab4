public import TPBytes
public import TPConversion
internal import TPTensors

extension FileProof {
  /// The keys of the JSON object, without the envelope.
  public func json(file: String) -> JSONValue {
    [
      "weights": .string(file),
      "container": container.map { .string($0.rawValue) } ?? .null,
      "architecture": architecture.map(JSONValue.string) ?? .null,
      "verdict": .string(verdict.rawValue),
      "reason": .string(reason),
      "checks": .array(
        checks.map {
          [
            "name": .string($0.name), "outcome": .string($0.outcome.rawValue),
            "detail": .string($0.detail),
          ]
        }),
      "source": source.map(\.json) ?? .null,
      "digest": digest.map(JSONValue.string) ?? .null,
    ]
  }

  /// The report for a terminal.
  public func text(file: String) -> String {
    var text = "\(printable(file)): \(words)\n  \(printable(reason, limit: 600))\n\n"
    var table = Table([("statement", .left), ("", .left), ("", .left)])
    for check in checks where check.outcome != .absent {
      table.add(
        check.name.replacing("_", with: " "),
        check.outcome == .contradicted ? "CONTRADICTED" : check.outcome.rawValue,
        printable(check.detail, limit: 200))
    }
    if !table.isEmpty { text += table.text }
    let absent = checks.filter { $0.outcome == .absent }.map { $0.name.replacing("_", with: " ") }
    if !absent.isEmpty { text += "  not stated: " + absent.joined(separator: ", ") + "\n" }
    if let source { text += "\n" + source.text }
    return text
  }

  private var words: String {
    switch verdict {
    case .holds: source == nil ? "the file is what it states" : "the tensors are the source's"
    case .broken:
      source == nil ? "the file is NOT what it states" : "the tensors are NOT the source's"
    case .undecided: "undecided"
    }
  }
}

extension SourceProof {
  fileprivate var json: JSONValue {
    [
      "file": .string(file),
      "digest": .string(digest),
      "is_named": isNamed.map(JSONValue.bool) ?? .null,
      "tensors": .array(
        rows.map { row in
          [
            "name": .string(row.name),
            "status": .string(row.status.rawValue),
            "dtype": .string(row.dtype.rawValue),
            "shape": .array(row.shape.extents.map(JSONValue.int)),
            "sources": .array(row.sources.map(JSONValue.string)),
            "changes": .array(row.changes.map(JSONValue.string)),
            "differing": row.differing.map(JSONValue.int) ?? .null,
            "first_difference": row.firstDifference.map(JSONValue.int) ?? .null,
          ]
        }),
      "parts": .array(
        parts.map {
          [
            "key": .string($0.key), "status": .string($0.status.rawValue),
            "difference": $0.difference.map(JSONValue.string) ?? .null,
          ]
        }),
    ]
  }

  /// How many of each, and the first that are not as declared.
  fileprivate var text: String {
    var text = "  against \(printable(file)), content digest \(digest)\n"
    let wrong = rows.filter { $0.status != .identical }
    var table = Table([
      ("tensor", .left), ("dtype", .left), ("shape", .left), ("from", .left), ("", .left),
    ])
    for row in wrong.isEmpty ? rows : Array(wrong.prefix(20)) {
      let past = row.sources.filter { $0 != row.name } + row.changes
      table.add(
        printable(row.name, limit: 80), row.dtype.rawValue, "\(row.shape)",
        past.map { printable($0, limit: 100) }.joined(separator: "; "),
        row.status == .identical ? "identical" : row.words)
    }
    text += table.text
    if wrong.count > 20 { text += "  and \(wrong.count - 20) more that are not as declared\n" }
    if !wrong.isEmpty {
      text += "  \(counted(rows.count - wrong.count, "tensor")) as declared\n"
    }
    for part in parts where part.status != .identical {
      let key = printable(part.key, limit: 80)
      text +=
        "  \(key): \(part.difference.map { printable($0, limit: 300) } ?? "not in the source")\n"
    }
    let same = parts.filter { $0.status == .identical }.map { printable($0.key, limit: 60) }
    if !same.isEmpty { text += "  kept as in the source: " + same.joined(separator: ", ") + "\n" }
    return text
  }
}
