internal import TPBytes
internal import TPComparison

extension HistoryReport {
  /// The most rows of a table, and the most sentences of a kind.
  private static let mostRows = 60

  /// The most important in one line.
  public var summary: String {
    let epochs = history.sequence.compactMap { epoch($0) }
    var text = counted(history.files.count, "checkpoint")
    if let first = epochs.first, let last = epochs.last {
      text += first == last ? " of epoch \(first)" : " of epochs \(first) to \(last)"
    }
    if let best = history.curves?.best, let curves = history.curves {
      text +=
        best.isByAccuracy
        ? "; best validation accuracy \(points(curves.percent(best.value))) %"
        : "; least validation loss \(significant(best.value, 4))"
      text += " at epoch \(best.epoch)"
    }
    if let share = history.steps.last?.model.fromFirst {
      text += "; weights moved \(movedPercent(share)) from the first"
    }
    if let first = history.nonFinite.first {
      text += "; NaN or infinity from epoch \(epochName(first.file)) on"
      text += " in \(printable(first.tensor, limit: 60))"
    }
    return text
  }

  /// The report for a terminal of so many columns.
  public func text(width: Int = 80) -> String {
    let width = max(60, min(width, 240))
    var text = "\(printable(source)): \(summary)\n"
    let failures = history.failures.prefix(Self.mostRows).map {
      "  could not read \(printable($0.description, limit: 1000))\n"
    }
    text += wrapped(lines: failures.joined(), width: width) + curvesTable(width)
    text += wrapped(lines: curvesText + rates, width: width)
    text += filesTable + layersTable(width) + normsTable
    text += wrapped(lines: conditions, width: width)
    if !history.notes.isEmpty {
      let notes = history.notes.prefix(Self.mostRows).map { "  \($0)\n" }.joined()
      text += "\n" + wrapped(lines: notes + more(history.notes.count, "note"), width: width)
    }
    return text
  }

  /// An accuracy in per cent, or a difference of two.
  private func points(_ value: Double) -> String {
    abs(value) < 1e6 ? fixed(value, 2) : significant(value)
  }

  private func more(_ count: Int, _ noun: String) -> String {
    count > Self.mostRows ? "  … \(counted(count - Self.mostRows, "more \(noun)"))\n" : ""
  }

  private func curvesTable(_ width: Int) -> String {
    guard let curves = history.curves else { return "" }
    let recorded = curves.recorded
    var table = Table([
      ("epochs \(curves.firstEpoch) to \(curves.epoch(recorded.count - 1))", .left),
      ("first", .right), ("last", .right), ("least", .right), ("greatest", .right), ("", .left),
    ])
    func add(_ name: String, _ values: [Double], _ words: (Double) -> String) {
      guard let first = values.first, let last = values.last else { return }
      let finite = values.filter(\.isFinite)
      table.add(
        name, words(first), words(last), finite.min().map(words) ?? "",
        finite.max().map(words) ?? "", sparkline(values, width: max(8, width - 62)))
    }
    let accuracy = { (value: Double) in points(curves.percent(value)) }
    add("validation accuracy, %", recorded.validationAccuracies, accuracy)
    add("training accuracy, %", recorded.trainAccuracies, accuracy)
    add("validation loss", recorded.validationLosses) { significant($0, 4) }
    add("training loss", recorded.trainLosses) { significant($0, 4) }
    return "\n" + table.text
  }

  private var curvesText: String {
    guard let curves = history.curves else { return "" }
    let recorded = curves.recorded
    var text = ""
    let isAccuracy = !recorded.trainAccuracies.isEmpty || !recorded.validationAccuracies.isEmpty
    if isAccuracy, !curves.isPercent {
      text += "  accuracies stand in the files as shares\n"
    }
    let milestones = curves.milestones.map {
      "\(significant($0.percent)) %: \($0.epoch.map { "epoch \($0)" } ?? "never")"
    }
    if !milestones.isEmpty { text += "  first over \(milestones.joined(separator: ", "))\n" }
    if let last = curves.gaps.last {
      text += "  training less validation accuracy: "
      if let best = curves.best, let gap = curves.gap(at: best.epoch) {
        text += "\(signed(gap)) points at the best epoch, "
      }
      text += "\(signed(last)) at the last\n"
    }
    for plateau in curves.plateaus.prefix(Self.mostRows) {
      text += "  no better validation accuracy in epochs \(plateau.lowerBound) to"
      text += " \(plateau.upperBound)\n"
    }
    return text
  }

