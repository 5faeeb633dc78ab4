import TPBytes
import Testing

@Suite struct ByteCursorTests {
  @Test func readsBothByteOrders() throws {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    var cursor = ByteCursor(bytes.span.bytesView)
    #expect(try cursor.little(UInt16.self) == 0x0201)
    #expect(try cursor.big(UInt16.self) == 0x0304)
    #expect(try cursor.byte() == 5)
    #expect(try cursor.array(2) == [6, 7])
    #expect(cursor.remaining == 2)
  }

  @Test func aFailedReadMovesNothing() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var cursor = ByteCursor(bytes.span.bytesView, base: 100)
    try cursor.skip(1)
    let expected = PortError(
      .truncated, "4 bytes are needed here and 2 are left", offset: 101)
    #expect(throws: expected) { try cursor.little(UInt32.self) }
    #expect(cursor.offset == 1)
  }

  @Test(arguments: [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [9, 0, 0, 0, 0, 0, 0, 0]])
  func lengthsMustFitWhatIsLeft(bytes: [UInt8]) {
    var cursor = ByteCursor(bytes.span.bytesView)
    #expect(throws: PortError.self) { try cursor.length(UInt64.self) }
    #expect(cursor.offset == 0)
  }

  @Test func negativeLengthsAreRefused() {
    let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 1, 2]
    var cursor = ByteCursor(bytes.span.bytesView)
    #expect(throws: PortError.self) { try cursor.length(Int32.self) }
    #expect(throws: PortError.self) { try cursor.skip(-1) }
  }

  @Test func linesEndAtALineFeed() throws {
    let bytes = Array("ab\n\nc".utf8)
    var cursor = ByteCursor(bytes.span.bytesView)
    #expect(try cursor.line() == Array("ab".utf8))
    #expect(try cursor.line() == [])
    #expect(throws: PortError(.truncated, "a line is not ended by a line feed", offset: 4)) {
      try cursor.line()
    }
  }
}
