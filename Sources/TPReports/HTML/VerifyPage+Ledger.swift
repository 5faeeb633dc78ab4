internal import TPBytes
internal import TPCheckpoints
internal import TPParity

extension VerifyReport {
  func ledgerCharts(id: String) -> Node {
    let rows = parity.ledger.map {
      RowChart.Row(name: $0.name, values: [$0.introduced, $0.inherited])
    }
    let values = rows.flatMap(\.values).compactMap { $0 }.filter { $0 > 0 && $0.isFinite }
    let ticks = Ticks(logarithmic: values.min() ?? 1e-8, values.max() ?? 1)
    var drawings = [
      RowChart(
        title: "Error of each layer",
        description: "For each layer in forward order, the root mean square of the error that it"
          + " introduces and of the error that it inherits, on a logarithmic axis, where an error of 0"
          + " has no place. The table below has the figures.",
        series: ["introduced", "inherited"], rows: rows, ticks: ticks
      ).node(id: id)
    ]
    let amplified = parity.ledger.map { RowChart.Row(name: $0.name, values: [$0.amplified]) }
    let factors = amplified.compactMap { $0.values[0] }.filter { $0 > 0 && $0.isFinite }
    if let low = factors.min(), let high = factors.max() {
      drawings.append(
        RowChart(
          title: "What a layer does to an error it is given",
          description: "The noise after each layer over the noise before it; above 1 it grows. The"
            + " table below has the figures.",
          series: ["amplified"], rows: amplified,
          ticks: Ticks(logarithmic: min(low, 1), max(high, 1)),
          unit: { significant($0) + " times" }
        ).node(id: id + "-amplified"))
    }
    return charts(drawings)
  }

  var ledgerRows: PageTable {
    var table = PageTable(
      "Layers in forward order. Errors are roots of mean squares in the unit of the activation; of 8"
        + " is the largest error in units of float32's worst case for one layer, whose line is 8.",
      [
        ("layer", .name), ("result", .mark), ("from", .name), ("n", .number),
        ("introduced", .number),
        ("inherited", .number), ("amplified", .number), ("max z", .number), ("rms z", .number),
        ("of 8", .number),
      ])
    for (row, entry) in zip(parity.isolated, parity.ledger) {
      table.add(
        .name(entry.name), row.status == .over ? .mark(.bad, "over") : .mark(.good, "holds"),
        .name(entry.source), .count(entry.count), .figured(entry.introduced),
        .figured(entry.inherited), .figured(entry.amplified), .figured(row.golden?.max),
        .figured(row.golden?.rms), .figured(row.ofBound))
    }
    return table
  }

  func addPredictions(to page: inout Page, _ prefix: String) {
    guard !parity.predictions.isEmpty else { return }
    let table = page.name("table")
    page.add(prefix + (prefix.isEmpty ? "Predictions" : "predictions")) {
      if let certificate = parity.certificate {
        paragraph(
          "The smallest margin between the two largest logits is \(significant(certificate.margin)),"
            + " the largest error of a logit \(significant(certificate.maxError)): "
            + (certificate.noPredictionCanFlip
              ? "no prediction can flip."
              : parity.predictions.contains { $0.expected != $0.found }
                ? "some flipped." : "a prediction could flip."))
      }
      if let price = parity.price {
        paragraph(
          "The weights were stored as \(price.precision.label): the logits moved by max z"
            + " \(significant(price.drift.max)), rms z \(significant(price.drift.rms)), and"
            + " \(counted(price.flipped.count, "prediction")) changed.")
      }
      predictionTable.node(id: table)
    }
  }

  /// Those that differ first.
  private var predictionTable: PageTable {
    var table = PageTable(
      "What is predicted for each clip; those that differ first.",
      [
        ("clip", .number), ("result", .mark), ("PyTorch", .name), ("port", .name),
        ("margin", .number),
        ("description", .words),
      ])
    let differing = parity.predictions.filter { $0.expected != $0.found }
    for prediction in differing + parity.predictions.filter({ $0.expected == $0.found }) {
      table.add(
        .count(prediction.clip),
        prediction.expected == prediction.found ? .mark(.good, "equal") : .mark(.bad, "flipped"),
        .name(name(prediction.expected)), .name(name(prediction.found)),
        .figured(prediction.margin), .text(prediction.description.map { abridged($0) } ?? ""))
    }
    return table
  }

  func addAudit(to page: inout Page, _ prefix: String) {
    guard let audit else { return }
    let (faults, missed) = (page.name("table"), page.name("table"))
    page.add(prefix + (prefix.isEmpty ? "What the golden would catch" : "what it would catch")) {
      paragraph(
        "\(grouped(audit.caught)) of \(counted(audit.injected, "injected fault")) were caught"
          + " (\(percent(audit.killScore, decimals: 1))).")
      survivors(audit).node(id: missed)
      folded("Every fault that was injected") { rows(audit).node(id: faults) }
    }
  }

  private func rows(_ audit: GoldenAudit) -> PageTable {
    var table = PageTable(
      "Faults injected one at a time.",
      [("layer", .name), ("fault", .words), ("injected", .number), ("caught", .number)])
    for row in audit.rows {
      table.add(
        .name(row.layer), .text(row.fault.rawValue), .count(row.injected), .count(row.caught))
    }
    return table
  }

  private func survivors(_ audit: GoldenAudit) -> PageTable {
    var table = PageTable(
      audit.survivors.isEmpty ? "No fault was missed." : "Faults that were missed.",
      [
        ("layer", .name), ("fault", .words), ("what", .words), ("why", .words),
        ("what to record", .words),
      ])
    for survivor in audit.survivors {
      table.add(
        .name(survivor.layer), .text(survivor.fault.rawValue), .text(survivor.what),
        .text(survivor.reason), .text(survivor.advice))
    }
    return table
  }
}
