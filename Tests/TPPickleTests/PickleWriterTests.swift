import TPBytes
import TPPickle
import Testing

/// Expected bytes are `pickle.dumps(value, protocol=2)` of CPython 3.11.
@Suite struct PickleWriterTests {
  private func hex(_ body: (inout PickleWriter) -> Void) -> String {
    var writer = PickleWriter()
    body(&writer)
    return hexadecimal(writer.finish())
  }

  @Test(arguments: [
    (0, "80024b002e"), (1, "80024b012e"), (255, "80024bff2e"), (256, "80024d00012e"),
    (65535, "80024dffff2e"), (65536, "80024a000001002e"), (2_147_483_647, "80024affffff7f2e"),
    (2_147_483_648, "80028a0500000080002e"), (-1, "80024affffffff2e"), (-128, "80024a80ffffff2e"),
    (-129, "80024a7fffffff2e"), (-2_147_483_648, "80024a000000802e"),
    (-2_147_483_649, "80028a05ffffff7fff2e"), (549_755_813_887, "80028a05ffffffff7f2e"),
    (549_755_813_888, "80028a060000000080002e"), (-549_755_813_888, "80028a0500000000802e"),
    (-549_755_813_889, "80028a06ffffffff7fff2e"), (Int.max, "80028a08ffffffffffffff7f2e"),
    (Int.min, "80028a0800000000000000802e"),
  ])
  func integers(value: Int, expected: String) {
    let short = hex { $0.int(value) }
    #expect(short == expected)
    let found = hex { _ = $0.int(decimal: String(value)) }
    #expect(found == expected)
  }

  @Test(arguments: [
    ("9223372036854775808", "80028a090000000000000080002e"),
    ("-9223372036854775809", "80028a09ffffffffffffff7fff2e"),
    ("18446744073709551616", "80028a090000000000000000012e"),
    (
      "10000000000000000000000000000000000000000",
      "80028a11000000000061f5b9abbfa45cc3f129631d2e"
    ),
    (
      "-10000000000000000000000000000000000000000",
      "80028a1100000000009f0a4654405ba33c0ed69ce22e"
    ),
    ("170141183460469231731687303715884105727", "80028a10ffffffffffffffffffffffffffffff7f2e"),
    ("170141183460469231731687303715884105728", "80028a1100000000000000000000000000000080002e"),
    ("-170141183460469231731687303715884105728", "80028a10000000000000000000000000000000802e"),
    ("-170141183460469231731687303715884105729", "80028a11ffffffffffffffffffffffffffffff7fff2e"),
  ])
  func integersBeyond64Bits(digits: String, expected: String) {
    let found = hex { _ = $0.int(decimal: digits) }
    #expect(found == expected)
  }

  @Test(arguments: ["", "-", "12a", "1.5", String(repeating: "9", count: 615)])
  func whatIsNoSuchInteger(text: String) {
    var writer = PickleWriter()
    let isWritten = writer.int(decimal: text)
    #expect(!isWritten)
  }

  @Test(arguments: [
    (1.5, "8002473ff80000000000002e"), (-0.0, "80024780000000000000002e"),
    (Double.infinity, "8002477ff00000000000002e"),
    (Double.leastNonzeroMagnitude, "80024700000000000000012e"),
    (1e-4, "8002473f1a36e2eb1c432d2e"),
  ])
  func floats(value: Double, expected: String) {
    let found = hex { $0.float(value) }
    #expect(found == expected)
  }

  @Test(arguments: [
    ("", "8002580000000071002e"), ("a", "800258010000006171002e"),
    ("\u{E9}", "80025802000000c3a971002e"), ("\u{1F600}", "80025804000000f09f988071002e"),
  ])
  func texts(value: String, expected: String) {
    let found = hex {
      $0.text(value)
      $0.memoise()
    }
    #expect(found == expected)
  }

  /// `'\ud800x'`, `'\udc00\ud83d'`, and a whole pair before half of one.
  @Test(
    arguments: [
      ([0xD800, 0x78], "80025804000000eda0807871002e"),
      ([0xDC00, 0xD83D], "80025806000000edb080eda0bd71002e"),
      ([0xD83D, 0xDE00, 0xD800], "80025807000000f09f9880eda08071002e"),
    ] as [([UInt16], String)])
  func brokenTexts(units: [UInt16], expected: String) {
    let found = hex {
      $0.text(units: units)
      $0.memoise()
    }
    #expect(found == expected)
  }

  /// Beyond 255 objects the memo's places take four bytes.
  @Test func theMemoGrows() throws {
    var writer = PickleWriter()
    writer.emptyList()
    writer.memoise()
    writer.mark()
    var slots: [PickleWriter.Slot] = []
    for number in 0..<300 {
      writer.text("\(number)")
      slots.append(writer.memoise())
    }
    writer.recall(slots[7])
    writer.recall(slots[299])
    writer.appends()
    let bytes = writer.finish()
    let pickle = try PickleMachine.run(bytes.span.bytesView)
    guard case .list(let elements) = pickle.arena[pickle.root] else {
      Issue.record("no list")
      return
    }
    #expect(elements.count == 302)
    #expect(elements[300] == elements[7])
    #expect(elements[301] == elements[299])
  }
}
