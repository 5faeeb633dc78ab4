public import TPBytes
internal import TPCheckpoints
public import TPConversion
internal import TPModels
internal import TPParity
internal import TPTensors

extension ConversionReport {
  /// The keys of the JSON object, without the envelope.
  public func json(file: String) -> JSONValue {
    .object(members(file: file))
  }

  private func members(file: String) -> [JSONValue.Member] {
    let before: JSONValue = [
      "file": .string(file),
      "output": .string(output),
      "dry_run": .bool(state == .planned),
      "format": .string(format.rawValue),
      "architecture": plan.architecture.map { .string($0.name) } ?? .null,
      "parameters": .int(plan.parameters),
      "tensors": .int(plan.contents.tensors.count),
      "container": plan.container.map(JSONValue.string) ?? .null,
      "plan": .array(plan.tensors.map(\.json)),
      "dropped": .array(
        plan.dropped.map {
          [
            "name": .string($0.name), "sources": .array($0.sources.map(JSONValue.string)),
            "rule": .int($0.rule),
          ]
        }),
      "renamed": .array(
        plan.renamed.map { ["from": .string($0.from), "to": .string($0.to)] }),
      // What does not fit is an error: a report that exists has none of these.
      "missing": [],
      "unexpected": [],
      "mismatched": [],
      "aliases": .array(aliases.map { .array($0.map(JSONValue.string)) }),
      "overlapping": .array(overlapping.map { .array($0.map(JSONValue.string)) }),
      "storages": .string(format.keepsStorages ? "shared" : "separate"),
      "kept": .array(plan.kept.map(JSONValue.string)),
      "left_out": .array(plan.leftOut.map(JSONValue.string)),
    ]
    let after: JSONValue = [
      "layout": .string(plan.layout.rawValue),
      "summed_biases": .array(plan.summedBiases.map(JSONValue.string)),
      "digest": .string(plan.digest),
      "tensor_bytes": .int(plan.tensorBytes),
      "bytes": byteCount.map(JSONValue.int) ?? .null,
      "verification": verification?.json(classes: classes) ?? .null,
      "warnings": .array(plan.warnings.map(JSONValue.string)),
    ]
    return (before.members ?? []) + plan.precisionMembers + (after.members ?? [])
  }

  /// The report for a terminal.
  public func text(file: String) -> String {
    let architecture =
      plan.architecture.map { printable($0.name, limit: 60) } ?? "no architecture"
    var text = "\(printable(file)) -> \(printable(output)): \(format.label), "
    text += "\(counted(plan.contents.tensors.count, "tensor")), \(plan.precisionWords)"
    text += state == .written ? "\n" : "; nothing is written\n"
    text += "  \(architecture), \(counted(plan.parameters, "parameter")), "
    text += byteCount.map(bytes) ?? "\(bytes(plan.tensorBytes)) of tensors"
    text += "\n"
    if let classes = plan.contents.facts["classes"] { text += "  classes \(printable(classes))\n" }
    let carried = ["epoch", "best_val_acc"].compactMap { key in
      plan.contents.facts[key].map { "\(key) \(printable($0, limit: 60))" }
    }
    if !carried.isEmpty { text += "  " + carried.joined(separator: ", ") + "\n" }
    text += state == .planned ? plan.table : plan.changed
    if !plan.dropped.isEmpty {
      text += "  dropped: " + list(plan.dropped.map { "\($0.name) (rule \($0.rule))" }) + "\n"
    }
    text += shared
    if !plan.kept.isEmpty { text += "  kept: " + list(plan.kept) + "\n" }
    if !plan.leftOut.isEmpty { text += "  left out: " + list(plan.leftOut) + "\n" }
    text += plan.precisionLines + plan.kerasLine
    text += "  content digest \(plan.digest)\n"
    if let verification { text += verification.text(classes: classes) }
    return text
  }

  private var aliases: [[String]] { plan.contents.tensors.sharing.aliases }
  private var overlapping: [[String]] { plan.contents.tensors.sharing.overlapping }

  /// Which tensors share memory, and what becomes of that in the format; at most ten lines each.
  private var shared: String {
    lines(
      aliases, joined: " = ",
      format.keepsAliases ? "one tensor, written once" : "one tensor, written under each name")
      + lines(
        overlapping, joined: ", ",
        format.keepsStorages ? "overlapping, still of one storage" : "overlapping, each in full")
  }

