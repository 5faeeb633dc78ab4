import Foundation
import TPBytes
import TestSupport
import Testing

/// What `history` writes as text and as CSV, against torch's figures (fixtures/history/make.py).
@Suite struct HistoryFigureTests {
  static let run = fixture("history/run")
  let expected: JSONValue
  let steps: [JSONValue]

  init() throws {
    let text = try String(contentsOfFile: fixture("history/expected.json"), encoding: .utf8)
    expected = try JSONValue(parsing: text)
    steps = try #require(expected["steps"]?.array)
  }

  private func text() throws -> String {
    try torchport(["history", Self.run], environment: ["COLUMNS": "240"]).output
  }

  /// The numbers of a line and the signs behind them, without its sparklines.
  private func numbers(_ words: some Sequence<Substring>) -> [Substring] {
    words.filter { Double(String($0)) != nil }
  }

  @Test func sentences() throws {
    let text = try text()
    let best = try #require(expected["best"])
    let accuracy = try #require(best["accuracy"]?.double)
    let distance = try #require(steps.last?["model"]?["from_first"]?.double)
    let epoch = try #require(best["epoch"]?.int)
    #expect(
      text.hasPrefix(
        Self.run + ": 12 checkpoints of epochs 1 to 20; best validation accuracy "
          + String(format: "%.2f %% at epoch %d; ", accuracy, epoch)
          + String(format: "weights moved %.2f %% from the first\n", 100 * distance)))
    let lines = [50, 60, 70, 75, 80]
    let milestones = zip(lines, try #require(expected["milestones"]?.array)).map {
      "\($0) %: " + ($1.int.map { "epoch \($0)" } ?? "never")
    }
    #expect(text.contains("  first over \(milestones.joined(separator: ", "))\n"))
    let gaps = ["at_best", "at_last"].map {
      String(format: "%+.2f", expected["gap"]?[$0]?.double ?? .nan)
    }
    #expect(
      text.contains("accuracy: \(gaps[0]) points at the best epoch, \(gaps[1]) at the last\n"))
    for plateau in try #require(expected["plateaus"]?.array) {
      let range = plateau.array?.compactMap(\.int) ?? []
      #expect(text.contains("no better validation accuracy in epochs \(range[0]) to \(range[1])\n"))
    }
    for step in try #require(expected["rate_steps"]?.array) {
      let figures = try #require(step.array).compactMap(\.double)
      let rates = figures[2...].map { String(format: "%.6g", $0) }
      #expect(
        text.contains(
          "learning rate \(rates[0]) -> \(rates[1]) between epochs \(Int(figures[0])) and"
            + " \(Int(figures[1]))\n"))
    }
  }

  @Test func tables() throws {
    let lines = wordsOfLines(try text())
    func line(_ isIt: ([Substring]) -> Bool) throws -> [Substring] {
      let found = lines.first(where: isIt)
      return try #require(found)
    }
    for (name, key) in [
      ("validation accuracy,", "val_accuracies"), ("training accuracy,", "train_accuracies"),
      ("validation loss", "val_losses"), ("training loss", "train_losses"),
    ] {
      let own = numbers(try line { $0.prefix(2).joined(separator: " ") == name })
      let values = try #require(expected["curves"]?[key]?.array).compactMap(\.double)
      let known = [values.first, values.last, values.min(), values.max()]
      #expect(own.count == 4 && zip(own, known).allSatisfy { isShown($0, $1) }, "\(own)")
    }
    for step in steps {
      let epoch = try #require(step["to"]?.int)
      let own = numbers(try line { $0.last.map(String.init) == "checkpoint_epoch_\(epoch).pth" })
      let model = step["model"]
      let rate = expected["files"]?.array?.first { $0["epoch"]?.int == epoch }?["rate"]?.double
      let known = [
        Double(epoch), model?["relative"]?.double.map { 100 * $0 }, model?["cosine"]?.double,
        model?["from_first"]?.double.map { 100 * $0 }, rate,
      ].compactMap(\.self)
      #expect(own.count == known.count && zip(own, known).allSatisfy { isShown($0, $1) }, "\(own)")
    }
    for layer in try #require(steps.first?["layers"]?.members).map(\.key) {
      let own = numbers(try line { $0.first.map(String.init) == layer && $0.contains("%") })
      let rows = steps.compactMap { $0["layers"]?[layer] }
      let relative = rows.compactMap { $0["relative"]?.double }
      let cosines = rows.compactMap { $0["cosine"]?.double }
      let known = [
        relative.max().map { 100 * $0 }, relative.last.map { 100 * $0 },
        rows.last?["from_first"]?.double.map { 100 * $0 },
        cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count),
      ].compactMap(\.self)
      #expect(own.count == known.count && zip(own, known).allSatisfy { isShown($0, $1) }, "\(own)")
    }
    for norm in try #require(steps.first?["batch_norms"]?.members).map(\.key) {
      let own = numbers(try line { $0.first.map(String.init) == norm && $0.count == 6 })
      let rows = steps.compactMap { $0["batch_norms"]?[norm] }
      func all(_ key: String) -> [Double] { rows.compactMap { $0[key]?.double } }
      let known: [Double?] = [
        all("mean_shift_max").max(), all("variance_ratio_min").min(),
        all("variance_ratio_max").max(), all("dead").last, all("batches").reduce(0, +),
      ]
      #expect(own.count == 5 && zip(own, known).allSatisfy { isShown($0, $1) }, "\(own)")
    }
  }

  /// Every line of the CSV is one of torch's figures, and every figure has its line.
  @Test func everyLineOfTheCSV() throws {
    let folder = TemporaryFolder()
    let path = folder.file("run.csv")
    #expect(try torchport("history", Self.run, "--csv", path).status == 0)
    var rows: [String: String] = [:]
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for line in text.components(separatedBy: "\r\n").dropFirst() where !line.isEmpty {
      let cells = line.components(separatedBy: ",")
      rows[[cells[0], cells[2], cells[3], cells[4]].joined(separator: " ")] = cells[5]
    }
    var known: [String: JSONValue] = [:]
    for list in try #require(expected["curves"]?.members) {
      for (place, value) in (list.value.array ?? []).enumerated() {
        known["\(place + 1) run  \(list.key)"] = value
      }
    }
    for file in try #require(expected["files"]?.array) {
      known["\(file["epoch"]?.int ?? 0) group 0 learning_rate"] = file["rate"]
    }
    let quantities = [
      "norm": "norm_before", "update": "norm_update", "relative": "relative_update",
      "cosine": "cosine", "from_first": "from_first",
    ]
    for step in steps {
      let epoch = "\(step["to"]?.int ?? 0)"
      let model = [JSONValue.Member("", step["model"] ?? .null)]
      for (level, members) in [
        ("model", model), ("layer", step["layers"]?.members ?? []),
        ("tensor", step["tensors"]?.members ?? []),
      ] {
        for member in members {
          for (key, quantity) in quantities {
            known["\(epoch) \(level) \(member.key) \(quantity)"] = member.value[key]
          }
        }
      }
      for norm in step["batch_norms"]?.members ?? [] {
        for figure in norm.value.members ?? [] {
          known["\(epoch) batch_norm \(norm.key) \(figure.key)"] = figure.value
        }
      }
    }
    #expect(Set(rows.keys) == Set(known.keys))
    for (key, value) in known {
      let found = rows[key] ?? ""
      guard let value = value.double else {
        #expect(found.isEmpty, "\(key)")
        continue
      }
      let number = Double(found) ?? .nan
      #expect(abs(number - value) <= 1e-9 * abs(value), "\(key): \(found), not \(value)")
    }
  }
}
