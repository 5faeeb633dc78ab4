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
        ? "Best at epoch \(best.epoch): \(fixed(curves.percent(best.value), 2)) %"
        : "Best at epoch \(best.epoch): loss \(significant(best.value, 4))"
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
    addCurves(to: &page)
    addMovement(to: &page)
    addConditions(to: &page)
    let files = page.name("files")
    page.add("Files") { fileTable.node(id: files) }
    return page
  }

  /// The epoch of a file for a text.
  func epochName(_ place: Int) -> String { epoch(place).map { "\($0)" } ?? "?" }

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
    list += history.notes.prefix(20).map { (.doubt, [.text(sentence($0))]) }
    if history.notes.count > 20 {
      list.append((.doubt, [.text("and \(counted(history.notes.count - 20, "more note")).")]))
    }
    return callouts(list)
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
        table.add([])
        continue
      }
      table.add(
        .name(file.path), .count(file.epoch), .figured(file.bestAccuracy, 4),
        .figured(file.optimizer?.rates.first), .figured(file.optimizer?.steps?.upperBound, 6),
        .count(file.parameters), .name(file.copyOf.map { history.files[$0].path } ?? ""),
        .name(String(file.digest.prefix(16))))
    }
    return table
  }
}
