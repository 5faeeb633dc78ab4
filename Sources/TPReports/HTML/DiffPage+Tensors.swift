internal import TPBytes
internal import TPComparison
internal import TPTensors

extension DiffReport {
  func addTensors(to page: inout Page) {
    let (chart, table, channels) = (page.name("moved"), page.name("tensors"), page.name("channels"))
    let (ulps, bins) = (page.name("ulps"), page.name("bins"))
    page.add("Tensors") {
      if isFiltered {
        paragraph(
          "\(grouped(shown.count)) of \(counted(difference.tensors.count, "tensor")), as --only and"
            + " --top choose.", "soft")
      }
      if let movement = movementChart { charts([movement.node(id: chart)]) }
      tensorRows.node(id: table)
      let channelRows = channelRows
      if !channelRows.isEmpty {
        folded("Channels that moved most") { channelRows.node(id: channels) }
      }
    }
    let moved = movedInUlps
    if moved.isEmpty { return }
    page.add("How far in units in the last place") {
      paragraph(
        "How many elements lie how many representable numbers apart, in the tensors that moved most."
          + " All have the same scale; the first bar is what did not change.")
      let multiples = SmallHistograms(moved)
      Node.element(
        .div, [.class("charts small")],
        moved.indices.map { multiples.node($0, id: "\(ulps)-\($0)") })
      folded("Table of the distances") { binTable(moved).node(id: bins) }
    }
  }

  /// Whether some tensors are not told of.
  private var isFiltered: Bool { shown.count < difference.tensors.count }

  /// Those with a relative movement, the largest first.
  private var moved: [(tensor: TensorDifference, share: Double)] {
    let list = shown.compactMap { tensor -> (tensor: TensorDifference, share: Double)? in
      guard tensor.status == .changed, tensor.a?.dtype.isFloatingPoint == true,
        let share = tensor.measures?.relative, share > 0
      else { return nil }
      return (tensor, share)
    }
    // NaN is above all, and equal ones stay in their order.
    func key(_ value: Double) -> Double { value.isNaN ? .infinity : value }
    return list.indices.sorted {
      (key(list[$0].share), $1) > (key(list[$1].share), $0)
    }.map { list[$0] }
  }

  private var movementChart: RowChart? {
    let rows = moved
    let finite = rows.map(\.share).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    let isRatio = high / low > 30
    func isStatistic(_ name: String) -> Bool {
      name.hasSuffix("running_mean") || name.hasSuffix("running_var")
    }
    let hasStatistics = rows.contains { isStatistic($0.tensor.name) }
    let axis = isRatio ? ", on a logarithmic axis" : ""
    let description =
      "The norm of the difference over the norm before, of \(counted(rows.count, "tensor")) that"
      + " moved, from \(movedPercent(low)) to \(movedPercent(high)), the largest first\(axis)."
      + " The table of the tensors has the figures."
    var chart = RowChart(
      title: "Relative movement of each tensor", description: description,
      series: hasStatistics ? ["weights", "running statistics"] : ["weights"],
      rows: rows.prefix(RowChart.mostRows).map { entry in
        let values = isStatistic(entry.tensor.name) ? [nil, entry.share] : [entry.share]
        return .init(name: entry.tensor.name, values: values)
      },
      ticks: isRatio
        ? Ticks(logarithmic: low, high) : Ticks(linear: 0, high), unit: { movedPercent($0) })
    chart.hasBars = true
    chart.more = rows.count - min(rows.count, RowChart.mostRows)
    return chart
  }

  /// Every tensor that is told of: what differs first.
  private var tensorRows: PageTable {
    let hasSigma = shown.contains { $0.measures?.singularValues != nil }
    var columns: [(title: String, kind: PageTable.Kind)] = [
      ("tensor", .name), ("status", .mark), ("shape", .name), ("||dW||/||W||", .number),
      ("cosine", .number), ("max |d|", .number), ("at", .number), ("median |d|", .number),
      ("99 % |d|", .number), ("changed", .number), ("flips of sign", .number),
      ("NaN in b", .number),
    ]
    if hasSigma { columns += [("sigma of a", .number), ("sigma of d", .number)] }
    var table = PageTable("The tensors of the model; those that differ come first.", columns)
    let changed = shown.filter { $0.status != .identical }
    let same = shown.filter { $0.status == .identical }
    for tensor in changed + same {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(cells(tensor, hasSigma))
    }
    return table
  }

