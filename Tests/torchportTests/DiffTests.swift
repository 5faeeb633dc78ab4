import Foundation
import TPBytes
import TestSupport
import Testing

/// `diff` through the command; what numpy and torch say of the same files is in
/// fixtures/differences/expected.json (fixtures/differences.py).
@Suite struct DiffTests {
  let folder = TemporaryFolder()
  let schemas: JSONSchema
  static let early = fixture("run/checkpoint_epoch_5.pth")
  static let best = fixture("run/best_lightweight_model.pth")
  static let cases: [JSONValue] = {
    let text = try? String(
      contentsOfFile: fixture("differences/expected.json"), encoding: .utf8)
    return text.flatMap { try? JSONValue(parsing: $0) }?.array ?? []
  }()

  init() throws { schemas = try JSONSchema.documented() }

  /// The paths at which two values are not the same: numbers to a relative 1e-9, counts exactly.
  private func misses(
    _ found: JSONValue?, _ expected: JSONValue, _ path: String, _ bound: Double = 1e-9
  ) -> [String] {
    if let members = expected.members {
      return members.flatMap {
        misses(
          found?[$0.key], $0.value, "\(path).\($0.key)",
          $0.key == "singular_values" ? 1e-8 : $0.key == "cosine" ? 1e-8 : bound)
      }
    }
    if let elements = expected.array {
      let own = found?.array ?? []
      guard own.count == elements.count else {
        return ["\(path) has \(own.count) elements, not \(elements.count)"]
      }
      return elements.indices.flatMap { misses(own[$0], elements[$0], "\(path)[\($0)]", bound) }
    }
    if let known = expected.double, let value = found?.double {
      // What is a sum that cancels has no relative accuracy near nothing.
      return abs(value - known) <= bound * abs(known) + 1e-18
        ? [] : ["\(path) is \(value), not \(known)"]
    }
    return found == expected
      ? [] : ["\(path) is \(found?.text() ?? "absent"), not \(expected.text())"]
  }

