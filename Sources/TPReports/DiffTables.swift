internal import TPBytes
internal import TPComparison
internal import TPEvaluation
internal import TPTensors

/// A table of a difference: a title for each column and rows, for text and Markdown alike. The first
/// column may be cut and those at the end left out where there is no room.
struct DiffTable {
  var columns: [(title: String, side: Table.Side)]
  var rows: [[String]] = []

  /// The lines, within a width.
  func text(width: Int) -> String {
    let columns = filled
    let rows = rows.map { row in columns.map { row[$0.place] } }
    var count = columns.count
    var widths = columns.indices.map { column in
      max(columns[column].title.count, rows.map { $0[column].count }.max() ?? 0)
    }
    let least = min(widths.first ?? 0, 24)
    while count > 2, least + widths[1..<count].reduce(0, +) + 2 * count > width { count -= 1 }
    let room = max(8, width - widths[1..<count].reduce(0, +) - 2 * count)
    widths[0] = min(widths[0], room)
    var table = Table(columns.prefix(count).map { ($0.title, $0.side) })
    for row in rows {
      var cells = Array(row.prefix(count))
      if cells[0].count > widths[0] {
        // Names that begin alike end otherwise.
        let (head, tail) = (widths[0] / 3, widths[0] - widths[0] / 3 - 1)
        cells[0] = String(cells[0].prefix(head)) + "…" + String(cells[0].suffix(tail))
      }
      table.add(cells)
    }
    return table.text
  }

  /// The first column, and each in which some row has something.
  private var filled: [(place: Int, title: String, side: Table.Side)] {
    columns.indices.compactMap { place in
      place == 0 || rows.contains { !$0[place].isEmpty }
        ? (place, columns[place].title, columns[place].side) : nil
    }
  }

  /// The same as Markdown.
  var markdown: String {
    let columns = filled
    let rows = rows.map { row in columns.map { row[$0.place] } }
    var text = "| " + columns.map { escaped($0.title) }.joined(separator: " | ") + " |\n|"
    text += columns.map { $0.side == .right ? "--:|" : "---|" }.joined() + "\n"
    for row in rows { text += "| " + row.map { escaped($0) }.joined(separator: " | ") + " |\n" }
    return text + "\n"
  }
}

extension DiffReport {
  /// The most rows of a table that is not the tensors'.
  static let mostRows = 60

  /// What a side says of itself.
  enum HeaderValue {
    case text(String)
    case number(Double)

    fileprivate var text: String {
      switch self {
      case .text(let text): printable(text, limit: 24)
      case .number(let value): significant(value, 6)
      }
    }
  }

  /// A line of the header; at least one side says something.
  struct HeaderRow {
    var name: String
    var before: HeaderValue?
    var after: HeaderValue?

    /// What the second has more; `nil` where both are the same or no numbers.
    var change: Double? {
      guard case .number(let before) = before, case .number(let after) = after, before != after
      else { return nil }
      return after - before
    }
  }

  /// What each side says of itself, where one of them says something.
  var headerRows: [HeaderRow] {
    var rows: [HeaderRow] = []
    let (left, right) = (difference.headers[0], difference.headers[1])
    func add(_ name: String, _ before: String?, _ after: String?) {
      if before == nil, after == nil { return }
      rows.append(
        HeaderRow(
          name: name, before: before.map(HeaderValue.text), after: after.map(HeaderValue.text)))
    }
    func number(_ name: String, _ before: Double?, _ after: Double?) {
      if before == nil, after == nil { return }
      rows.append(
        HeaderRow(
          name: name, before: before.map(HeaderValue.number), after: after.map(HeaderValue.number)))
    }
    add("container", left.container.rawValue, right.container.rawValue)
    add("format version", left.formatVersion, right.formatVersion)
    add(
      "digest", left.digest.map { String($0.prefix(16)) },
      right.digest.map { String($0.prefix(16)) })
    number("epoch", left.epoch.map { Double($0) }, right.epoch.map { Double($0) })
    number("step", left.step, right.step)
    for index in 0..<min(max(left.learningRates.count, right.learningRates.count), 8) {
      number(
        index == 0 ? "learning rate" : "learning rate \(index)",
        index < left.learningRates.count ? left.learningRates[index] : nil,
        index < right.learningRates.count ? right.learningRates[index] : nil)
    }
    let keys = left.figures.map(\.key)
    for key in (keys + right.figures.map(\.key).filter { !keys.contains($0) }).prefix(20) {
      number(
        key, left.figures.first { $0.key == key }?.value,
        right.figures.first { $0.key == key }?.value)
    }
    add("optimizer", left.optimizer, right.optimizer)
    if left.classes != right.classes {
      add(
        "classes", left.classes?.prefix(100).joined(separator: ", "),
        right.classes?.prefix(100).joined(separator: ", "))
    }
    return rows
  }

  /// The same for text and Markdown.
  var headerTable: DiffTable {
    var table = DiffTable(
      columns: [("", .left), ("a", .left), ("b", .left), ("change", .left)])
    for row in headerRows {
      table.rows.append([
        printable(row.name, limit: 30), row.before?.text ?? "(absent)",
        row.after?.text ?? "(absent)",
        row.change.map { ($0 > 0 ? "+" : "") + significant($0, 6) } ?? "",
      ])
    }
    return table
  }

