public import TPBytes
internal import TPCheckpoints
public import TPConversion
internal import TPModels
internal import TPTensors

extension ConversionReport {
  /// The keys of the JSON object, without the envelope.
  public func json(file: String) -> JSONValue {
    [
      "file": .string(file),
      "output": .string(output),
      "format": .string(format.rawValue),
      "architecture": plan.architecture.map { .string($0.name) } ?? .null,
      "parameters": .int(plan.parameters),
      "tensors": .int(plan.contents.tensors.count),
      "renamed": .array(
        plan.renamed.map { ["from": .string($0.from), "to": .string($0.to)] }),
      // What does not fit is an error: a report that exists has none of these.
      "missing": [],
      "unexpected": [],
      "mismatched": [],
      "left_out": .array(plan.leftOut.map(JSONValue.string)),
      "precision": "exact",
      "digest": .string(plan.digest),
      "bytes": .int(byteCount),
      "warnings": .array(plan.warnings.map(JSONValue.string)),
    ]
  }

  /// The report for a terminal.
  public func text(file: String) -> String {
    let architecture = plan.architecture.map { $0.name } ?? "no architecture"
    var text = "\(printable(file)) -> \(printable(output)): \(format.label), "
    text += "\(counted(plan.contents.tensors.count, "tensor")), every bit kept\n"
    text += "  \(architecture), \(grouped(plan.parameters)) parameters, \(bytes(byteCount))\n"
    if let classes = plan.contents.facts["classes"] { text += "  classes \(printable(classes))\n" }
    let carried = ["epoch", "best_val_acc"].compactMap { key in
      plan.contents.facts[key].map { "\(key) \($0)" }
    }
    if !carried.isEmpty { text += "  " + carried.joined(separator: ", ") + "\n" }
    if let first = plan.renamed.first {
      text +=
        "  renamed \(plan.renamed.count): \(printable(first.from)) is now \(printable(first.to))"
      text += plan.renamed.count > 1 ? ", and so on\n" : "\n"
    }
    if !plan.leftOut.isEmpty {
      text += "  left out: " + plan.leftOut.map { printable($0, limit: 60) }.joined(separator: ", ")
      text += "\n"
    }
    text += "  content digest \(plan.digest)\n"
    return text
  }
}
