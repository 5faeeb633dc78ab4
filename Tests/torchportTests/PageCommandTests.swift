import Foundation
import TPBytes
import TPCheckpoints
import TestSupport
import Testing

/// `--html`: the pages, through the command.
@Suite struct PageCommandTests {
  static let best = fixture("run/best_lightweight_model.pth")
  let folder = TemporaryFolder()

  static let hostile = [
    "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "</style><!--",
    "a\" onload=\"b' c", "\u{1B}[31mred\u{1B}[0m\u{7}", "\u{202E}gpj.exe\u{2066}",
    "]]>&amp;<![CDATA[",
    "nul\u{0}nul", "javascript:alert(3)", String(repeating: "x<", count: 200_000),
  ]

  /// The page, and what the same run printed with `--json`.
  private func page(_ arguments: String...) throws -> (PageDocument, JSONValue) {
    let file = folder.file("page.html")
    let run = try torchport(arguments + ["--json", "--html", file, "--force"])
    let page = try PageDocument(file)
    page.check()
    return (page, try #require(run.json))
  }

  @Test func verifyHasTheFiguresOfTheJSON() throws {
    let (page, json) = try page(
      "verify", Self.best, "--golden", fixture("goldens/best.npz"), "--ledger")
    #expect(page.all("h1").map { $0.text.filter { $0 != "\n" } } == ["Parity holds"])
    let values = Set(page.values)
    let rows = try #require(json["activations"]?.array).filter { $0["mode"] == "chained" }
    #expect(rows.count > 10)
    for row in rows where row["golden"] != .null {
      for side in ["golden", "port"] {
        for key in ["max", "rms", "rms_line"] {
          let value = try #require(row[side]?[key]?.double)
          #expect(values.contains(value), "\(row["name"] ?? .null) \(side) \(key)")
        }
      }
      #expect(values.contains(try #require(row["max_abs"]?.double)))
    }
    for row in try #require(json["ledger"]?.array) {
      for key in ["introduced", "inherited"] {
        #expect(values.contains(try #require(row[key]?.double)))
      }
    }
    let margins = try #require(json["predictions"]?.array).compactMap { $0["margin"]?.double }
    #expect(margins.count == 11 && margins.allSatisfy(values.contains))
  }