  private func lines(_ groups: [[String]], joined separator: String, _ what: String) -> String {
    var text = ""
    for group in groups.prefix(10) {
      let more = group.count > 10 ? " and \(group.count - 10) more" : ""
      let names = group.prefix(10).map { printable($0, limit: 60) }.joined(separator: separator)
      text += "  \(what): \(names)\(more)\n"
    }
    if groups.count > 10 { text += "  and \(groups.count - 10) more groups: \(what)\n" }
    return text
  }

  /// The class names in index order, where they are known.
  private var classes: [String]? {
    plan.contents.facts["classes"].flatMap { try? JSONValue(parsing: $0) }?.array?.compactMap(
      \.string)
  }

  private func list(_ names: [String]) -> String {
    let more = names.count > 30 ? " and \(names.count - 30) more" : ""
    return names.prefix(30).map { printable($0, limit: 60) }.joined(separator: ", ") + more
  }
}

extension ConversionVerification {
  fileprivate func json(classes: [String]?) -> JSONValue {
    [
      "golden": .string(golden),
      "golden_digest": .string(goldenDigest),
      "verdict": .string(parity.verdict.rawValue),
      "reason": .string(parity.reason),
      "clips": .int(parity.clips),
      "before": before.map {
        ["verdict": .string($0.verdict.rawValue), "reason": .string($0.reason)]
      } ?? .null,
      "price": price?.json(classes: classes) ?? .null,
    ]
  }

  fileprivate func text(classes: [String]?) -> String {
    let golden = printable(golden)
    var text = ""
    if let before {
      text +=
        "  parity before \(before.verdict == .holds ? "holds" : "does NOT hold") with \(golden):"
      text += " \(printable(before.reason, limit: 400))\n"
    }
    text += "  parity\(before == nil ? "" : " after") "
    text += "\(parity.verdict == .holds ? "holds" : "does NOT hold") with \(golden):"
    text += " \(printable(parity.reason, limit: 400))\n"
    return text + (price?.text(classes: classes) ?? "")
  }
}

extension ConversionPlan {
  /// Bytes of all elements.
  fileprivate var tensorBytes: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  /// Every tensor with its source and what happens to it.
  fileprivate var table: String {
    var table = Table([
      ("tensor", .left), ("dtype", .left), ("shape", .left), ("bytes", .right), ("from", .left),
    ])
    for tensor in tensors {
      table.add(
        printable(tensor.name, limit: 80), tensor.dtype.rawValue, "\(tensor.shape)",
        grouped(tensor.byteCount), tensor.past)
    }
    let place = container.map { "  from \(printable($0)):\n" } ?? ""
    return place + table.text
  }

  /// What was renamed, and what was changed besides, at most ten lines.
  fileprivate var changed: String {
    var text = ""
    if let first = renamed.first {
      text += "  renamed \(renamed.count): \(printable(first.from)) is now \(printable(first.to))"
      text += renamed.count > 1 ? ", and so on\n" : "\n"
    }
    let told = namesInPrecisionLines
    // Where Keras looks for each is told as a whole.
    let changed =
      layout == .keras
      ? [] : tensors.filter { !$0.changes.isEmpty && !told.contains($0.name) }
    for tensor in changed.prefix(10) {
      text += "  \(printable(tensor.name, limit: 80)): \(tensor.past)\n"
    }
    if changed.count > 10 {
      text += "  and \(counted(changed.count - 10, "tensor")) more changed\n"
    }
    return text
  }
}

extension PlannedTensor {
  fileprivate var json: JSONValue {
    [
      "name": .string(name),
      "dtype": .string(dtype.rawValue),
      "shape": .array(shape.extents.map(JSONValue.int)),
      "bytes": .int(byteCount),
      "sources": .array(sources.map(JSONValue.string)),
      "changes": .array(changes.map(JSONValue.string)),
    ]
  }

  /// Its source and what was done, for a cell or a line.
  fileprivate var past: String {
    let own =
      sources == [name] ? "" : sources.map { printable($0, limit: 80) }.joined(separator: " + ")
    let done = changes.map { printable($0, limit: 120) }.joined(separator: "; ")
    return own.isEmpty ? done : done.isEmpty ? own : own + "; " + done
  }
}

extension ConversionPlan {
  /// What the layout of Keras changed, as a line; empty for PyTorch's layout.
  fileprivate var kerasLine: String {
    if layout == .torch { return "" }
    var text = "  layout of Keras 3: keras.Model.load_weights opens it"
    if !summedBiases.isEmpty {
      text += "; the two biases of "
      text += summedBiases.map { printable($0, limit: 60) }.joined(separator: ", ")
      text += " are one, their sum in float32"
    }
    return text + "\n"
  }
}
