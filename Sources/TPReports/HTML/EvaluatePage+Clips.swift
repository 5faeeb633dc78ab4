internal import TPBytes
internal import TPEvaluation

extension Evaluation {
  private func middle(_ place: Int, _ bin: Calibration.Bin) -> Double {
    bin.confidence ?? (Double(place) + 0.5) / Double(Calibration.binCount)
  }

  func calibrationChart(id: String) -> Node {
    let bins = calibration.bins.enumerated().filter { $0.element.clips > 0 }
    let most = Double(bins.map(\.element.clips).max() ?? 1)
    let ticks = Ticks(percents: Ticks(linear: 0, 1, count: 6))
    let points = bins.map { place, bin in
      (x: middle(place, bin), y: Double(bin.right) / Double(bin.clips))
    }
    var chart = LineChart(
      title: "Right as often as it says",
      description:
        "For each bin with clips, the mean of the highest probability across and the share"
        + " of clips that are right upwards; on the dotted line both are equal. The area of a mark is"
        + " the number of clips. The table of the bins has the figures.",
      across: "mean confidence", series: [.init(name: "share right", points: points)],
      ticksX: ticks, ticksY: ticks)
    chart.guide = ((0, 0), (1, 1))
    chart.weights = bins.map { Double($0.element.clips) / most }
    let counts = Histogram(
      title: "How sure it is",
      description: "How many clips have their highest probability in each of the"
        + " \(Calibration.binCount) bins. The table of the bins has the figures.",
      across: "confidence, up to",
      bins: calibration.bins.enumerated().map { place, bin in
        (percent(Double(place + 1) / Double(Calibration.binCount), decimals: 0), bin.clips)
      })
    return charts([chart.node(id: id), counts.node(id: id + "-counts")])
  }

  var calibrationRows: PageTable {
    var table = PageTable(
      "Clips by their highest probability.",
      [
        ("over", .number), ("up to", .number), ("clips", .number), ("right", .number),
        ("share right", .number), ("mean confidence", .number),
      ])
    for (place, bin) in calibration.bins.enumerated() {
      let count = Double(Calibration.binCount)
      table.add(
        .share(Double(place) / count), .share(Double(place + 1) / count), .count(bin.clips),
        .count(bin.right), .share(bin.clips == 0 ? nil : Double(bin.right) / Double(bin.clips)),
        .share(bin.confidence))
    }
    return table
  }

  /// The clips that are wrong first, each group by its loss.
  var clipRows: PageTable {
    var table = PageTable(
      "Every clip, those that are wrong first, the largest loss first.",
      [
        ("clip", .number), ("result", .mark), ("class", .name), ("taken for", .name),
        ("confidence", .number), ("loss", .number),
      ])
    let order = outcomes.sorted { a, b in
      if a.isRight != b.isRight { return b.isRight }
      let (first, second) = (a.loss.isNaN ? .infinity : a.loss, b.loss.isNaN ? .infinity : b.loss)
      return first == second ? a.clip < b.clip : first > second
    }
    for outcome in order.prefix(PageTable.mostRows) {
      table.add(
        .count(outcome.clip),
        outcome.isRight ? .mark(.good, "right") : .mark(.bad, "wrong"),
        .name(classes.name(outcome.label)),
        .name(outcome.predicted.map(classes.name) ?? "nothing"), .share(outcome.confidence),
        .figured(outcome.loss, 4))
    }
    table.skip(order.count - min(order.count, PageTable.mostRows))
    return table
  }
}

extension Ticks {
  /// The same marks of shares, said in per cent.
  init(percents ticks: Ticks) {
    self.init(
      values: ticks.values, texts: ticks.values.map { percent($0, decimals: 0) },
      isLogarithmic: ticks.isLogarithmic)
  }
}

extension PairedEvaluation {
  func add(to page: inout Page) {
    let (pairs, clips) = (page.name("pairs"), page.name("differing"))
    page.add("The two on the same clips") {
      pairTable.node(id: pairs)
      if differing.isEmpty {
        paragraph("The same class is predicted for every clip.")
      } else {
        differingTable.node(id: clips)
      }
    }
  }

  private var pairTable: PageTable {
    var table = PageTable(
      "Clips by who is right.",
      [("clips", .words), ("second right", .number), ("second wrong", .number)])
    table.add(.text("first right"), .count(bothRight), .count(test.onlyFirst))
    table.add(.text("first wrong"), .count(test.onlySecond), .count(bothWrong))
    return table
  }

  private var differingTable: PageTable {
    var table = PageTable(
      "Clips for which the two predict different classes.",
      [("clip", .number), ("class", .name), ("first", .name), ("second", .name)])
    for clip in differing.prefix(PageTable.mostRows) {
      table.add(
        .count(clip), .name(first.classes.name(first.outcomes[clip].label)),
        .name(first.outcomes[clip].predicted.map(first.classes.name) ?? "nothing"),
        .name(second.outcomes[clip].predicted.map(second.classes.name) ?? "nothing"))
    }
    table.skip(differing.count - min(differing.count, PageTable.mostRows))
    return table
  }
}