  @Test func evaluateHasTheFiguresOfTheJSON() throws {
    let (page, json) = try page("evaluate", Self.best, fixture("validation.npz"))
    #expect(page.all("h1").map(\.text) == ["95.00 % right"])
    let values = Set(page.values)
    let result = try #require(json["result"])
    for row in try #require(result["per_class"]?.array) {
      for side in ["recall", "precision"] {
        for key in ["share", "low", "high"] {
          #expect(values.contains(try #require(row[side]?[key]?.double)))
        }
      }
    }
    let matrix = page.elements.filter {
      $0.name == "td" && $0.attributes["class"]?.hasPrefix("h") == true
    }
    let counts = try #require(result["confusion"]?.array).flatMap {
      ($0.array ?? []).compactMap(\.int)
    }
    #expect(matrix.map(\.text) == counts.map(String.init))
    for clip in try #require(json["predictions"]?.array) {
      #expect(values.contains(try #require(clip["loss"]?.double)))
      #expect(values.contains(try #require(clip["confidence"]?.double)))
    }
  }

  @Test func historyHasTheFiguresOfTheJSON() throws {
    let (page, json) = try page("history", fixture("history/run"))
    let values = Set(page.values)
    let steps = try #require(json["steps"]?.array)
    #expect(steps.count > 3)
    for step in steps {
      for layer in try #require(step["layers"]?.array) {
        for key in ["relative", "cosine", "from_first"] {
          if let value = layer[key]?.double { #expect(values.contains(value), "\(layer) \(key)") }
        }
      }
    }
    for key in ["train_losses", "val_losses"] {
      for value in try #require(json["curves"]?[key]?.array) {
        #expect(values.contains(try #require(value.double)))
      }
    }
    let titles = page.all("title").map(\.text)
    #expect(titles.contains("Loss") && titles.contains("Relative update of each layer"))
    // A field of the heat map for each layer and step, and nine in its legend.
    let layers = steps.reduce(0) { $0 + ($1["layers"]?.array?.count ?? 0) }
    let fields = page.all("rect").filter { $0.attributes["class"]?.hasPrefix("h") == true }
    #expect(fields.count == layers + 9)
  }

  @Test func diffHasTheFiguresOfTheJSON() throws {
    let (page, json) = try page(
      "diff", fixture("run/checkpoint_epoch_5.pth"), Self.best, "--clips",
      fixture("validation.npz"), "--fail-on", "nan,max>0.001", "--singular-values")
    #expect(page.all("h1").map { $0.text.filter { $0 != "\n" } } == ["1 of 2 rules broken"])
    let values = Set(page.values)
    let tensors = try #require(json["tensors"]?.array)
    #expect(tensors.count == 34)
    for tensor in tensors {
      let name = try #require(tensor["name"]?.string)
      #expect(page.all("th").contains { $0.text == name }, "\(name)")
      for key in ["relative", "cosine", "max_abs", "median_abs", "p99_abs"] {
        if let value = tensor[key]?.double { #expect(values.contains(value), "\(name) \(key)") }
      }
      if let sigma = tensor["singular_values"] {
        for key in ["a", "delta"] {
          #expect(values.contains(try #require(sigma[key]?.double)), "\(name) \(key)")
        }
      }
    }
    for norm in try #require(json["batch_norms"]?.array) {
      #expect(values.contains(try #require(norm["mean_shift"]?.double)))
    }
    for parameter in try #require(json["optimizer"]?["parameters"]?.array) {
      for key in ["observed", "expected_step", "ratio", "cosine"] {
        if let value = parameter[key]?.double { #expect(values.contains(value), "\(key)") }
      }
    }
    let clips = try #require(json["behaviour"]?.array?.first?["clips"]?.array)
    #expect(clips.count == 40)
    for clip in clips {
      for key in ["margin_before", "margin_after", "drift"] {
        #expect(values.contains(try #require(clip[key]?.double)), "\(key)")
      }
    }
    let titles = page.all("title").map(\.text)
    #expect(titles.contains("Relative movement of each tensor"))
    let metadata = page.all("li").filter { $0.text.contains("best_val_acc") }
    #expect(!metadata.isEmpty)
  }

  @Test func diffOfTheSameSaysSo() throws {
    let (page, json) = try page("diff", Self.best, Self.best)
    #expect(json["identical"] == true)
    #expect(page.all("h1").map { $0.text.filter { $0 != "\n" } } == ["Nothing differs"])
  }

  @Test func auditHasEveryCheck() throws {
    let (page, json) = try page("audit", fixture("history/run"))
    let checks = try #require(json["checks"]?.array)
    for check in checks {
      let title = try #require(check["title"]?.string)
      #expect(page.all("th").contains { $0.text == title })
    }
    for file in try #require(json["files"]?.array) {
      // The folder stands above, once.
      let path = try #require(file["file"]?.string)
      let name = path.dropFirst(fixture("history/run/").count)
      #expect(page.elements.contains { $0.text == name }, "\(path)")
      #expect(page.values.contains(Double(try #require(file["bytes"]?.int))))
    }
  }

  @Test func hostileRunsAreText() throws {
    let run = folder.file("<script>alert(1)<")
    try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
    for name in ["a\u{202E}\u{1B}[31m\"'&.pth", "<img src=x>.pth"] {
      try FileManager.default.copyItem(
        atPath: fixture("run/checkpoint_epoch_5.pth"), toPath: run + "/" + name)
    }
    try Data("PK</b>".utf8).write(to: URL(fileURLWithPath: run + "/<td>.pth"))
    for command in ["history", "audit"] {
      let (page, _) = try page(command, run)
      #expect(page.text.contains("&lt;img src=x&gt;.pth"))
      #expect(page.text.contains(#"a\u{202e}\u{1b}[31m&quot;&#39;&amp;.pth"#))
    }
  }

  @Test func thePolicyNamesTheScriptAndTheStyle() throws {
    let (page, _) = try page(
      "verify", Self.best, "--golden", fixture("goldens/bare.npz"))
    let policy = page.all("meta").first {
      $0.attributes["http-equiv"] == "Content-Security-Policy"
    }
    let text = try #require(policy?.attributes["content"])
    #expect(text.hasPrefix("default-src 'none'; "))
    for (name, directive) in [("script", "script-src"), ("style", "style-src")] {
      var digest = RunningDigest()
      digest.update(utf8: page.all(name)[0].text)
      #expect(text.contains("\(directive) 'sha256-\(Data(digest.bytes).base64EncodedString())'"))
    }
  }

  @Test func aHostileGoldenIsText() throws {
    let golden = folder.file("golden.safetensors")
    try Self.golden(unknown: Self.hostile).write(to: URL(fileURLWithPath: golden))
    let (page, json) = try page("verify", Self.best, "--golden", golden, "--no-diagnosis")
    #expect(json["verdict"] == "broken")
    #expect(page.text.contains("&lt;img src=x onerror=alert(1)&gt;"))
    #expect(page.text.contains(#"\u{1b}[31mred"#) && page.text.contains(#"\u{202e}gpj.exe"#))
    #expect(page.text.utf8.count < 100_000)
    let odd = folder.file("<b>&\"'\u{202E}.npz")
    try FileManager.default.copyItem(atPath: fixture("goldens/bare.npz"), toPath: odd)
    let two = try self.page(
      "verify", Self.best, "--golden", odd, "--golden", folder.file("</p>missing"))
    #expect(two.0.text.contains(#"&lt;b&gt;&amp;&quot;&#39;\u{202e}.npz"#))
  }

  /// A golden of the run's model whose record is wrong, with activations of hostile names, and clips
  /// and classes of such names.
  static func golden(unknown names: [String]) throws -> Data {
    let size = 32 * 64 * 96
    var header: [String: Any] = [
      "input": ["dtype": "F32", "shape": [1, 1, 32, 64, 96], "data_offsets": [0, 4 * size]],
      "logits": ["dtype": "F32", "shape": [1, 4], "data_offsets": [4 * size, 4 * size + 16]],
    ]
    for (place, name) in names.enumerated() {
      let start = 4 * size + 16 + 4 * place
      header[name] = ["dtype": "F32", "shape": [1, 1], "data_offsets": [start, start + 4]]
    }
    let provenance: [String: Any] = [
      "format": "torchport-golden", "version": 1, "clips": [names[1]],
      "classes": Array(names.prefix(4)), "mode": names[3],
    ]
    let facts = try JSONSerialization.data(withJSONObject: provenance)
    header["__metadata__"] = ["provenance": String(decoding: facts, as: UTF8.self)]
    let json = try JSONSerialization.data(withJSONObject: header)
    var count = UInt64(json.count).littleEndian
    var data = withUnsafeBytes(of: &count) { Data($0) }
    data.append(json)
    data.append(Data(count: 4 * size + 16 + 4 * names.count))
    return data
  }

  @Test func existingFilesNeedForceAndNothingHalfIsLeft() throws {
    let file = folder.file("page.html")
    let arguments = ["verify", Self.best, "--golden", fixture("goldens/bare.npz"), "--html", file]
    #expect(try torchport(arguments).status == 0)
    let first = try Data(contentsOf: URL(fileURLWithPath: file))
    let again = try torchport(arguments)
    #expect(again.status == 2)
    #expect(again.errors.contains("exists already; give --force"))
    #expect(try torchport(arguments + ["--force"]).status == 0)
    // The same bytes: no clock, no path of this machine but those given.
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == first)
    #expect(folder.names == ["page.html"])
    #expect(try torchport("verify", Self.best, "--html", folder.file("x.html")).status == 64)
    #expect(folder.names == ["page.html"])
  }
}
