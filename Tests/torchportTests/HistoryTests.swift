import Foundation
import TPBytes
import TestSupport
import Testing

/// `torchport history` on a small run, every figure against torch's in float64
/// (fixtures/history/make.py).
@Suite struct HistoryTests {
  static let run = fixture("history/run")
  let expected: JSONValue
  let json: JSONValue

  init() throws {
    let text = try String(contentsOfFile: fixture("history/expected.json"), encoding: .utf8)
    expected = try JSONValue(parsing: text)
    let run = try torchport("history", Self.run, "--json")
    #expect(run.status == 0, "\(run.errors)")
    json = try #require(run.json)
  }

  private func close(_ found: JSONValue?, _ expected: JSONValue?, _ place: String) {
    guard let number = expected?.double else {
      #expect(found == .null && expected == .null, "\(place)")
      return
    }
    guard let value = found?.double else {
      Issue.record("\(place): \(found?.text() ?? "nothing") where \(number) is expected")
      return
    }
    #expect(abs(value - number) <= 1e-9 * abs(number), "\(place): \(value), not \(number)")
  }

  private func movement(_ found: JSONValue, _ expected: JSONValue, _ place: String) {
    for key in ["norm", "update", "relative", "cosine", "from_first"] {
      close(found[key], expected[key], "\(place) \(key)")
    }
  }

  private func named(_ list: JSONValue?) -> [String: JSONValue] {
    Dictionary(
      (list?.array ?? []).map { ($0["name"]?.string ?? "", $0) }, uniquingKeysWith: { a, _ in a })
  }

  @Test func followsTheSchema() throws {
    #expect(try JSONSchema.documented().findings(json, file: "history.json") == [])
  }

  @Test func ordersFilesByEpoch() throws {
    let files = try #require(json["files"]?.array)
    let checkpoints = files.filter { $0["copy_of"] == .null }
    let wanted = try #require(expected["files"]?.array)
    #expect(checkpoints.count == wanted.count)
    for (file, row) in zip(checkpoints, wanted) {
      #expect(file["file"]?.string == Self.run + "/" + (row["file"]?.string ?? ""))
      #expect(file["epoch"] == row["epoch"])
      #expect(file["parameters"] == expected["parameters"])
      close(file["learning_rates"]?.array?.first, row["rate"], "rate")
      close(file["optimizer_steps"], row["steps"], "steps")
    }
    let copies = files.filter { $0["copy_of"] != .null }
    #expect(copies.count == 1)
    #expect(copies.first?["file"]?.string == Self.run + "/best_tiny_model.pth")
    let original = expected["best"]?["copy_of"]?.string ?? ""
    #expect(copies.first?["copy_of"]?.string == Self.run + "/" + original)
  }

  @Test func tellsEpochByEpoch() throws {
    for key in ["train_losses", "train_accuracies", "val_losses", "val_accuracies"] {
      let found = try #require(json["curves"]?[key]?.array)
      let wanted = try #require(expected["curves"]?[key]?.array)
      #expect(found.count == wanted.count)
      for (a, b) in zip(found, wanted) { close(a, b, key) }
    }
    #expect(json["curves"]?["unit"] == "percent")
    #expect(json["curves"]?["first_epoch"] == 1)
    #expect(json["best"]?["epoch"] == expected["best"]?["epoch"])
    close(json["best"]?["value"], expected["best"]?["accuracy"], "best")
    close(json["gap"]?["at_best"], expected["gap"]?["at_best"], "gap at best")
    close(json["gap"]?["at_last"], expected["gap"]?["at_last"], "gap at last")
    #expect(json["milestones"]?.array?.map { $0["epoch"] } == expected["milestones"]?.array)
    let plateaus = json["plateaus"]?.array?.map { [$0["from"], $0["to"]] }
    #expect(plateaus == expected["plateaus"]?.array?.map { $0.array ?? [] })
    let rates = try #require(json["learning_rate_steps"]?.array)
    let wanted = try #require(expected["rate_steps"]?.array)
    #expect(rates.count == wanted.count)
    for (found, row) in zip(rates, wanted) {
      #expect(found["from_epoch"] == row.array?[0])
      #expect(found["to_epoch"] == row.array?[1])
      close(found["before"], row.array?[2], "before")
      close(found["after"], row.array?[3], "after")
    }
  }

