import Foundation
import TPBytes
import TestSupport
import Testing

/// What `diff` ends with: 0 only for what is equal, 1 for any difference, 3 where nothing could be
/// compared; and which rules of `--fail-on` fire on what.
@Suite struct DiffStatusTests {
  let folder = TemporaryFolder()

  /// A tensor as safetensors has it.
  struct Row: Sendable {
    var name: String
    var words: [UInt32]
    var shape: [Int]?
    var dtype = "F32"
  }

  static let one: UInt32 = 0x3F80_0000
  static let two: UInt32 = 0x4000_0000
  static let whole = [Row(name: "w", words: [one, two, 0]), Row(name: "v", words: [two])]

  private func file(_ name: String, _ rows: [Row]) throws -> String {
    var header: [String: Any] = [:]
    var bytes = Data()
    for row in rows {
      let start = bytes.count
      for word in row.words {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
      }
      header[row.name] = [
        "dtype": row.dtype, "shape": row.shape ?? [row.words.count],
        "data_offsets": [start, bytes.count],
      ]
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    var data = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    data += json + bytes
    let path = folder.file(name + ".safetensors")
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var rows: [Row]
    var status: Int32
    var rule: String?
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "the same", rows: whole, status: 0, rule: "unchanged"),
    Case(name: "in another order", rows: whole.reversed(), status: 0, rule: "unchanged"),
    Case(
      name: "another value", rows: [Row(name: "w", words: [one, one, 0]), whole[1]], status: 1,
      rule: "changed"),
    Case(
      name: "the sign of a zero", rows: [Row(name: "w", words: [one, two, 1 << 31]), whole[1]],
      status: 1),
    Case(
      name: "another shape",
      rows: [Row(name: "w", words: [one, two, 0], shape: [3, 1]), whole[1]], status: 1,
      rule: "shape"),
    Case(
      name: "every shape another",
      rows: [
        Row(name: "w", words: [one, two, 0], shape: [3, 1]),
        Row(name: "v", words: [two], shape: []),
      ], status: 1, rule: "shape"),
    Case(
      name: "another type",
      rows: [Row(name: "w", words: [one, two, 0], dtype: "I32"), whole[1]], status: 1,
      rule: "dtype"),
    Case(
      name: "one more", rows: whole + [Row(name: "x", words: [one])], status: 1, rule: "added"),
    Case(name: "one less", rows: [whole[0]], status: 1, rule: "removed"),
    Case(
      name: "under another name", rows: [Row(name: "u", words: [one, two, 0]), whole[1]],
      status: 1, rule: "renamed"),
    Case(
      name: "a NaN", rows: [Row(name: "w", words: [one, 0x7FC0_0000, 0]), whole[1]], status: 1,
      rule: "nan"),
    Case(
      name: "nothing alike", rows: [Row(name: "p", words: [one, one])], status: 3),
    Case(name: "nothing at all", rows: [], status: 3),
  ]

  @Test(arguments: cases) func everyDifferenceCounts(own: Case) throws {
    let (a, b) = (try file("a", Self.whole), try file("b", own.rows))
    for options in [[], ["--quick"]] {
      #expect(try torchport(["diff", a, b] + options).status == own.status)
      #expect(try torchport(["diff", b, a] + options).status == own.status)
      guard own.status < 3 else { continue }
      for rule in ["changed", "shape", "dtype", "added", "removed", "renamed", "nan"] {
        let run = try torchport(["diff", a, b, "--fail-on", rule] + options)
        // A NaN is another value, too.
        let fires = rule == own.rule || rule == "changed" && own.rule == "nan"
        #expect(run.status == (fires ? 1 : 0), "\(rule): \(run.output)")
        #expect(run.output.contains(fires ? "FAILS \(rule)" : "holds: \(rule)"))
      }
      if own.rule == "unchanged" {
        #expect(try torchport("diff", a, b, "--fail-on", "unchanged").status == 1)
      }
    }
  }

  /// What DataParallel and torch.compile put before every name is taken off, what some names only begin
  /// with is not.
  @Test(
    arguments: [
      (["w", "v"], ["module.w", "module.v"], 0), (["w"], ["_orig_mod.module.w"], 0),
      (["model.w", "model.v"], ["module.model.w", "module.model.v"], 0),
      (["model.w", "model.v"], ["model.w", "v"], 1), (["w", "v"], ["other.w", "other.v"], 1),
      (["module.w"], ["module.w"], 0), (["module.w"], ["_orig_mod.w"], 0),
    ] as [([String], [String], Int32)])
  func prefixesOfWrappersAreNoDifference(a: [String], b: [String], status: Int32) throws {
    func rows(_ names: [String]) -> [Row] {
      names.enumerated().map { Row(name: $1, words: [Self.one, UInt32($0) << 20]) }
    }
    let (left, right) = (try file("a", rows(a)), try file("b", rows(b)))
    for pair in [[left, right], [right, left]] {
      let run = try torchport(["diff"] + pair)
      #expect(run.status == status, "\(run.output)")
    }
    // Of another epoch, too.
    var moved = rows(b)
    moved[0].words[0] = Self.two
    let run = try torchport("diff", left, try file("b", moved), "--json")
    #expect(run.status == 1)
    if status == 0 {
      let statuses = (run.json?["tensors"]?.array ?? []).compactMap { $0["status"]?.string }
      #expect(statuses.count { $0 == "changed" } == 1, "\(statuses)")
      #expect(statuses.count { $0 == "identical" } == a.count - 1, "\(statuses)")
    }
  }