  private func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + points(value) }

  private var rates: String {
    var text = ""
    for step in history.rateSteps.prefix(Self.mostRows) {
      text += "  learning rate \(significant(step.before, 6)) -> \(significant(step.after, 6))"
      text += step.group > 0 ? " of group \(step.group)" : ""
      text += " between epochs \(epochName(step.from)) and \(epochName(step.to))\n"
    }
    return text + more(history.rateSteps.count, "learning-rate step")
  }

  private var filesTable: String {
    var table = Table([
      ("epoch", .right), ("moved", .right), ("cosine", .right), ("from first", .right),
      ("rate", .right), ("file", .left),
    ])
    let steps = Dictionary(history.steps.map { ($0.to, $0) }) { first, _ in first }
    for (place, file) in history.files.enumerated().prefix(Self.mostRows) {
      let model = steps[place]?.model
      var cells: [String] = [file.epoch.map { "\($0)" } ?? "-"]
      cells.append(model?.relative.map { movedPercent($0) } ?? "")
      cells.append(model?.cosine.map { fixed($0, 3) } ?? "")
      cells.append(model?.fromFirst.map { movedPercent($0) } ?? "")
      cells.append(file.optimizer?.rates.first.map { significant($0) } ?? "")
      cells.append(printable(file.name, limit: 60) + (file.copyOf == nil ? "" : " (a copy)"))
      table.add(cells)
    }
    return table.isEmpty ? "" : "\n" + table.text + more(history.files.count, "file")
  }

  /// Of each layer: how much it moved from file to file.
  private func layersTable(_ width: Int) -> String {
    var names: [String] = []
    var rows: [String: [Movement]] = [:]
    for step in history.steps {
      for layer in step.layers {
        if rows[layer.name] == nil { names.append(layer.name) }
        rows[layer.name, default: []].append(layer)
      }
    }
    let widest = names.prefix(Self.mostRows).map { min($0.count, 40) }.max() ?? 0
    let spark = max(4, min(history.steps.count, (width - widest - 50) / 2))
    var table = Table([
      ("layer", .left), ("moved most", .right), ("last", .right), ("", .left),
      ("from first", .right), ("cosine", .right), ("", .left),
    ])
    for name in names.prefix(Self.mostRows) {
      let moves = rows[name] ?? []
      let relative = moves.map { $0.relative ?? .nan }
      let cosines = moves.dropFirst().map { $0.cosine ?? .nan }
      let finite = cosines.filter(\.isFinite)
      var cells: [String] = [printable(name, limit: 40)]
      cells.append(relative.filter(\.isFinite).max().map { movedPercent($0) } ?? "")
      cells.append(relative.last.map { $0.isFinite ? movedPercent($0) : significant($0) } ?? "")
      cells.append(sparkline(relative, width: spark))
      cells.append(moves.last?.fromFirst.map { movedPercent($0) } ?? "")
      let sum = finite.reduce(0.0) { $0 + $1 }
      cells.append(finite.isEmpty ? "" : fixed(sum / Double(finite.count), 3))
      cells.append(sparkline(cosines, width: spark))
      table.add(cells)
    }
    return table.isEmpty ? "" : "\n" + table.text + more(names.count, "layer")
  }

  /// Of each batch norm: the largest of what its statistics did.
  private var normsTable: String {
    var names: [String] = []
    var rows: [String: [BatchNormDrift]] = [:]
    for step in history.steps {
      for norm in step.batchNorms {
        if rows[norm.name] == nil { names.append(norm.name) }
        rows[norm.name, default: []].append(norm)
      }
    }
    var table = Table([
      ("batch norm", .left), ("|d mean|/sigma", .right), ("variance ratio", .right),
      ("to", .right), ("dead channels", .right), ("batches", .right),
    ])
    for name in names.prefix(Self.mostRows) {
      let norms = rows[name] ?? []
      let shift = norms.map(\.meanShiftMax).filter(\.isFinite).max()
      let least = norms.map(\.varianceRatioMin).filter(\.isFinite).min()
      let most = norms.map(\.varianceRatioMax).filter(\.isFinite).max()
      let batches = norms.compactMap(\.batches)
      let seen = batches.reduce(0) { $0.addingReportingOverflow($1).partialValue }
      var cells: [String] = [printable(name, limit: 40), shift.map { significant($0) } ?? ""]
      cells.append(least.map { significant($0) } ?? "")
      cells.append(most.map { significant($0) } ?? "")
      cells.append("\(norms.last?.dead ?? 0)")
      cells.append(batches.isEmpty ? "" : "\(seen)")
      table.add(cells)
    }
    return table.isEmpty ? "" : "\n" + table.text + more(names.count, "batch norm")
  }

  private var conditions: String {
    var text = ""
    for frozen in history.frozen.prefix(Self.mostRows) {
      text += "  \(printable(frozen.tensor, limit: 60)) did not move "
      text +=
        frozen.isThroughout
        ? "at all\n" : "from epoch \(epochName(frozen.from)) to \(epochName(frozen.to))\n"
    }
    text += more(history.frozen.count, "tensor that did not move")
    for unit in history.deadUnits.prefix(Self.mostRows) {
      text += "  \(printable(unit.tensor, limit: 60)): channel \(unit.channel) "
      text +=
        unit.reason == .variance
        ? "has a variance below \(significant(BatchNormDrift.deadVariance))"
        : "has no weight but zero"
      text += " from epoch \(epochName(unit.firstFile)) on"
      text += unit.isDeadAtLast ? "\n" : ", no more at the last\n"
    }
    text += more(history.deadUnits.count, "dead unit")
    for tensor in history.nonFinite.prefix(Self.mostRows) {
      text += "  epoch \(epochName(tensor.file)): \(printable(tensor.tensor, limit: 60)) has"
      text += " \(grouped(tensor.nan)) NaN, \(grouped(tensor.infinite)) infinite\n"
    }
    return (text.isEmpty ? "" : "\n") + text
  }
}