  private func cells(_ tensor: TensorDifference, _ hasSigma: Bool) -> [PageTable.Cell] {
    let measures = tensor.measures
    let details = measures?.details
    // The page of a large model is mostly what did not move: nothing is said of that but its name.
    let isSame = tensor.status == .identical
    var cells: [PageTable.Cell] = [
      .name(tensor.name),
      isSame ? .mark(.plain, "identical") : .nodes([status(tensor)]),
      .name(shapes(tensor)), .figured(measures?.relative),
      .number(measures?.cosine, measures?.cosine.map { fixed($0, 6) } ?? ""),
      .figured(measures?.maxAbs), .number(measures?.maxIndex.map { Double($0) }, place(tensor)),
      .figured(details?.medianAbs),
      .figured(details?.p99Abs), .share(measures?.changed, decimals: 1), .count(details?.signFlips),
      .count(tensor.nanInB),
    ]
    if hasSigma {
      cells += [.figured(measures?.singularValues?.a), .figured(measures?.singularValues?.delta)]
    }
    return cells
  }

  /// The status in a word, and what is known besides below it.
  private func status(_ tensor: TensorDifference) -> Node {
    let remark = remark(tensor)
    let isBad = tensor.nanInB > 0
    let word: String
    switch tensor.status {
    case .shape: word = "shape"
    case .dtype: word = "type"
    case .renamed: word = "renamed"
    case .equalValues: word = "equal values"
    default: word = words(tensor.status)
    }
    let isSaid = [.dtype, .renamed].contains(tensor.status)
    return element(.span) {
      if isBad { Mark.bad.node(word) } else { element(.strong, text: word) }
      if isSaid {
        " "
        element(.small, text: remark)
      }
    }
  }

  private var channelRows: PageTable {
    var rows: [(name: String, channel: TensorMeasures.Channel)] = []
    for entry in moved.prefix(PageTable.mostRows) {
      for channel in entry.tensor.measures?.details?.channels ?? [] where channel.normDelta > 0 {
        rows.append((entry.tensor.name, channel))
      }
    }
    func key(_ place: Int) -> Double {
      let value = rows[place].channel.relative ?? -1
      return value.isNaN ? .infinity : value
    }
    var table = PageTable(
      "Of each tensor of two dimensions and more the places of the first dimension with the largest"
        + " difference, at most eight; the largest relative movement first.",
      [
        ("tensor", .name), ("channel", .number), ("||d||/||W||", .number), ("||d||", .number),
        ("||W||", .number),
      ])
    for place in rows.indices.sorted(by: { (key($0), $1) > (key($1), $0) }) {
      let (name, channel) = rows[place]
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(
        .name(name), .count(channel.index), .figured(channel.relative), .figured(channel.normDelta),
        .figured(channel.normA))
    }
    return table
  }

  private var movedInUlps: [(name: String, bins: [Int])] {
    var list: [(name: String, bins: [Int])] = []
    for entry in moved where list.count < SmallHistograms.most {
      guard let bins = entry.tensor.measures?.details?.ulps, !bins.isEmpty else { continue }
      list.append((entry.tensor.name, bins))
    }
    return list
  }

  private func binTable(_ list: [(name: String, bins: [Int])]) -> PageTable {
    var table = PageTable(
      "Elements by their distance in units in the last place.",
      [
        ("tensor", .name), ("from", .number), ("to", .number), ("elements", .number),
        ("share", .number),
      ])
    for entry in list {
      let sum = Double(max(entry.bins.reduce(0, +), 1))
      for (place, count) in entry.bins.enumerated() where count > 0 {
        let (low, high) = SmallHistograms.bounds(place)
        table.add(
          .name(entry.name), .number(low, significant(low, 7)), .number(high, significant(high, 7)),
          .count(count), .share(Double(count) / sum))
      }
    }
    return table
  }
}
