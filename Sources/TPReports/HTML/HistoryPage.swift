internal import TPBytes
internal import TPComparison

extension HistoryReport {
  /// The report as one self-contained page.
  public var html: String { page.html }

  package var page: Page {
    let headline: String
    var mark = Mark.plain
    if let curves = history.curves, let best = curves.best {
      headline =
        best.isByAccuracy
        ? "Best validation accuracy \(fixed(curves.percent(best.value), 2))\u{A0}%,"
          + " at epoch \(best.epoch)"
        : "Least validation loss \(significant(best.value, 4)), at epoch \(best.epoch)"
    } else {
      headline = history.isEmpty ? "Nothing to tell" : counted(history.files.count, "checkpoint")
    }
    if history.isEmpty { mark = .doubt }
    if !history.nonFinite.isEmpty || !history.failures.isEmpty { mark = .bad }
    var page = Page(
      command: "history", title: "\(headline): \(source)", mark: mark, headline: headline)
    page.summary = [
      element(.p, .class("lead")) { named(source, limit: 400) },
      paragraph(sentence(summary)),
    ]
    page.summary += failureCallouts + factCallouts
    page.summary.append(factList(facts, isBig: true))
    addCurves(to: &page)
    addMovement(to: &page)
    addConditions(to: &page)
    let files = page.name("files")
    page.add("Files") { fileTable.node(id: files) }
    return page
  }

  private var failureCallouts: [Node] {
    callouts(
      history.failures.prefix(20).map {
        (.bad, [.text(sentence("could not read \($0.description)"))])
      }
    )
  }

  private var factCallouts: [Node] {
    var list: [(mark: Mark, content: [Node])] = history.nonFinite.prefix(5).map { found in
      (
        .bad,
        [
          .text("NaN or infinity at epoch \(epochName(found.file)) in "), named(found.tensor),
          .text(": \(grouped(found.nan)) NaN, \(grouped(found.infinite)) infinite."),
        ]
      )
    }
    list += history.notes.prefix(20).map { (.plain, [.text(sentence($0))]) }
    if history.notes.count > 20 {
      list.append((.plain, [.text("and \(counted(history.notes.count - 20, "more note")).")]))
    }
    return callouts(list)
  }

  private var facts: [(term: String, value: [Node])] {
    var list: [(term: String, value: [Node])] = []
    func add(_ term: String, _ text: String) { list.append((term, [.text(text)])) }
    let epochs = history.sequence.compactMap { epoch($0) }
    add("Checkpoints", grouped(history.files.count))
    if let first = epochs.first, let last = epochs.last {
      add("Epochs", first == last ? "\(first)" : "\(first) to \(last)")
    }
    if let curves = history.curves {
      if let last = curves.recorded.validationAccuracies.last {
        add("Last validation accuracy", "\(significant(curves.percent(last), 4)) %")
      }
      if let best = curves.best, let gap = curves.gap(at: best.epoch),
        let last = curves.gaps.last
      {
        add("Training less validation", "\(figure(gap)) → \(figure(last)) points")
      }
    }
    if let share = history.steps.last?.model.fromFirst {
      add("Weights moved from the first", movedPercent(share))
    }
    let rates = history.sequence.compactMap { history.files[$0].optimizer?.rates.first }
    if let first = rates.first, let last = rates.last {
      let before = first == last ? "" : "\(significant(first)) → "
      add("Learning rate", before + significant(last))
    }
    return list
  }

  private var fileTable: PageTable {
    var table = PageTable(
      "Every checkpoint, by epoch.",
      [
        ("file", .name), ("epoch", .number), ("best accuracy", .number),
        ("learning rate", .number), ("optimizer steps", .number), ("parameters", .number),
        ("copy of", .name), ("digest of the weights", .name),
      ])
    for file in history.files {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(
        .name(inside(source, file.path)), .count(file.epoch), .figured(file.bestAccuracy, 4),
        .figured(file.optimizer?.rates.first),
        .number(
          file.optimizer?.steps?.upperBound,
          file.optimizer?.steps.map { significant($0.upperBound, 9) } ?? ""),
        .count(file.parameters),
        .name(file.copyOf.map { inside(source, history.files[$0].path) } ?? ""),
        .name(String(file.digest.prefix(16))))
    }
    return table
  }
}
