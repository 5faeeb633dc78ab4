internal import TPBytes
internal import TPComparison

extension DiffReport {
  /// The report as one self-contained page.
  public var html: String { page.html }

  package var page: Page {
    let (headline, mark) = verdict
    var page = Page(
      command: "diff", title: "\(headline): \(abridged(a, limit: 60)) to \(abridged(b, limit: 60))",
      mark: mark, headline: headline)
    page.summary = [
      element(.p, .class("lead")) {
        named(a, limit: 400)
        " compared with "
        named(b, limit: 400)
      },
      paragraph(sentence(summary)),
    ]
    page.summary += callouts(remarkable)
    page.summary.append(factList(facts, isBig: true))
    addRules(to: &page)
    addTensors(to: &page)
    for place in difference.behaviours.indices { addBehaviour(place, to: &page) }
    addHeader(to: &page)
    addBatchNorms(to: &page)
    addOptimizer(to: &page)
    addMetadata(to: &page)
    return page
  }

  /// The one thing to know, and how it stands. That two files differ is neither good nor bad.
  private var verdict: (String, Mark) {
    guard difference.comparedAny else { return ("No tensor could be compared", .doubt) }
    let fired = verdicts.count { $0.evidence != nil }
    if fired > 0 {
      return ("\(grouped(fired)) of \(counted(verdicts.count, "rule")) broken", .bad)
    }
    if !verdicts.isEmpty {
      return (verdicts.count == 1 ? "The rule holds" : "All \(verdicts.count) rules hold", .good)
    }
    if difference.isIdentical {
      let isSame = difference.derivation == nil && !difference.tensors.contains { $0.cast != nil }
      return (isSame ? "Nothing differs" : "Every value is the same", .good)
    }
    if difference.derivation != nil { return ("Different as declared", .plain) }
    let nans = difference.tensors.count { $0.nanInB > 0 }
    if nans > 0 { return ("\(counted(nans, "tensor")) with NaN", .bad) }
    if let movement = overallMovement {
      return ("Weights moved \(movedPercent(movement.share))", .plain)
    }
    let unlike = difference.tensors.count { $0.status != .identical }
    if unlike > 0 {
      return (
        "\(grouped(unlike)) of \(counted(difference.tensors.count, "tensor")) differ", .plain
      )
    }
    return ("The weights are the same, and more differs", .plain)
  }

  private var remarkable: [(mark: Mark, content: [Node])] {
    var list: [(mark: Mark, content: [Node])] = []
    // The sentence above says it of what is not identical.
    if difference.isIdentical, let derivation = difference.derivation {
      let made = derivation.made == "a" ? (a, b) : (b, a)
      list.append(
        (
          .good,
          [
            named(made.0, limit: 200), .text(" was made from "), named(made.1, limit: 200),
            .text(", and this is all there is: \(derivation.reason)."),
          ]
        ))
    }
    if !difference.leftOut.isEmpty {
      let names = difference.leftOut.prefix(20).map { printable($0, limit: 60) }
      let more = difference.leftOut.count - names.count
      list.append(
        (
          .plain,
          [
            .text(
              "Not compared, because one side does not carry it: \(names.joined(separator: ", "))"
                + (more > 0 ? " and \(grouped(more)) more." : "."))
          ]
        ))
    }
    for line in onlyOnOneSide { list.append((.doubt, [.text(sentence(line))])) }
    return list
  }

  private var facts: [(term: String, value: [Node])] {
    var list: [(term: String, value: [Node])] = []
    func add(_ term: String, _ text: String) { list.append((term, [.text(text)])) }
    let (left, right) = (difference.headers[0], difference.headers[1])
    if let before = left.epoch, let after = right.epoch { add("Epoch", "\(before) → \(after)") }
    if difference.derivation == nil, let movement = overallMovement {
      add("Weights moved", movedPercent(movement.share))
    }
    let tensors = difference.tensors
    add(
      "Tensors that differ",
      "\(grouped(tensors.count { $0.status != .identical })) of \(grouped(tensors.count))")
    for (key, term) in [("val_acc", "Validation accuracy"), ("best_val_acc", "Best accuracy")] {
      guard let before = left.figures.first(where: { $0.key == key })?.value,
        let after = right.figures.first(where: { $0.key == key })?.value
      else { continue }
      add(term, "\(significant(before, 4)) → \(significant(after, 4))")
      break
    }
    for change in difference.behaviours.prefix(1) where !change.clips.isEmpty {
      add("Predictions that flip", "\(change.flips.count) of \(grouped(change.clips.count))")
      if let right = change.right { add("Right", "\(right.before) → \(right.after)") }
    }
    if let steps = difference.countedSteps { add("Steps between", grouped(steps)) }
    return list
  }

  private func addRules(to page: inout Page) {
    if verdicts.isEmpty { return }
    var table = PageTable(
      "What --fail-on asked for, and what speaks against it.",
      [("rule", .words), ("result", .mark), ("evidence", .words)])
    table.isStacked = true
    for verdict in verdicts {
      table.add(
        .text(verdict.rule),
        verdict.evidence == nil ? .mark(.good, "holds") : .mark(.bad, "broken"),
        .text(verdict.evidence.map(sentence) ?? ""))
    }
    let id = page.name("rules")
    page.add("Rules") { table.node(id: id) }
  }

  private func addHeader(to page: inout Page) {
    if difference.isIdentical { return }
    var table = PageTable(
      "What each file says of itself.",
      [("of the file", .words), ("a", .number), ("b", .number), ("change", .number)])
    for row in headerRows {
      func cell(_ value: HeaderValue?) -> PageTable.Cell {
        switch value {
        case nil: .number(nil, "absent")
        case .text(let text): .nodes([named(text, limit: 120)])
        case .number(let value): .number(value, significant(value, 6))
        }
      }
      table.add(
        .text(abridged(row.name, limit: 60)), cell(row.before), cell(row.after),
        .number(row.change, row.change.map { ($0 > 0 ? "+" : "") + significant($0, 6) } ?? ""))
    }
    let id = page.name("header")
    page.add("Both files") { table.node(id: id) }
  }
}
