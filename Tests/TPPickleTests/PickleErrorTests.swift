import TPBytes
import TPPickle
import Testing

struct PickleFault: Sendable, CustomTestStringConvertible {
  let pickle: [UInt8]
  let kind: PortError.Kind
  let offset: Int
  let message: String
  var testDescription: String { message }

  init(_ pickle: String, _ kind: PortError.Kind, _ offset: Int, _ message: String) {
    // Latin-1: a byte per character.
    self.pickle = pickle.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    self.kind = kind
    self.offset = offset
    self.message = message
  }
}

@Test(arguments: [
  PickleFault("", .truncated, 0, "the pickle ends without a STOP opcode"),
  PickleFault("N", .truncated, 1, "the pickle ends without a STOP opcode"),
  PickleFault("version https", .malformed, 0, "no pickle opcode is 0x76 ('v')"),
  PickleFault("<html>", .malformed, 0, "no pickle opcode is 0x3c ('<')"),
  PickleFault("\u{0A}.", .malformed, 0, "no pickle opcode is 0x0a"),
  PickleFault(
    "\u{80}\u{06}N.", .unsupported, 0,
    "the pickle is of protocol 6, and 5 is the highest there is"),
  PickleFault(
    "J\u{01}\u{02}", .truncated, 1,
    "in the operand of BININT, 4 bytes are needed here and 2 are left"
  ),
  PickleFault(
    "X\u{FF}\u{FF}\u{FF}\u{FF}a.", .truncated, 1,
    "in the operand of BINUNICODE, a length of 4294967295 runs past the end: 2 bytes are left"),
  PickleFault(
    "\u{8E}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}.", .truncated, 1,
    "in the operand of BINBYTES8, a length of 18446744073709551615 runs past the end:"
      + " 1 bytes are left"),
  PickleFault(
    "T\u{FF}\u{FF}\u{FF}\u{FF}.", .truncated, 1,
    "in the operand of BINSTRING, a length of -1 runs past the end: 1 bytes are left"),
  PickleFault(
    "\u{95}\u{05}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}N.", .truncated, 1,
    "in the operand of FRAME, a length of 5 runs past the end: 2 bytes are left"),
  PickleFault(
    "cos", .truncated, 1, "in the operand of GLOBAL, a line is not ended by a line feed"),
  PickleFault(".", .malformed, 0, "STOP needs a value and the stack is empty"),
  PickleFault("0.", .malformed, 0, "POP needs a value and the stack is empty"),
  PickleFault("N(.", .malformed, 2, "STOP needs a value and the stack is empty"),
  PickleFault("N(\u{85}.", .malformed, 2, "TUPLE1 finds too few values on the stack"),
  PickleFault("NN\u{87}.", .malformed, 2, "TUPLE3 finds too few values on the stack"),
  PickleFault("t.", .malformed, 0, "TUPLE needs a MARK and there is none"),
  PickleFault("]Ne.", .malformed, 2, "APPENDS needs a MARK and there is none"),
  PickleFault("1.", .malformed, 0, "POP_MARK needs a MARK and there is none"),
  PickleFault("h\u{05}.", .malformed, 0, "the memo has no value 5"),
  PickleFault("g-1\n.", .malformed, 0, "GET gives no number of the memo"),
  PickleFault("Npx\n.", .malformed, 1, "PUT gives no number of the memo"),
  PickleFault("q\u{00}.", .malformed, 0, "BINPUT needs a value and the stack is empty"),
  PickleFault("\u{94}.", .malformed, 0, "MEMOIZE needs a value and the stack is empty"),
  PickleFault("NNa.", .malformed, 2, "APPEND adds to None, which is no list"),
  PickleFault(")(Ne.", .malformed, 3, "APPENDS adds to a tuple, which is no list"),
  PickleFault("]NNs.", .malformed, 3, "SETITEM sets a key of a list, which is no dict"),
  PickleFault(
    "cm\nC\nNNs.", .malformed, 7, "SETITEM sets a key of a class or function, which is no dict"),
  PickleFault("}(Nu.", .malformed, 3, "SETITEMS has a key without a value"),
  PickleFault("(Nd.", .malformed, 2, "DICT has a key without a value"),
  PickleFault("}]Ns.", .malformed, 3, "SETITEM uses a list as a key"),
  PickleFault("](N\u{90}.", .malformed, 3, "ADDITEMS adds to a list, which is no set"),
  PickleFault("(N\u{91}(N\u{90}.", .malformed, 5, "ADDITEMS adds to a frozenset, which is no set"),
  PickleFault("NN\u{93}.", .malformed, 2, "STACK_GLOBAL needs two texts and finds None and None"),
  PickleFault("N)R.", .malformed, 2, "REDUCE would call None"),
  PickleFault("cm\nC\nNR.", .malformed, 6, "REDUCE needs a tuple of arguments and finds None"),
  PickleFault(
    "cm\nC\n]\u{81}.", .malformed, 6, "NEWOBJ needs a tuple of arguments and finds a list"),
  PickleFault(
    "cm\nC\n)N\u{92}.", .malformed, 7, "NEWOBJ_EX needs a dict of keywords and finds None"),
  PickleFault("(o.", .malformed, 1, "OBJ has no class above its MARK"),
  PickleFault("(No.", .malformed, 2, "OBJ would call None"),
  PickleFault("im\nC\n.", .malformed, 0, "INST needs a MARK and there is none"),
  PickleFault("]Nb.", .malformed, 2, "BUILD sets the state of a list, which is no object"),
  PickleFault(
    "\u{82}\u{01}.", .unsupported, 0,
    "EXT1 names a class by a number that only the program which wrote the file knows"),
  PickleFault(
    "\u{97}.", .unsupported, 0, "the pickle refers to a buffer that is kept outside of the file"),
  PickleFault("N\u{98}.", .malformed, 1, "READONLY_BUFFER needs bytes and finds None"),
  PickleFault("I1x\n.", .malformed, 0, "INT gives no decimal integer"),
  PickleFault("I010\n.", .malformed, 0, "INT gives no decimal integer"),
  PickleFault("L\n.", .malformed, 0, "LONG gives no decimal integer"),
  PickleFault("L-L\n.", .malformed, 0, "LONG gives no decimal integer"),
  PickleFault("F1,5\n.", .malformed, 0, "FLOAT gives no number"),
  PickleFault("F0x10\n.", .malformed, 0, "FLOAT gives no number"),
  PickleFault("F\n.", .malformed, 0, "FLOAT gives no number"),
  PickleFault("Sabc\n.", .malformed, 0, "STRING is not in quotes"),
  PickleFault("S'\n.", .malformed, 0, "STRING is not in quotes"),
  PickleFault("S'\\x4'\n.", .malformed, 0, "STRING has an escape that means nothing"),
  PickleFault("V\\u00\n.", .malformed, 0, "a text has an escape that is no code point"),
  PickleFault("V\\U00110000\n.", .malformed, 0, "a text has an escape that is no code point"),
  PickleFault("X\u{01}\u{00}\u{00}\u{00}\u{FF}.", .malformed, 0, "a text is not UTF-8"),
  PickleFault("X\u{02}\u{00}\u{00}\u{00}\u{C0}\u{80}.", .malformed, 0, "a text is not UTF-8"),
  PickleFault("X\u{02}\u{00}\u{00}\u{00}\u{E2}\u{82}.", .malformed, 0, "a text is not UTF-8"),
  PickleFault(
    "c\u{FF}\nC\n.", .malformed, 0, "the name of a class or function is not UTF-8"),
  PickleFault("P\u{FF}\n.", .malformed, 0, "the persistent id is not UTF-8"),
  PickleFault(
    "\u{8B}\u{FF}\u{FF}\u{FF}\u{FF}.", .truncated, 1,
    "in the operand of LONG4, a length of -1 runs past the end: 1 bytes are left"),
])
func faults(_ fault: PickleFault) {
  let error = failure(fault.pickle)
  #expect(error?.kind == fault.kind)
  #expect(error?.message == fault.message)
  #expect(error?.offset == fault.offset)
  #expect(error?.remedy != nil)
}

