internal import TPBytes
internal import TPComparison

extension HistoryReport {
  private static let mostLines = 200

  /// The report as Markdown, for the summary of a step or a comment.
  public var markdown: String {
    var text = "### \(escaped(source))\n\n\(escaped(summary, limit: 1000)).\n\n"
    text += history.failures.prefix(20).map {
      "> could not read \(escaped($0.description, limit: 1000))\n\n"
    }.joined()
    if let curves = history.curves {
      let milestones = curves.milestones.map {
        "\(significant($0.percent)) %: \($0.epoch.map { "epoch \($0)" } ?? "never")"
      }
      if !milestones.isEmpty { text += "First over \(milestones.joined(separator: ", ")).\n\n" }
    }
    text += "| epoch | file | moved | cosine | from first | learning rate |\n"
    text += "|--:|---|--:|--:|--:|--:|\n"
    let steps = Dictionary(history.steps.map { ($0.to, $0) }) { first, _ in first }
    for (place, file) in history.files.enumerated().prefix(Self.mostLines) {
      let model = steps[place]?.model
      let epoch = file.epoch.map { "\($0)" } ?? ""
      var cells: [String] = [epoch, escaped(file.name, limit: 80)]
      cells.append(model?.relative.map { movedPercent($0) } ?? "")
      cells.append(model?.cosine.map { fixed($0, 3) } ?? "")
      cells.append(model?.fromFirst.map { movedPercent($0) } ?? "")
      cells.append(file.optimizer?.rates.first.map { significant($0) } ?? "")
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    text += "\n"
    if let last = history.steps.last, !last.layers.isEmpty {
      text += "| layer | last step | from first |\n|---|--:|--:|\n"
      for layer in last.layers.prefix(Self.mostLines) {
        text += "| \(escaped(layer.name, limit: 80))"
        text += " | \(layer.relative.map { movedPercent($0) } ?? "")"
        text += " | \(layer.fromFirst.map { movedPercent($0) } ?? "") |\n"
      }
      text += "\n"
    }
    let notes = history.notes.prefix(50).map { "- \(escaped($0, limit: 500))\n" }
    return text + notes.joined() + (notes.isEmpty ? "" : "\n")
  }
}
