import Foundation
import TPBytes
import TPCheckpoints
import TPConversion
import TPTensors
import TestSupport
import Testing

/// Rules on tensors of fixtures/mapping, whose results torch made (make.py).
@Suite struct TensorMapTests {
  static let folder = packageRoot.appendingPathComponent("fixtures/mapping")

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue(
      parsing: String(contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8))
  }

  private func open() throws -> Checkpoint {
    try CheckpointFile.open(path: Self.folder.appendingPathComponent("other.pth").path)
  }

  private func plan(_ checkpoint: Checkpoint, _ map: TensorMap) throws -> ConversionPlan {
    var options = ConversionOptions(architecture: .none)
    options.map = map
    return try ConversionPlan(checkpoint, sourceName: "other.pth", options: options)
  }

  /// The plan of one rule for the fixture.
  private func plan(_ rules: JSONValue...) throws -> ConversionPlan {
    try plan(open(), TensorMap(["torchport_map": 1, "rules": .array(rules)]))
  }

  private func check(_ plan: ConversionPlan, _ rows: [JSONValue]) {
    #expect(plan.tensors.map(\.name) == rows.compactMap { $0["name"]?.string })
    for (tensor, row) in zip(plan.tensors, rows) {
      #expect(tensor.dtype.rawValue == row["dtype"]?.string, "\(tensor.name)")
      #expect(tensor.shape.extents == row["shape"]?.array?.compactMap(\.int), "\(tensor.name)")
      #expect(plan.contents.digests[tensor.name] == row["sha256"]?.string, "\(tensor.name)")
    }
  }

  @Test func everyRuleDoesWhatTorchDoes() throws {
    let expected = try #require(json("expected.json")["after"]?.array)
    let plan = try plan(open(), TensorMap(json("there.json")))
    check(plan, expected)
    #expect(plan.dropped.map(\.name) == ["aux.weight"])
    #expect(plan.dropped.first?.rule == 2)
    let both = plan.tensors.first { $0.name == "head.both" }
    #expect(both?.sources == ["head.left", "head.right"])
    #expect(both?.changes == ["2 joined on axis 1"])
    // Reordered alike, the two names of one tensor are still one.
    #expect(plan.contents.tensors.aliases == [["rnn.weight_ih_l0", "decoder.weight"]])
  }

  @Test func aMapThatReversesAnotherGivesTheOriginalBits() throws {
    let before = try #require(json("expected.json")["before"]?.array).filter {
      $0["name"] != "aux.weight"
    }
    let there = try plan(open(), TensorMap(json("there.json")))
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("torchport-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try there.write(to: path, format: .safetensors, replacing: false)
    let back = try plan(CheckpointFile.open(path: path), TensorMap(json("back.json")))
    check(back, before)
    // Both files name the same source, and the second all the rules.
    #expect(back.contents.facts["source.digest"] == there.contents.facts["source.digest"])
    let rules = try JSONValue(parsing: back.contents.facts["map"] ?? "")["rules"]?.array
    #expect(rules?.count == 16)
  }

  @Test func theFactsSayWhatWasDone() throws {
    let map = try TensorMap(json("there.json"))
    let plan = try plan(open(), map)
    let text = try #require(plan.contents.facts["map"])
    #expect(try TensorMap(JSONValue(parsing: text)) == map)
    let plain = try ConversionPlan(
      open(), sourceName: "a", options: ConversionOptions(architecture: .none))
    #expect(plan.contents.facts["source.digest"] == plain.digest)
    #expect(plan.digest != plain.digest)
    #expect(plain.contents.facts["map"] == nil)
  }

  @Test(
    arguments: [
      ([], "a map is an object with the keys torchport_map and rules"),
      (["rules": []], "the map does not say \"torchport_map\": 1"),
      (["torchport_map": 2, "rules": []], "the map does not say \"torchport_map\": 1"),
      (["torchport_map": 1], "the map's rules are not a list"),
      (["torchport_map": 1, "rules": [], "more": 1], "a map has no key more"),
    ] as [(JSONValue, String)])
  func whatIsNoMap(json: JSONValue, message: String) {
    let error = #expect(throws: PortError.self) { try TensorMap(json) }
    #expect(error?.message == message)
  }

  @Test(
    arguments: [
      (1, "is not an object"),
      (["to": "a"], "says none of drop, join, permute, rename, reorder, split"),
      (["drop": "a", "rename": "b"], "says drop and rename; a rule does one thing"),
      (["drop": "a", "to": "b"], "drop has no to"),
      (["drop": 1], "drop is neither a name, a list of names, nor {\"regex\": ...}"),
      (["drop": []], "drop is not a list of names"),
      (["drop": "a", "optional": 1], "optional is neither true nor false"),
      (["rename": "a"], "rename needs to, a text"),
      (
        ["rename": ["a", "b"], "to": "c"],
        "rename names 2 tensors, and one can have the new name"
      ),
      (
        ["permute": "a", "axes": [0, 2]], "axes is not a list of the numbers 0 to n - 1, each once"
      ),
      (
        ["reorder": "a", "from": "ifgo", "to": "ifg"],
        "reorder needs from and to: the same two or more blocks, each once, in two orders"
      ),
      (["reorder": "a", "from": "ab", "to": "ba", "axis": -1], "axis is not a number from 0 on"),
      (
        ["split": "a", "into": ["b"]],
        "split needs into, a list of two or more parts: all names, or all {name, size}"
      ),
      (
        ["split": "a", "into": ["b", ["name": "c", "size": 1]]],
        "split needs into, a list of two or more parts: all names, or all {name, size}"
      ),
      (["join": ["a", "a"], "to": "b"], "join names a tensor twice"),
      (
        ["join": ["regex": "a"], "to": "b"],
        "join's regex is not a list of two or more expressions, one for each part"
      ),
      (
        ["drop": ["regex": .string(String(repeating: "(", count: 40))]],
        "an expression is nested deeper than 30 levels"
      ),
      (
        ["drop": ["regex": .string(String(repeating: "a", count: 1_001))]],
        "an expression has 1001 bytes, more than 1000"
      ),
    ] as [(JSONValue, String)])
  func whatIsNoRule(rule: JSONValue, message: String) {
    let error = #expect(throws: PortError.self) {
      try TensorMap(["torchport_map": 1, "rules": [["drop": "x"], rule]])
    }
    #expect(error?.message == "rule 2: " + message)
    #expect(error?.kind == .malformed)
  }

  @Test(arguments: ["a(b", "[a", "(?<n", "a**", #"\k<n>"#]) func whatIsNoExpression(text: String) {
    let error = #expect(throws: PortError.self) {
      try TensorMap(["torchport_map": 1, "rules": [["drop": ["regex": .string(text)]]]])
    }
    #expect(error?.kind == .malformed)
    #expect(error?.message.hasPrefix("rule 1: ") == true, "\(error?.message ?? "")")
  }

  @Test(
    arguments: [
      (
        ["drop": "head.weighs"], "rule 1 of the map, drop: no tensor is called head.weighs",
        "perhaps head.weight is meant"
      ),
      (
        ["drop": ["regex": "head"]],
        "rule 1 of the map, drop: the whole name of no tensor matches head",
        "begin or end with .* for a part of the name, or say \"optional\": true"
      ),
      (
        ["rename": "head.left", "to": "head.right"],
        "rule 1 of the map, rename: two tensors would be called head.right: those from head.right"
          + " and from head.left", "rename or drop one of them first"
      ),
      (
        ["rename": ["regex": #"head\..*"#], "to": "head"],
        "rule 1 of the map, rename: two tensors would be called head: those from head.weight and"
          + " from head.left", "rename or drop one of them first"
      ),
      (
        ["rename": ["regex": "head.(.*)"], "to": "$2"],
        "rule 1 of the map, rename: $2 asks for a group that the expression does not have",
        "it has 1; write $$ for a dollar sign"
      ),
      (
        ["permute": "head.weight", "axes": [0, 2, 1]],
        "rule 1 of the map, permute: the axes [0, 2, 1] do not fit a tensor of shape (3, 4)", nil
      ),
      (
        ["reorder": "head.weight", "from": "ab", "to": "ba"],
        "rule 1 of the map, reorder: 3 elements along axis 0 are not 2 equal blocks", nil
      ),
      (
        ["reorder": "steps", "from": "ab", "to": "ba"],
        "rule 1 of the map, reorder: a tensor of shape () has no axis 0", nil
      ),
      (
        ["split": "head.weight", "into": ["a", "b"]],
        "rule 1 of the map, split: 3 elements along axis 0 cannot be split into 2 equal parts", nil
      ),
      (
        [
          "split": "head.weight",
          "into": [["name": "a", "size": 1], ["name": "b", "size": 9_223_372_036_854_775_807]],
        ],
        "rule 1 of the map, split: the sizes [1, 9223372036854775807] do not add up to the 3 elements"
          + " along axis 0", nil
      ),
      (
        ["join": ["head.left", "head.weight"], "to": "a"],
        "rule 1 of the map, join: float32 (3, 2) and float32 (3, 4) cannot be joined along axis 0",
        nil
      ),
      (
        ["join": ["regex": [#"(head)\.left"#, #"(head)\.middle"#]], "to": "$1"],
        "rule 1 of the map, join: head lacks the part that (head)\\.middle should give", nil
      ),
    ] as [(JSONValue, String, String?)])
  func whatDoesNotFit(rule: JSONValue, message: String, remedy: String?) {
    let error = #expect(throws: PortError.self) { try plan(rule) }
    #expect(error?.message == message)
    #expect(error?.remedy == remedy)
    #expect(error?.kind == (remedy?.hasPrefix("it has") == true ? .malformed : .mismatch))
  }

  private func plan(_ tensor: Tensor, into parts: [JSONValue]) throws -> ConversionPlan {
    let rule = JSONValue.object([.init("split", .string("e")), .init("into", .array(parts))])
    return try plan(
      Checkpoint(container: .safetensors, tensors: [TensorRecord(path: ["e"], tensor: tensor)]),
      TensorMap(["torchport_map": 1, "rules": [rule]]))
  }

  /// 2^62 four times is 0 in 64 bits.
  @Test func sizesThatComeRoundToTheExtentDoNotFit() throws {
    let tensor = try Tensor(
      dtype: .float32, shape: Shape([4, 0]),
      storage: Storage(key: "e", region: ByteRegion([UInt8]())))
    let parts = [1 << 62, 1 << 62, 1 << 62, 1 << 62, 4].enumerated().map { place, size in
      JSONValue.object([.init("name", .string("p\(place)")), .init("size", .int(size))])
    }
    let error = #expect(throws: PortError.self) { try plan(tensor, into: parts) }
    #expect(error?.kind == .mismatch)
    #expect(error?.message.hasSuffix("do not add up to the 4 elements along axis 0") == true)
  }

  @Test func stridesOfATensorWithoutElementsSayNothing() throws {
    let tensor = try Tensor(
      dtype: .float32, shape: Shape([4, 0]), strides: [1 << 62, 1], offset: 0,
      storage: Storage(key: "e", region: ByteRegion([UInt8]())))
    let plan = try plan(tensor, into: [.string("a"), .string("b")])
    #expect(plan.tensors.map(\.shape.extents) == [[2, 0], [2, 0]])
  }

  @Test func whatIsOptionalMayBeAbsent() throws {
    let plain = try plan()
    let rules: [JSONValue] = [
      ["drop": "none", "optional": true], ["drop": ["regex": "none"], "optional": true],
      ["join": ["none", "neither"], "to": "a", "optional": true],
      ["join": ["regex": ["(n)one", "(n)either"]], "to": "$1", "optional": true],
    ]
    for rule in rules { #expect(try plan(rule).digest == plain.digest) }
  }

  @Test func namesAreSwappedAtOnceByAnExpression() throws {
    let swapped = try plan(
      ["rename": "head.left", "to": "tmp"], ["rename": "head.right", "to": "head.left"],
      ["rename": "tmp", "to": "head.right"])
    #expect(swapped.tensors.first { $0.name == "head.left" }?.sources == ["head.right"])
    let moved = try plan(["rename": ["regex": #"head\.(left|right)"#], "to": "${1}.$$.$0"])
    #expect(moved.tensors.map(\.name).contains("left.$.head.left"))
  }
}