@Test func longIntegersAreRefused() {
  let bytes: [UInt8] = [0x8B, 0x01, 0x01, 0, 0] + Array(repeating: 1, count: 257) + [0x2E]
  #expect(failure(bytes)?.message == "an integer has 257 bytes, more than 256")
  let digits = Array("L".utf8) + Array(repeating: 0x39, count: 700) + Array("L\n.".utf8)
  #expect(failure(digits)?.kind == .limit)
}

@Test func longNamesAreRefused() {
  let fits = Array("ca\n".utf8) + Array(repeating: 0x62, count: 16_383) + Array("\n.".utf8)
  #expect(failure(fits) == nil)
  let long = Array("ca\n".utf8) + Array(repeating: 0x62, count: 16_384) + Array("\n.".utf8)
  let message = "the name of a class or function has 16385 bytes, more than 16384"
  #expect(failure(long)?.message == message)
  let text = Array(repeating: UInt8(0x62), count: 16_384)
  let stacked = Array("\u{1}".utf8) + [0x58, 0, 0x40, 0, 0] + text
  let pickle = [0x8C] + stacked.prefix(1) + [0x61] + stacked.dropFirst() + [0x93, 0x2E]
  #expect(failure(pickle)?.message == message)
}

/// A text and its place in the memo, off the stack again.
private func memoised(_ text: [UInt8], _ place: UInt8) -> [UInt8] {
  [0x58] + (0..<4).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    + [0x71, place, 0x30]
}