  /// The tensors that are not identical, as far as they are told of.
  var tensorTable: DiffTable {
    var table = DiffTable(columns: [
      ("name", .left), ("||dW||/||W||", .right), ("max |d|", .right), ("cosine", .right),
      ("status", .left), ("shape", .left), ("changed", .right), ("median |d|", .right),
      ("99 % |d|", .right), ("sign flips", .right), ("at", .left), ("sigma a", .right),
      ("sigma d", .right),
    ])
    for tensor in shown where tensor.status != .identical {
      let measures = tensor.measures
      let details = measures?.details
      let cosine = measures?.cosine.map { fixed($0, 6) } ?? ""
      let changed = measures.map { movedPercent($0.changed, decimals: 1) } ?? ""
      let flips = details.map { grouped($0.signFlips) } ?? ""
      table.rows.append([
        printable(tensor.name, limit: 60), figure(measures?.relative), figure(measures?.maxAbs),
        cosine, remark(tensor), shapes(tensor), changed, figure(details?.medianAbs),
        figure(details?.p99Abs), flips, place(tensor), figure(measures?.singularValues?.a),
        figure(measures?.singularValues?.delta),
      ])
    }
    return table
  }

  private func figure(_ value: Double?) -> String { value.map { significant($0) } ?? "" }

  /// Where the largest difference is: an index for each dimension.
  func place(_ tensor: TensorDifference) -> String {
    guard var index = tensor.measures?.maxIndex, let extents = tensor.a?.shape.extents,
      !extents.isEmpty, extents.allSatisfy({ $0 > 0 })
    else { return "" }
    var indices: [String] = []
    for extent in extents.reversed() {
      indices.append("\(index % extent)")
      index /= extent
    }
    return "[\(indices.reversed().joined(separator: ", "))]"
  }

  /// The batch norms.
  var batchNormTable: DiffTable {
    var table = DiffTable(columns: [
      ("batch norm", .left), ("|d mean|/sigma", .right), ("variance ratio", .right),
      ("steps", .right), ("dead", .right),
    ])
    for change in difference.batchNorms.prefix(Self.mostRows) {
      table.rows.append([
        printable(change.name, limit: 60), change.meanShift.map { significant($0) } ?? "",
        change.varianceRatio.map {
          "\(significant($0.lowerBound)) to \(significant($0.upperBound))"
        } ?? "", change.steps.map(grouped) ?? "",
        change.deadInA == change.deadInB
          ? "\(change.deadInB)" : "\(change.deadInA) -> \(change.deadInB)",
      ])
    }
    return table
  }

  /// The parameters by what their optimizer says.
  var optimizerTable: DiffTable {
    var table = DiffTable(columns: [
      ("parameter", .left), ("||dW||", .right), ("a step", .right), ("ratio", .right),
      ("cosine", .right), ("||m||", .right), ("||v||", .right), ("", .left),
    ])
    for own in (difference.optimizer?.parameters ?? []).prefix(top ?? Self.mostRows) {
      table.rows.append([
        printable(own.name, limit: 60), own.observed.map { significant($0) } ?? "",
        own.expectedStep.map { significant($0) } ?? "", own.ratio.map { significant($0) } ?? "",
        own.cosine.map { fixed($0, 3) } ?? "",
        own.firstMoment[1].map { significant($0) } ?? "",
        own.secondMoment[1].map { significant($0) } ?? "", own.isFrozen ? "frozen" : "",
      ])
    }
    return table
  }

  /// The clips whose prediction is another.
  func flipTable(_ change: BehaviourChange) -> DiffTable {
    var table = DiffTable(columns: [
      ("clip", .left), ("from", .left), ("to", .left), ("margins", .right), ("class", .left),
    ])
    for clip in change.flips.prefix(Self.mostRows) {
      table.rows.append([
        "\(clip.clip)", printable(change.classes.name(clip.before), limit: 30),
        printable(change.classes.name(clip.after), limit: 30),
        "\(significant(clip.marginBefore)) -> \(significant(clip.marginAfter))",
        clip.label.map { printable(change.classes.name($0), limit: 30) } ?? "",
      ])
    }
    return table
  }

  /// One sentence on what two models make of the clips.
  func outcome(_ change: BehaviourChange) -> String {
    let margins = change.smallestMargins
    var text =
      "\(flipped(change)); logits drift by at most \(significant(change.maxDrift)), \(significant(change.meanDrift)) in the mean;"
      + " smallest margin \(significant(margins.before)) -> \(significant(margins.after))"
    if let right = change.right { text += "; right \(right.before) -> \(right.after)" }
    return text
  }

  /// A value of the metadata; of a list that begins with the other how much there is.
  private func cell(_ own: String?, _ other: String?) -> String {
    guard let own else { return "(absent)" }
    if let other, let list = ListContinuation(other, own) {
      return "the same and \(grouped(list.more.count)) more"
    }
    if let other, let list = ListContinuation(own, other) {
      return counted(list.before, "value")
    }
    return printable(own, limit: 24)
  }

  /// What differs in the metadata.
  var metadataTable: DiffTable {
    var table = DiffTable(columns: [("key", .left), ("before", .left), ("after", .left)])
    for change in difference.metadata.prefix(Self.mostRows) {
      table.rows.append([
        change.path.map { printable($0, limit: 40) }.joined(separator: "."),
        cell(change.before, change.after), cell(change.after, change.before),
      ])
    }
    return table
  }
}
