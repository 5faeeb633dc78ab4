public import TPBytes
public import TPCheckpoints
internal import TPTensors
internal import TPTorchFiles

extension RecoveredFile {
  /// The keys of the JSON object, without the envelope.
  public func json(file: String) -> JSONValue {
    [
      "file": .string(file),
      "output": .string(output),
      "format": .string(format.rawValue),
      "container": .string(container.rawValue),
      "bytes": .int(byteCount),
      "written": .int(written),
      "intact": .int(entries.count { $0.state == .intact }),
      "unverified": .int(entries.count { $0.state.name == "unverified" }),
      "lost": .int(entries.count { $0.state.name == "lost" }),
      "tensors": .array(
        entries.map { entry in
          let tensor = entry.record.tensor
          return [
            "name": .string(entry.record.name),
            "path": .array(entry.record.path.map(JSONValue.string)),
            "dtype": entry.isDescribed ? .string(tensor.dtype.rawValue) : .null,
            "shape": entry.isDescribed
              ? .array(tensor.shape.extents.map(JSONValue.int)) : .null,
            "storage": .string(tensor.storage.key),
            "state": .string(entry.state.name),
            "written": .bool(entry.obstacle == nil),
            "reason": (entry.obstacle ?? entry.state.reason).map(JSONValue.string) ?? .null,
          ]
        }),
    ]
  }

  /// The report for a terminal.
  public func text(file: String) -> String {
    let intact = entries.count { $0.state == .intact }
    let unverified = entries.count { $0.state.name == "unverified" }
    let lost = entries.count { $0.state.name == "lost" }
    var text = "\(printable(file)) -> \(printable(output)): \(format.label), "
    text += "\(grouped(written)) of \(counted(entries.count, "tensor")), \(bytes(byteCount))\n"
    text +=
      "  \(grouped(intact)) intact, \(grouped(unverified)) unverified, \(grouped(lost)) lost\n"
    text += group(
      "unverified, written", entries.filter { $0.state.reason != nil && $0.obstacle == nil })
    text += group("not written", entries.filter { $0.obstacle != nil })
    return text
  }

  private func group(_ title: String, _ entries: [Entry]) -> String {
    if entries.isEmpty { return "" }
    var table = Table([("name", .left), ("shape", .left), ("reason", .left)])
    for entry in entries {
      table.add(
        printable(entry.record.name, limit: 80),
        entry.isDescribed ? entry.record.tensor.shape.description : "?",
        printable(entry.obstacle ?? entry.state.reason ?? ""))
    }
    return "\n\(title)\n" + table.text
  }
}

extension Recovery.State {
  /// The word for it in reports.
  fileprivate var name: String {
    switch self {
    case .intact: "intact"
    case .unverified: "unverified"
    case .lost: "lost"
    }
  }

  fileprivate var reason: String? {
    switch self {
    case .intact: nil
    case .unverified(let reason), .lost(let reason): reason
    }
  }
}