  struct Sentence: Sendable, CustomTestStringConvertible {
    var rows: [Row]
    var text: String
    var testDescription: String { text }
  }

  /// What is worst stands first; what moved by little does not read as nothing.
  @Test(arguments: [
    Sentence(
      rows: [Row(name: "w", words: [one, 0x7FC0_0000, 0]), whole[1]],
      text: "1 tensor with NaN: w; 1 tensor changed"),
    Sentence(
      rows: [Row(name: "w", words: [one, two, 0x7F80_0000]), whole[1]],
      text: "1 tensor with infinity: w; 1 tensor changed"),
    Sentence(
      rows: [Row(name: "w", words: [one, two, 0], shape: [3, 1]), Row(name: "v", words: [one])],
      text: "1 tensor of another shape; weights moved 50.00 %, most in v; 1 tensor changed"),
    Sentence(
      rows: [Row(name: "w", words: [one + 1, two, 0]), whole[1]],
      text: "weights moved 4e-06 %, most in w; 1 tensor changed"),
    Sentence(
      rows: [Row(name: "p", words: [one, one])],
      text: "no tensor could be compared; 1 tensor added; 2 tensors removed"),
    Sentence(
      rows: [Row(name: "w", words: [one, two, 1 << 31]), whole[1]],
      text: "1 tensor equal in value, not in bits"),
    Sentence(
      rows: [Row(name: "w", words: [0x4000_3C00], shape: [2], dtype: "F16"), whole[1]],
      text: "1 tensor of another shape"),
  ])
  func theWorstStandsFirst(own: Sentence) throws {
    let (a, b) = (try file("a", Self.whole), try file("b", own.rows))
    let run = try torchport("diff", a, b, "--json")
    #expect(run.json?["summary"]?.string == own.text)
    // The table tells the status, whatever columns have nothing.
    let text = try torchport(["diff", a, b], environment: ["COLUMNS": "60"]).output
    let table = text.components(separatedBy: "\ntensors\n").last ?? ""
    let status = run.json?["tensors"]?.array?.first { $0["status"] != "identical" }?["status"]
    #expect(table.contains(status == "equal_values" ? "equal" : status?.string ?? "-"), "\(text)")
  }

  @Test func otherClassesStandFirst() throws {
    let run = fixture("history/run/checkpoint_epoch_4.pth")
    let other = try torchport("diff", run, fixture("audit/class_order_epoch_4.pth"), "--json")
    #expect(
      other.json?["summary"]?.string?.hasPrefix("the classes are in another order; ") == true)
  }

  /// No variance, so no measure of a shift, and nothing that is another.
  @Test func aBatchNormWithoutVariance() throws {
    let norm = [
      Row(name: "bn.running_mean", words: [Self.one]), Row(name: "bn.running_var", words: [0]),
    ]
    let (a, b) = (try file("a", Self.whole + norm), try file("b", [Self.whole[1]] + norm))
    for pair in [[a, a], [a, b]] {
      let run = try torchport(["diff"] + pair)
      #expect(!run.output.contains("batch norms"), "\(run.output)")
    }
  }

  @Test func whatCannotBeReadIsNoDifference() throws {
    let a = try file("a", Self.whole)
    #expect(try torchport("diff", a, folder.file("missing")).status == 2)
    let cut = folder.file("cut.safetensors")
    try Data(contentsOf: URL(fileURLWithPath: a)).dropLast(1).write(to: URL(fileURLWithPath: cut))
    #expect(try torchport("diff", a, cut).status == 2)
    #expect(try torchport("diff", a).status == 64)
  }

  /// States that went on without their weights, and a channel that died.
  @Test func rulesOfTraining() throws {
    let still = [fixture("differences/still_a.pth"), fixture("differences/still_b.pth")]
    let run = try torchport(["diff"] + still + ["--fail-on", "frozen,nan,dead"])
    #expect(run.status == 1)
    #expect(run.output.contains("FAILS frozen: 2.weight and 1 more\n"), "\(run.output)")
    #expect(run.output.contains("holds: dead\n"))
    let epochs = [10, 20].map { fixture("history/run/checkpoint_epoch_\($0).pth") }
    let dead = try torchport(["diff"] + epochs + ["--fail-on", "frozen,dead"])
    #expect(dead.status == 1)
    #expect(dead.output.contains("FAILS dead: bn3d2\n") && dead.output.contains("holds: frozen\n"))
  }
}
