import TPBytes
import TPPickle
import TestSupport
import Testing

/// A pickle and what CPython builds of it, from fixtures/torch-files/pickles.json.
struct PickleCase: Sendable, CustomTestStringConvertible {
  let name: String
  let pickle: [UInt8]
  let value: String
  var testDescription: String { name }

  static let all: [PickleCase] = {
    guard let text = try? SharedBytes(path: fixture("torch-files/pickles.json")),
      let json = try? JSONValue(parsing: text.bytes)
    else { return [] }
    return (json.array ?? []).map {
      PickleCase(
        name: $0["name"]?.string ?? "?", pickle: bytes($0["pickle"]?.string ?? ""),
        value: $0["value"]?.string ?? "?")
    }
  }()
}

@Test func thePicklesAreThere() { #expect(PickleCase.all.count == 100) }

@Test(arguments: PickleCase.all) func valuesAreAsInPython(_ test: PickleCase) throws {
  let pickle = try PickleMachine.run(test.pickle.span.bytesView)
  #expect(describe(pickle.root, in: pickle.arena) == test.value)
  #expect(pickle.range == 0..<test.pickle.count)
}

@Test(arguments: PickleCase.all) func everyPrefixIsRefused(_ test: PickleCase) {
  for length in 0..<min(test.pickle.count, 600) {
    let error = failure(Array(test.pickle[..<length]))
    #expect(error?.offset.map { $0 <= length } == true)
  }
}

/// Seeded: the same mutants at every run.
@Test(arguments: PickleCase.all) func mutantsReadOrThrow(_ test: PickleCase) {
  var state: UInt64 = 0x9E37_79B9
  func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  var limits = ReadLimits()
  limits.objects = 100_000
  for _ in 0..<300 {
    var mutant = test.pickle
    for _ in 0...next(3) { mutant[next(mutant.count)] = UInt8(next(256)) }
    if let error = failure(mutant, limits: limits) { #expect(error.offset != nil) }
  }
}

@Test func severalPicklesInARow() throws {
  let bytes: [UInt8] = Array("K\u{01}.".utf8) + Array("]K\u{02}a.".utf8) + [0xFF]
  let first = try PickleMachine.run(bytes.span.bytesView)
  let second = try PickleMachine.run(bytes.span.bytesView, from: first.range.upperBound)
  #expect(describe(first.root, in: first.arena) == "1")
  #expect(describe(second.root, in: second.arena) == "[2]")
  #expect(second.range == 3..<8)
  #expect(second.arena.offset(of: second.root) == 3)
  let third = failure(Array(bytes[8...]))
  #expect(third?.message == "no pickle opcode is 0xff")
}

@Test func valuesMayContainThemselves() throws {
  let list = try PickleMachine.run(Array("]q\u{00}h\u{00}a.".utf8).span.bytesView)
  #expect(list.arena[list.root] == .list([list.root]))
  let dict = try PickleMachine.run(Array("}q\u{00}K\u{01}h\u{00}s.".utf8).span.bytesView)
  guard case .dict(let entries) = dict.arena[dict.root] else { throw PortError(.usage, "no dict") }
  #expect(entries.map(\.value) == [dict.root])
}

@Test func globalsAreCounted() throws {
  let pickle = try PickleMachine.run(
    Array("(cos\nsystem\ncm\nC\n0cos\nsystem\n)Rt.".utf8).span.bytesView)
  let globals = pickle.arena.globals
  #expect(globals.map(\.fullName) == ["os.system", "m.C"])
  #expect(globals.map(\.count) == [2, 1])
  #expect(globals.map(\.firstOffset) == [1, 12])
}

@Test func constructionsThatAreDroppedStay() throws {
  let pickle = try PickleMachine.run(
    Array("cos\nsystem\n(S'ls'\ntR0N.".utf8).span.bytesView)
  #expect(pickle.arena[pickle.root] == .none)
  #expect(pickle.arena.calls.count == 1)
  #expect(pickle.arena.calls[0].kind == .reduce)
}

@Test func framesAreKept() throws {
  let bytes: [UInt8] = [0x80, 4, 0x95, 3, 0, 0, 0, 0, 0, 0, 0, 0x4B, 1, 0x2E]
  let pickle = try PickleMachine.run(bytes.span.bytesView)
  #expect(pickle.frames.map(\.range) == [11..<14])
  #expect(pickle.protocolNumber == 4)
}

@Test func everyOpcodeHasItsName() {
  #expect(PickleOpcode.allCases.count == 68)
  #expect(Set(PickleOpcode.allCases.map(\.name)).count == 68)
  #expect(PickleOpcode(rawValue: 0x8C)?.name == "SHORT_BINUNICODE")
}
