internal import TPBytes
internal import TPParity

extension VerifyReport {
  /// Adds the parts of one golden.
  func add(to page: inout Page, prefix: String) {
    if !parity.diagnosis.isEmpty {
      page.add(prefix + "What is wrong") { diagnosisNotes }
    }
    let (chart, table) = (page.name("activations"), page.name("table"))
    page.add(prefix + (prefix.isEmpty ? "Activations" : "activations")) {
      paragraph(
        "Every recorded value is measured from a float64 truth in units of the rounding noise that"
          + " honest float32 has there (z). The line is the largest |z| of"
          + " \(significant(NoiseScore.maxLine)), and a root mean square of 2 (1 + 4 / √n).")
      activationCharts(id: chart)
      activationTable.node(id: table)
      unjudged
    }
    if !parity.ledger.isEmpty {
      let (chart, table) = (page.name("ledger"), page.name("table"))
      page.add(prefix + (prefix.isEmpty ? "Where the error enters" : "where the error enters")) {
        paragraph(
          "Each layer computed again from the golden's own record of what it read: what it adds"
            + " itself, and what the layers before it hand on.")
        ledgerCharts(id: chart)
        ledgerRows.node(id: table)
      }
    }
    addPredictions(to: &page, prefix)
    addAudit(to: &page, prefix)
  }

  private var diagnosisNotes: [Node] {
    callouts(parity.diagnosis.prefix(50).map { (.bad, note($0)) })
  }

  private func note(_ diagnosis: Diagnosis) -> [Node] {
    var content = [
      element(.p) {
        element(.strong) { named(diagnosis.layer) }
        ": \(sentence(diagnosis.sentence))"
      }
    ]
    if !diagnosis.remedy.isEmpty {
      content.append(paragraph("Remedy: \(sentence(diagnosis.remedy))"))
    }
    if let map = diagnosis.map {
      content.append(
        element(.p) {
          "In a map: "
          named(map, limit: 400)
        })
    }
    if !diagnosis.runnerUp.isEmpty {
      let left = "Left after it: rms z \(significant(diagnosis.residual)). Next best: "
      content.append(paragraph(left + sentence(diagnosis.runnerUp), "soft"))
    }
    return content
  }

  private var judged: [ActivationParity] {
    parity.activations.filter { $0.status == .holds || $0.status == .over }
  }

  private func activationCharts(id: String) -> Node {
    let rows = judged
    if rows.isEmpty { return .pieces([]) }
    let over = "\(rows.count { $0.status == .over }) of \(counted(rows.count, "activation"))"
    let ending = " \(over) are over a line. The table below has the figures."
    return charts([
      chart(
        "Largest |z|",
        "For each activation in forward order the largest |z|, PyTorch's and the port's; the line is"
          + " \(significant(NoiseScore.maxLine))." + ending,
        rows.map { ($0.name, $0.golden?.max, $0.port?.max) }, line: NoiseScore.maxLine
      ).node(id: id + "-max"),
      chart(
        "Root mean square of z, over its line",
        "For each activation in forward order the root mean square of z divided by its line,"
          + " PyTorch's and the port's; 1 is the line." + ending,
        rows.map { ($0.name, ofLine($0.golden), ofLine($0.port)) }, line: 1
      ).node(id: id + "-rms"),
    ])
  }

  private func ofLine(_ score: NoiseScore?) -> Double? {
    score.map { $0.rms / NoiseScore.rmsLine(count: $0.count) }
  }

  private func chart(
    _ title: String, _ description: String, _ rows: [(String, Double?, Double?)], line: Double
  ) -> RowChart {
    let rows = rows.map { RowChart.Row(name: $0, values: [$1, $2]) }
    let values = rows.flatMap(\.values).compactMap { $0 }.filter { $0 > 0 && $0.isFinite }
    let (least, most) = (values.min() ?? line, values.max() ?? line)
    return RowChart(
      title: title, description: description, series: ["PyTorch", "port"], rows: rows,
      ticks: most > 2 * line
        ? Ticks(logarithmic: min(max(least, line / 1000), line), min(most, 1e12))
        : Ticks(linear: 0, max(most, line)),
      limit: (line, "the line"))
  }

  private var activationTable: PageTable {
    var table = PageTable(
      "Activations in forward order; n is the number of values compared.",
      [
        ("activation", .name), ("result", .mark), ("n", .number), ("PyTorch max z", .number),
        ("PyTorch rms z", .number), ("port max z", .number), ("port rms z", .number),
        ("rms line", .number), ("max error", .number),
      ])
    for row in judged {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      let count = (row.golden ?? row.port)?.count ?? 0
      table.add(
        .name(row.name),
        row.status == .over ? .mark(.bad, overWords(row)) : .mark(.good, "holds"), .count(count),
        .figured(row.golden?.max), .figured(row.golden?.rms), .figured(row.port?.max),
        .figured(row.port?.rms), .figured(NoiseScore.rmsLine(count: count)),
        .figured(row.maxError))
    }
    return table
  }

  private func overWords(_ row: ActivationParity) -> String {
    if let problem = row.problem { return "over: " + abridged(problem) }
    let sides = [("PyTorch", row.goldenIsOver), ("port", row.portIsOver)]
    return "over: " + sides.filter(\.1).map(\.0).joined(separator: ", ")
  }

  /// What was not compared, and why.
  private var unjudged: [Node] {
    var nodes: [Node] = []
    for (status, title) in [
      (ActivationParity.Status.absent, "Not recorded"), (.unknown, "Not of this model"),
    ] {
      let rows = parity.activations.filter { $0.status == status }
      if rows.isEmpty { continue }
      let shown = rows.prefix(100)
      nodes.append(
        folded("\(title): \(counted(rows.count, "activation"))") {
          element(.ul) {
            for row in shown {
              element(.li) {
                named(row.name)
                row.problem.map { ": \($0)" } ?? ""
              }
            }
          }
          if rows.count > shown.count { paragraph("and \(grouped(rows.count - shown.count)) more") }
        })
    }
    return nodes
  }
}
