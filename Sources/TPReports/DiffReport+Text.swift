internal import TPBytes
internal import TPComparison

extension DiffReport {
  /// The parts of the report: a title, what is said before the table, and the table.
  private var parts: [(title: String, lines: [String], table: DiffTable?)] {
    var parts: [(title: String, lines: [String], table: DiffTable?)] = []
    if !difference.isIdentical {
      parts.append(("header", onlyOnOneSide, headerTable))
    }
    let identical = difference.tensors.count { $0.status == .identical }
    if identical < difference.tensors.count {
      let lines = identical > 0 ? ["\(counted(identical, "tensor")) identical"] : []
      parts.append(("tensors", lines, tensorTable))
    }
    if haveBatchNormsChanged {
      let steps = Set(difference.batchNorms.map(\.steps))
      let lines =
        steps.count > 1
        ? ["their counters do not agree on the steps between the two"]
        : difference.countedSteps.map { ["all count \(counted($0, "step"))"] } ?? []
      parts.append(("batch norms", lines, batchNormTable))
    }
    if hasOptimizerStepped, let optimizer = difference.optimizer {
      parts.append(("optimizer", remarks(optimizer), optimizerTable))
    }
    for change in difference.behaviours {
      parts.append(
        (
          "on \(printable(change.source))", [outcome(change)],
          change.flips.isEmpty ? nil : flipTable(change)
        ))
    }
    if !difference.metadata.isEmpty {
      let left = difference.metadata.count - Self.mostRows
      parts.append(("metadata", left > 0 ? ["\(counted(left, "value")) more"] : [], metadataTable))
    }
    return parts
  }

  /// Whether the statistics of a batch norm are others; weights alone may be what differs.
  var haveBatchNormsChanged: Bool {
    difference.batchNorms.contains { norm in
      // Where every variance is zero there is no measure of either.
      if let shift = norm.meanShift, shift != 0 { return true }
      if let ratio = norm.varianceRatio, ratio != 1...1 { return true }
      return norm.deadInA != norm.deadInB || norm.batchesInA != norm.batchesInB
    }
  }

  /// Whether the optimizer has something to tell: a step, a parameter that moved, a state that is odd.
  var hasOptimizerStepped: Bool {
    guard let optimizer = difference.optimizer else { return false }
    return !difference.otherTensors.isIdentical || !remarks(optimizer).isEmpty
      || optimizer.parameters.contains { ($0.observed ?? 0) != 0 || ($0.steps ?? 0) != 0 }
  }

  /// What stands in the top level of one file only.
  var onlyOnOneSide: [String] {
    let sides = difference.headers.map(\.parts)
    guard difference.headers[0].container == difference.headers[1].container else { return [] }
    return [(sides[0], sides[1], "a"), (sides[1], sides[0], "b")].compactMap { own, other, name in
      let set = Set(other)
      let alone = own.filter { !set.contains($0) }
      if alone.isEmpty || alone.count == own.count { return nil }
      return "only in \(name): "
        + alone.prefix(20).map { printable($0, limit: 40) }.joined(separator: ", ")
    }
  }

  /// What is odd about an optimizer.
  func remarks(_ optimizer: OptimizerChange) -> [String] {
    var lines: [String] = []
    func add(_ names: [String], _ clause: String) {
      if names.isEmpty { return }
      lines.append(
        "\(clause): " + names.prefix(8).joined(separator: ", ")
          + (names.count > 8 ? " and \(names.count - 8) more" : ""))
    }
    add(optimizer.frozen.map { printable($0, limit: 60) }, "did not move although stepped")
    add(optimizer.withoutParameter.map { "\($0)" }, "states of no parameter")
    add(optimizer.withoutState.map { printable($0, limit: 60) }, "parameters without a state")
    return lines
  }

  private var explanations: [String] {
    var lines: [String] = []
    if !difference.leftOut.isEmpty {
      lines.append(
        "not compared, one side does not carry it: "
          + difference.leftOut.map { printable($0, limit: 60) }.joined(separator: ", "))
    }
    // What is not identical begins with it.
    if difference.isIdentical, let derivation = difference.derivation {
      lines.append("\(derivation.made) was made from the other: \(derivation.reason)")
    }
    for verdict in verdicts {
      lines.append(
        verdict.evidence.map { "FAILS \(verdict.rule): \($0)" } ?? "holds: \(verdict.rule)")
    }
    return lines
  }

  /// The report for a terminal.
  public var text: String {
    var text = "\(printable(a)) -> \(printable(b))\n"
    text += wrapped(
      lines: ([summary] + explanations).map { "  \($0)\n" }.joined(), width: max(width, 60))
    for part in parts {
      text += "\n\(part.title)\n"
      text += wrapped(
        lines: part.lines.map { "  \($0)\n" }.joined(), width: max(width, 60))
      if let table = part.table, !table.rows.isEmpty { text += table.text(width: width) }
    }
    return text
  }

  /// The report as Markdown.
  public var markdown: String {
    var text = "### \(escaped(a)) -> \(escaped(b))\n\n\(escaped(summary, limit: 2000))\n\n"
    text += explanations.map { "- \(escaped($0, limit: 2000))\n" }.joined()
    if !explanations.isEmpty { text += "\n" }
    for part in parts {
      text += "#### \(escaped(part.title))\n\n"
      text += part.lines.map { "\(escaped($0, limit: 1000))\n\n" }.joined()
      guard var table = part.table, !table.rows.isEmpty else { continue }
      if table.rows.count > 300 { table.rows.removeLast(table.rows.count - 300) }
      text += table.markdown
    }
    return text
  }
}
