internal import TPBytes
internal import TPComparison

extension AuditReport {
  /// The report as one self-contained page.
  public var html: String { page.html }

  package var page: Page {
    let failed = audit.checks.count { $0.status == .failed || $0.status == .couldNot }
    let headline =
      failed == 0
      ? "All \(audit.count(.ok)) checks hold"
      : "\(counted(failed, "check")) \(failed == 1 ? "does" : "do") not hold"
    var page = Page(
      command: "audit", title: "\(headline): \(source)", mark: failed == 0 ? .good : .bad,
      headline: headline)
    page.summary = [
      element(.p, .class("lead")) { named(source, limit: 400) },
      paragraph(sentence(summary)), factList(facts, isBig: true),
    ]
    let checks = page.name("checks")
    page.add("Checks") { checkTable.node(id: checks) }
    let files = page.name("files")
    page.add("Files") {
      fileTable.node(id: files)
      passedOver
    }
    for dataset in audit.datasets.prefix(20) { add(dataset, to: &page) }
    return page
  }

  private var facts: [(term: String, value: [Node])] {
    let size = audit.files.compactMap(\.byteCount).reduce(0) {
      $0.addingReportingOverflow($1).partialValue
    }
    let epochs = Set(audit.files.compactMap { $0.run?.epoch })
    var list: [(term: String, value: [Node])] = []
    func add(_ term: String, _ text: String) { list.append((term, [.text(text)])) }
    let asked = audit.checks.count - audit.count(.notApplicable)
    add("Checks that hold", "\(audit.count(.ok)) of \(asked)")
    add("Checkpoints", grouped(audit.files.count))
    if let first = epochs.min(), let last = epochs.max() {
      add("Epochs", first == last ? "\(first)" : "\(first) to \(last)")
    }
    add("Together", bytes(size))
    return list
  }

  private var checkTable: PageTable {
    var table = PageTable(
      "What was asked of the delivery, and what was found.",
      [("check", .words), ("result", .mark), ("evidence", .words), ("files", .words)])
    table.isStacked = true
    for check in audit.checks {
      let (mark, word): (Mark, String) =
        switch check.status {
        case .ok: (.good, "holds")
        case .failed: (.bad, "failed")
        case .notApplicable: (.plain, "not applicable")
        case .couldNot: (.bad, "could not")
        }
      table.add(
        .text(check.kind.title), .mark(mark, word), .text(sentence(check.evidence)),
        .nodes(names(check.files)))
    }
    return table
  }

  /// The first files of a check, each on a line.
  private func names(_ files: [String]) -> [Node] {
    var nodes: [Node] = files.prefix(5).map { file in
      element(.div) { named(inside(source, file), limit: 60) }
    }
    if files.count > 5 { nodes.append(.text("and \(files.count - 5) more")) }
    return nodes
  }

  private var fileTable: PageTable {
    var table = PageTable(
      "Every checkpoint.",
      [
        ("file", .name), ("epoch", .number), ("bytes", .number), ("SHA-256", .name),
        ("problem", .words),
      ])
    for file in audit.files {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(
        .name(inside(source, file.path)), .count(file.run?.epoch), .count(file.byteCount),
        .name(file.sha256.map { String($0.prefix(16)) } ?? ""),
        .text(file.error.map { sentence($0.description) } ?? ""))
    }
    return table
  }

  private var passedOver: [Node] {
    if audit.passedOver.isEmpty { return [] }
    return [
      folded("Beside them, without weights: \(counted(audit.passedOver.count, "file"))") {
        element(.ul) {
          for file in audit.passedOver.prefix(100) { element(.li) { named(inside(source, file)) } }
        }
      }
    ]
  }

  private func add(_ dataset: DatasetCount, to page: inout Page) {
    let id = page.name("dataset")
    let most = dataset.classes.map(\.count).max() ?? 0
    var chart = RowChart(
      title: "Lines of each class",
      description: "How many lines of the dataset each class has. The table below has the figures.",
      series: ["lines"],
      rows: dataset.classes.prefix(RowChart.mostRows).map {
        .init(name: $0.name, values: [Double($0.count)])
      }, ticks: Ticks(linear: 0, Double(max(most, 1))), unit: { significant($0, 9) })
    chart.more = dataset.classes.count - chart.rows.count
    page.add("Dataset \(abridged(dataset.file, limit: 60))") {
      paragraph(
        "\(counted(dataset.rows, "line")); largest class over smallest:"
          + " \(dataset.balance.map { significant($0, 4) } ?? "none").")
      charts([chart.node(id: id + "-chart")])
      classTable(dataset).node(id: id)
    }
  }

  private func classTable(_ dataset: DatasetCount) -> PageTable {
    var table = PageTable("Classes.", [("class", .name), ("lines", .number)])
    for entry in dataset.classes.prefix(PageTable.mostRows) {
      table.add(.name(entry.name), .count(entry.count))
    }
    table.skip(dataset.classes.count - min(dataset.classes.count, PageTable.mostRows))
    return table
  }
}