/// 40 texts of 8 kB are 320 kB in the file, and 25 MB as the names that their pairs make.
@Test func namesOfTheSameTextsAreCounted() throws {
  var pickle: [UInt8] = []
  for place in UInt8(0)..<40 {
    pickle += memoised(Array("\(place)".utf8) + Array(repeating: 0x61, count: 8_000), place)
  }
  pickle += Array("](".utf8)
  for module in UInt8(0)..<40 {
    for name in UInt8(0)..<40 { pickle += [0x68, module, 0x68, name, 0x93] }
  }
  let error = failure(pickle + Array("e.".utf8))
  #expect(error?.kind == .limit)
  #expect(
    error?.message.hasPrefix("the names of classes and functions have ") == true,
    "\(error?.message ?? "")")
}

/// The marks of both texts were counted anew for every use of the name.
@Test func oneNameAgainAndAgain() throws {
  let text = Array(repeating: UInt8(0x61), count: 8_000)
  let uses = Array(repeatElement([0x68, 0, 0x68, 0, 0x93] as [UInt8], count: 100_000).joined())
  let bytes: [UInt8] = memoised(text, 0) + Array("](".utf8) + uses + Array("e.".utf8)
  let start = ContinuousClock.now
  let pickle = try PickleMachine.run(bytes.span.bytesView)
  #expect(ContinuousClock.now - start < .seconds(10))
  #expect(pickle.arena.globals.map(\.count) == [100_000])
}

/// U+212A is a K to Swift and none to Python.
@Test func namesThatOnlyLookTheSameAreTwo() throws {
  let bytes: [UInt8] = Array("cm\nK\ncm\n\u{212A}\n".utf8) + [0x86, 0x2E]
  let pickle = try PickleMachine.run(bytes.span.bytesView)
  #expect(pickle.arena.globals.map { Array($0.name.utf8) } == [[0x4B], [0xE2, 0x84, 0xAA]])
}

/// An é is one code point or two: 16 of them make 65,536 names that look the same, with one hash.
@Test func manyNamesThatLookTheSame() throws {
  let count = 40_000
  var bytes = Array("](".utf8)
  for number in 0..<count {
    bytes += Array("cm\n".utf8)
    for bit in 0..<16 { bytes += number >> bit & 1 == 0 ? [0xC3, 0xA9] : [0x65, 0xCC, 0x81] }
    bytes.append(0x0A)
  }
  bytes += Array("e.".utf8)
  let start = ContinuousClock.now
  let pickle = try PickleMachine.run(bytes.span.bytesView)
  #expect(ContinuousClock.now - start < .seconds(10))
  #expect(pickle.arena.globals.count == count)
}

/// Two keys of 80,000 marks in an order that is not Unicode's took half a minute, each 160 kB.
@Test func textsOfMarksAreRefused() {
  let marks =
    Array("e".utf8) + Array(repeatElement(Array("\u{301}\u{323}".utf8), count: 40_000).joined())
  let message = "a text has more than 128 combining marks in a row"
  for opcodes in [
    [0x58] + (0..<4).map { UInt8(truncatingIfNeeded: marks.count >> (8 * $0)) } + marks,
    [0x54] + (0..<4).map { UInt8(truncatingIfNeeded: marks.count >> (8 * $0)) } + marks,
    Array("V".utf8) + Array(repeatElement(Array("\\u0301".utf8), count: 129).joined()) + [0x0A],
    Array("V\\ud800".utf8) + Array(repeatElement(Array("\\u0301".utf8), count: 129).joined()) + [
      0x0A
    ],
    Array("P".utf8) + marks + [0x0A],
    Array("ca\n".utf8) + marks.prefix(1_001) + [0x0A],
  ] {
    #expect(failure(opcodes + [0x2E])?.kind == .limit)
    #expect(failure(opcodes + [0x2E])?.message == message)
    #expect(failure(opcodes + [0x2E])?.offset == 0)
  }
}

@Test func valuesAreCounted() {
  var limits = ReadLimits()
  limits.objects = 1000
  let many = Array("]".utf8) + Array(repeating: 0x5D, count: 1000) + Array(".".utf8)
  #expect(failure(many, limits: limits)?.message == "the pickle builds more than 1000 values")
  // References cost no value: a memo bomb is as small in memory as in the file.
  let references = (0..<5000).flatMap { _ in Array("h\u{00}".utf8) }
  let laughs = Array("]q\u{00}(".utf8) + references + Array("e.".utf8)
  #expect(failure(laughs, limits: limits) == nil)
}

@Test func bytesAreCounted() {
  var limits = ReadLimits()
  limits.pickleBytes = 10
  let long = Array(repeating: UInt8(0x4E), count: 20) + [0x2E]
  let error = failure(long, limits: limits)
  #expect(error?.kind == .limit)
  #expect(error?.offset == 10)
}

@Test func deepNestingCostsNoStack() throws {
  let lists = Array(repeating: UInt8(0x5D), count: 1_000_000)
  let appends = Array(repeating: UInt8(0x61), count: 999_999)
  let pickle = try PickleMachine.run((lists + appends + [0x2E]).span.bytesView)
  #expect(pickle.arena.nodes.count == 1_000_000)
}