  @Test(arguments: cases.indices)
  func everyFigureIsThatOfNumPy(index: Int) throws {
    let expected = Self.cases[index]
    let (a, b) = (try #require(expected["a"]?.string), try #require(expected["b"]?.string))
    let clips = expected["behaviour"] == nil ? [] : ["--clips", fixture("validation.npz")]
    let run = try torchport(
      ["diff", fixture(a), fixture(b), "--singular-values", "--json"] + clips)
    #expect(run.status == 1, "\(run.errors)")
    let json = try #require(run.json)
    for key in ["tensors", "batch_norms", "other_tensors", "metadata", "summary"] {
      guard let rows = expected[key] else { continue }
      #expect(misses(json[key], rows, key) == [])
    }
    if let rows = expected["optimizer"] {
      #expect(misses(json["optimizer"]?["parameters"], rows, "optimizer", 1e-8) == [])
      let headers = try #require(json["headers"]?.array)
      for (side, header) in headers.enumerated() {
        #expect(header["epoch"] == expected["epochs"]?.array?[side])
        for key in ["learning_rates", "figures"] {
          let known = try #require(expected[key]?.array?[side])
          #expect(misses(header[key], known, key, 0) == [])
        }
        #expect(header["optimizer"] == "AdamW")
        #expect(header["step"]?.double == expected["steps"]?.array?[side].double)
      }
      #expect(json["optimizer"]?["without_parameter"]?.array?.isEmpty == true)
    }
    if let behaviour = expected["behaviour"] {
      #expect(predictions(json["behaviour"]?.array?.first, behaviour, "behaviour") == [])
    }
    #expect(schemas.findings(json, file: "diff.json") == [])
  }

  /// The paths at which two models' predictions are not torch's: classes and counts exactly, logits to
  /// what float32 has of float64 (their largest is below 8).
  private func predictions(
    _ found: JSONValue?, _ expected: JSONValue, _ path: String
  ) -> [String] {
    if let members = expected.members {
      return members.flatMap { predictions(found?[$0.key], $0.value, "\(path).\($0.key)") }
    }
    if let elements = expected.array {
      let own = found?.array ?? []
      guard own.count == elements.count else { return ["\(path) has \(own.count) elements"] }
      return elements.indices.flatMap {
        predictions(own[$0], elements[$0], "\(path)[\($0)]")
      }
    }
    if expected.int == nil, let known = expected.double, let value = found?.double {
      return abs(value - known) <= 2e-5 ? [] : ["\(path) is \(value), not \(known)"]
    }
    return found == expected ? [] : ["\(path) is \(found?.text() ?? "absent")"]
  }

  /// The digest of each side is golden.py's, and the sentence stands first, whole.
  @Test func beginsWithTheSentence() throws {
    let text = try String(
      contentsOfFile: fixture("expected/checkpoints.json"), encoding: .utf8)
    let known = try #require(try JSONValue(parsing: text)["checkpoints"]?.array)
    func digest(_ name: String) -> JSONValue? {
      known.first { $0["file"]?.string == name }?["digest"]
    }
    let run = try torchport("diff", Self.early, Self.best, "--json")
    let headers = try #require(run.json?["headers"]?.array)
    #expect(headers[0]["digest"] == digest("checkpoint_epoch_5.pth"))
    #expect(headers[1]["digest"] == digest("best_lightweight_model.pth"))
    let sentence = try #require(run.json?["summary"]?.string)
    for columns in [60, 80, 500] {
      let text = try torchport(
        ["diff", Self.early, Self.best], environment: ["COLUMNS": "\(columns)"]
      ).output
      let lines = text.components(separatedBy: "\n\n")[0].split(separator: "\n").dropFirst()
      #expect(lines.allSatisfy { $0.count <= columns })
      let words = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
      #expect(words == sentence)
    }
  }

  /// Every figure of the tables is that of the JSON output, rounded as it is shown.
  @Test func tablesHaveTheFiguresOfTheJSON() throws {
    let run = try torchport(
      ["diff", Self.early, Self.best, "--clips", fixture("validation.npz")],
      environment: ["COLUMNS": "300"])
    let json = try #require(
      try torchport(
        "diff", Self.early, Self.best, "--clips", fixture("validation.npz"), "--json"
      ).json)
    let parts = run.output.components(separatedBy: "\n\n")
    func rows(_ title: String) -> [[Substring]] {
      let part = parts.first { $0.hasPrefix(title + "\n") } ?? ""
      return wordsOfLines(part)
    }
    var count = 0
    let tensors = rows("tensors")
    for tensor in try #require(json["tensors"]?.array) {
      let row = try #require(tensors.first { $0.first.map(String.init) == tensor["name"]?.string })
      for (place, key) in [(1, "relative"), (2, "max_abs"), (3, "cosine")] {
        #expect(isShown(row[place], tensor[key]?.double), "\(row) \(key)")
        count += 1
      }
    }
    let norms = rows("batch norms")
    for norm in try #require(json["batch_norms"]?.array) {
      let row = try #require(norms.first { $0.first.map(String.init) == norm["name"]?.string })
      let ratio = try #require(norm["variance_ratio"]?.array)
      let values: [(Int, JSONValue?)] = [
        (1, norm["mean_shift"]), (2, ratio[0]), (4, ratio[1]), (5, norm["steps"]),
        (6, norm["dead"]?.array?[1]),
      ]
      for (place, value) in values {
        #expect(isShown(row[place], value?.double), "\(row)")
        count += 1
      }
    }
    let steps = rows("optimizer")
    for own in try #require(json["optimizer"]?["parameters"]?.array) {
      let row = try #require(steps.first { $0.first.map(String.init) == own["name"]?.string })
      let values: [(Int, JSONValue?)] = [
        (1, own["observed"]), (2, own["expected_step"]), (3, own["ratio"]), (4, own["cosine"]),
        (5, own["first_moment"]?.array?[1]), (6, own["second_moment"]?.array?[1]),
      ]
      for (place, value) in values {
        #expect(isShown(row[place], value?.double), "\(row)")
        count += 1
      }
    }
    let header = rows("header")
    for (place, side) in try #require(json["headers"]?.array).enumerated() {
      for figure in try #require(side["figures"]?.array) {
        let row = try #require(header.first { $0.first.map(String.init) == figure["key"]?.string })
        #expect(isShown(row[1 + place], figure["value"]?.double), "\(row)")
        count += 1
      }
    }
    #expect(count == 34 * 3 + 4 * 5 + 22 * 6 + 2 * 5)
    let behaviour = try #require(json["behaviour"]?.array?.first)
    let sentence = try #require(parts.first { $0.hasPrefix("on ") }).split(separator: " ")
      .joined(separator: " ")
    #expect(sentence.contains("\(behaviour["flips"]?.int ?? -1) of 40 predictions flip; logits"))
    for key in ["max_drift", "mean_drift"] {
      let number = try #require(behaviour[key]?.double)
      #expect(sentence.contains(String(format: "%.3g", number)), "\(sentence)")
    }
  }

  @Test func quickIsTheSameAsFarAsItGoes() throws {
    let whole = try torchport("diff", Self.early, Self.best, "--json")
    let quick = try torchport("diff", Self.early, Self.best, "--json", "--quick")
    #expect(quick.status == 1)
    let (all, some) = (
      try #require(whole.json?["tensors"]?.array), try #require(quick.json?["tensors"]?.array)
    )
    #expect(all.count == some.count)
    for (left, right) in zip(all, some) {
      for key in ["name", "status", "max_abs", "max_index", "changed"] {
        #expect(left[key] == right[key])
      }
      for key in ["norm_a", "norm_b", "norm_delta", "relative", "cosine"] {
        #expect(misses(right[key], left[key] ?? .null, key) == [])
      }
      #expect(right["median_abs"] == nil)
    }
    #expect(schemas.findings(try #require(quick.json), file: "diff.json") == [])
  }

  @Test(arguments: [
    (["shape"], Int32(0), ""), (["moved>1000"], 0, ""), (["max>0"], 1, "FAILS max>0:"),
    (["shape, metadata"], 1, "FAILS metadata: epoch"), (["nan,renamed,dead"], 0, "holds: nan"),
    (["other"], 1, "FAILS other"),
  ])
  func rulesDecide(rule: [String], status: Int32, text: String) throws {
    let run = try torchport(["diff", Self.early, Self.best, "--fail-on"] + rule)
    #expect(run.status == status, "\(run.output)")
    #expect(text.isEmpty || run.output.contains(text), "\(run.output)")
  }

  @Test(arguments: [
    ("shap", "did you mean shape?"), ("moved", "needs a number"), ("shape>1", "write shape alone"),
    ("moved>x", "a number of at least 0"), ("", "the rules are"),
  ])
  func whatIsNoRuleIsWrongUsage(rule: String, text: String) throws {
    let run = try torchport("diff", Self.early, Self.best, "--fail-on", rule)
    #expect(run.status == 64)
    #expect(run.errors.contains(text), "\(run.errors)")
  }

  @Test func rulesMayBeGivenOneByOne() throws {
    let run = try torchport(
      "diff", Self.early, Self.best, "--fail-on", "nan", "--fail-on", "metadata,shape")
    #expect(run.status == 1)
    for text in ["holds: nan\n", "FAILS metadata", "holds: shape\n"] {
      #expect(run.output.contains(text), "\(run.output)")
    }
  }

  /// A gate that nothing could ever close.
  @Test(arguments: [
    (["flips>0"], "needs clips to predict"), (["drift>1"], "give --golden or --clips"),
    (["accuracy-drop>0"], "needs clips to predict"),
    (["accuracy-drop>0", "--golden", fixture("goldens/best.npz")], "needs clips with labels"),
    (["frozen", "--quick"], "leave --quick away"),
  ])
  func rulesWithoutFiguresAreWrongUsage(rule: [String], text: String) throws {
    let run = try torchport(["diff", Self.early, Self.best, "--fail-on"] + rule)
    #expect(run.status == 64, "\(run.output)")
    #expect(run.errors.contains(text), "\(run.errors)")
  }

  /// Each way round: what fires one way holds the other.
  @Test func accuracyDropsOneWay() throws {
    let files = [Self.early, Self.best]
    for (pair, status) in [(files, Int32(0)), (files.reversed(), 1)] {
      let run = try torchport(
        ["diff"] + pair
          + ["--clips", fixture("validation.npz"), "--fail-on", "accuracy-drop>0.05,flips>39"])
      #expect(run.status == status, "\(run.output)")
      #expect(run.output.contains("FAILS accuracy-drop>0.05") == (status == 1), "\(run.output)")
    }
  }

  @Test func flipsAreThoseOfEvaluate() throws {
    let dataset = fixture("validation.npz")
    let other = try torchport("evaluate", Self.early, dataset, "--compare", Self.best, "--json")
    let run = try torchport(
      "diff", Self.early, Self.best, "--clips", dataset, "--golden", fixture("goldens/best.npz"),
      "--json", "--fail-on", "flips>100")
    #expect(run.status == 0, "\(run.errors)")
    let changes = try #require(run.json?["behaviour"]?.array)
    #expect(changes.count == 2)
    let clips = try #require(changes.last?["clips"]?.array)
    let flipped = clips.filter { $0["before"] != $0["after"] }.compactMap { $0["clip"]?.int }
    #expect(
      flipped == other.json?["comparison"]?["differing"]?.array?.compactMap { $0["clip"]?.int })
    #expect(changes.last?["flips"]?.int == flipped.count)
    #expect(schemas.findings(try #require(run.json), file: "diff.json") == [])
  }

  @Test(arguments: [40, 80, 132])
  func tablesFitTheTerminal(width: Int) throws {
    let run = try torchport(
      ["diff", Self.early, Self.best, "--top", "5", "--sort", "moved", "--only", "*weight*"],
      environment: ["COLUMNS": "\(width)"])
    let tensors =
      run.output.components(separatedBy: "\ntensors\n").last?.components(
        separatedBy: "\n\n"
      ).first ?? ""
    let lines = tensors.split(separator: "\n")
    #expect(lines.count >= 6, "\(run.output)")
    #expect(lines.allSatisfy { $0.count <= max(width, 44) }, "\(tensors)")
    #expect(run.output.split(separator: "\n")[1].hasPrefix("  weights moved "))
  }

  @Test func markdownIsWritten() throws {
    let file = folder.file("diff.md")
    #expect(try torchport("diff", Self.early, Self.best, "--markdown", file).status == 1)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.contains("#### tensors\n"))
    #expect(try torchport("diff", Self.early, Self.best, "--markdown", file).status == 2)
    let again = try torchport("diff", Self.early, Self.best, "--markdown", file, "--force")
    #expect(again.status == 1)
  }

  @Test(arguments: [
    ([], "h5", Int32(0)), ([], "npz", 0), ([], "safetensors", 0),
    (["--layout", "keras"], "weights.h5", 1), (["--dtype", "float64"], "safetensors", 0),
    (["--dtype", "float16"], "safetensors", 1), (["--dtype", "int8"], "h5", 1),
    (["--fold-batch-norm"], "safetensors", 1),
  ])
  func whatConvertDidIsExplained(options: [String], format: String, status: Int32) throws {
    let output = folder.file("model.\(format)")
    let made = try torchport(["convert", Self.best, "-o", output, "--force"] + options)
    #expect(made.status == 0, "\(made.errors)")
    for pair in [[Self.best, output], [output, Self.best]] {
      let run = try torchport(["diff"] + pair + ["--json"])
      #expect(run.status == status, "\(run.output.prefix(500)) \(run.errors)")
      #expect(run.json?["identical"] == .bool(status == 0))
      #expect(schemas.findings(try #require(run.json), file: "diff.json") == [])
      let tensors = run.json?["tensors"]?.array ?? []
      // What two formats hold alike needs no explanation; Keras' summed biases and the rest do.
      if status == 1 {
        let derivation = run.json?["derivation"]
        #expect(derivation?["made"]?.string == (pair[0] == Self.best ? "b" : "a"))
        #expect(derivation?["exact"] == false || status == 0)
        let made = pair[0] == Self.best ? "b was made from a" : "a was made from b"
        let sentence = run.json?["summary"]?.string ?? ""
        #expect(sentence.hasPrefix(made + ", and that is all there is: "), "\(sentence)")
        #expect(!sentence.contains("weights moved"), "\(sentence)")
      }
      if options.contains("float16") {
        #expect(tensors.contains { $0["cast"] == "rounded" || $0["cast"] == "widened" })
      }
    }
  }
}