  @Test func measuresEveryStep() throws {
    let steps = try #require(json["steps"]?.array)
    let wanted = try #require(expected["steps"]?.array)
    #expect(steps.count == wanted.count && steps.count >= 8)
    for (step, row) in zip(steps, wanted) {
      let place = "epoch \(row["to"]?.int ?? 0)"
      #expect(step["from_epoch"] == row["from"] && step["to_epoch"] == row["to"])
      movement(step["model"] ?? .null, row["model"] ?? .null, place)
      for level in ["layers", "tensors"] {
        let found = named(step[level])
        let rows = row[level]?.members ?? []
        #expect(found.count == rows.count)
        for one in rows {
          movement(try #require(found[one.key]), one.value, "\(place) \(one.key)")
        }
      }
      let unmoved = (step["tensors"]?.array ?? []).filter { $0["unmoved"] == true }
      #expect(unmoved.map { $0["name"] } == row["unmoved"]?.array ?? [])
      let norms = named(step["batch_norms"])
      let rows = row["batch_norms"]?.members ?? []
      #expect(norms.count == rows.count && rows.count == 3)
      for norm in rows {
        for figure in norm.value.members ?? [] {
          close(norms[norm.key]?[figure.key], figure.value, "\(place) \(norm.key) \(figure.key)")
        }
      }
    }
  }

  @Test func findsWhatIsFrozenAndDead() throws {
    let frozen = try #require(json["frozen"]?.array)
    #expect(frozen.map { $0["tensor"] } == ["conv3d1.weight", "conv3d1.bias"])
    #expect(frozen.allSatisfy { $0["throughout"] == true })
    func keys(_ list: JSONValue?, _ epoch: String) -> Set<String> {
      Set(
        (list?.array ?? []).map {
          "\($0["tensor"]?.string ?? "") \($0["channel"]?.int ?? -1) \($0[epoch]?.int ?? -1)"
        })
    }
    #expect(keys(json["dead_units"], "first_epoch") == keys(expected["dead"], "epoch"))
    #expect(json["dead_units"]?.array?.count == 2)
    #expect(json["non_finite"] == [])
    #expect(json["layouts"]?.array?.count == 1)
  }

  @Test func namesSayNothing() throws {
    let folder = TemporaryFolder()
    let names = ["checkpoint_epoch_20.pth", "checkpoint_epoch_1.pth", "checkpoint_epoch_10.pth"]
    for (place, name) in names.enumerated() {
      try FileManager.default.copyItem(
        atPath: Self.run + "/" + name, toPath: folder.file("\(place).pth"))
    }
    let run = try torchport("history", folder.path, "--json")
    let files = try #require(run.json?["files"]?.array)
    #expect(files.map { $0["epoch"] } == [1, 10, 20])
  }

  @Test func writesCSV() throws {
    let folder = TemporaryFolder()
    let path = folder.file("run.csv")
    let run = try torchport("history", Self.run, "--csv", path)
    #expect(run.status == 0, "\(run.errors)")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasPrefix("epoch,file,level,name,quantity,value\r\n"))
    let again = try torchport("history", Self.run, "--csv", path)
    #expect(again.status == 2 && again.errors.contains("exists already"))
  }

  @Test(arguments: [40, 80, 140]) func fitsTheTerminal(columns: Int) throws {
    let run = try torchport(["history", Self.run], environment: ["COLUMNS": "\(columns)"])
    #expect(run.status == 0)
    #expect(run.output.contains("best validation accuracy 76.67 % at epoch 11"))
    #expect(run.output.contains("conv3d1.weight did not move at all"))
    let widest = run.output.components(separatedBy: "\n").dropFirst().map(\.count).max() ?? 0
    // Tables are no narrower than their names and figures.
    #expect(widest <= max(columns, 80), "\(widest)")
  }

  @Test func goesOnAfterADamagedFile() throws {
    let folder = TemporaryFolder()
    for name in ["checkpoint_epoch_1.pth", "checkpoint_epoch_10.pth", "checkpoint_epoch_20.pth"] {
      try FileManager.default.copyItem(
        atPath: Self.run + "/" + name, toPath: folder.file(name))
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("checkpoint_epoch_10.pth")))
    try data.prefix(20_000).write(to: URL(fileURLWithPath: folder.file("checkpoint_epoch_10.pth")))
    let run = try torchport("history", folder.path, "--json")
    #expect(run.status == 2)
    #expect(run.json?["failures"]?.array?.count == 1)
    #expect(run.json?["steps"]?.array?.count == 1)
    #expect(try JSONSchema.documented().findings(run.json ?? .null, file: "history.json") == [])
  }

  @Test func nothingToTell() throws {
    let folder = TemporaryFolder()
    let run = try torchport("history", folder.path)
    #expect(run.status == 3)
    #expect(run.errors.contains("there is no checkpoint to read"))
  }
}
