import TPBytes
import TPZip
import Testing

private let torch = "../good/tensor.pt"

/// An edit of plain.zip, or another archive, and what it must lead to.
struct ZipFault: Sendable, CustomTestStringConvertible {
  enum Place: Sendable { case start(Int), entry(Int), end(Int) }

  let file: String
  let edits: [(place: Place, bytes: [UInt8])]
  let kind: PortError.Kind
  let words: String
  var testDescription: String { words }

  init(
    _ edits: [(Place, [UInt8])], _ kind: PortError.Kind, _ words: String,
    in file: String = "plain.zip"
  ) {
    self.file = file
    self.edits = edits.map { (place: $0.0, bytes: $0.1) }
    self.kind = kind
    self.words = words
  }

  func bytes() throws -> [UInt8] {
    var bytes = try archive(file)
    let entry = try #require(directoryEntry(bytes))
    let end = bytes.count - 22
    for edit in edits {
      let start =
        switch edit.place {
        case .start(let offset): offset
        case .entry(let offset): entry + offset
        case .end(let offset): end + offset
        }
      bytes.replaceSubrange(start..<start + edit.bytes.count, with: edit.bytes)
    }
    return bytes
  }
}

@Test(arguments: [
  ZipFault([(.start(30), Array("b".utf8))], .malformed, "header calls it b.txt"),
  ZipFault([(.start(0), [0])], .malformed, "no member begins where"),
  ZipFault([(.start(6), [1])], .unsupported, "claims to be encrypted"),
  ZipFault([(.entry(8), [1])], .unsupported, "claims to be encrypted"),
  ZipFault([(.entry(8), [0x20])], .unsupported, "zip flags 0x20 set"),
  ZipFault([(.start(7), [0x40])], .unsupported, "zip flags 0x4000 set"),
  ZipFault([(.entry(10), [99])], .unsupported, "compressed by method 99"),
  ZipFault([(.start(8), [8])], .malformed, "contradict each other"),
  ZipFault([(.start(14), [1])], .malformed, "contradict each other"),
  ZipFault([(.entry(20), [4])], .malformed, "has two sizes, 4 and 5"),
  ZipFault([(.entry(24), [4])], .malformed, "has two sizes, 5 and 4"),
  ZipFault(
    [(.entry(20), [0, 0, 1]), (.entry(24), [0, 0, 1])], .malformed, "reach into the directory"),
  ZipFault(
    [(.entry(20), [50, 0]), (.entry(24), [50, 0])], .malformed, "overlaps the one before it"),
  ZipFault([(.entry(42), [1])], .malformed, "no member begins where"),
  ZipFault([(.entry(42), [0, 0, 0, 9])], .malformed, "no part of the members"),
  ZipFault([(.entry(42), [255, 255, 255, 255])], .malformed, "lacks a zip64 field"),
  ZipFault([(.entry(34), [1])], .unsupported, "one part of several"),
  ZipFault([(.entry(0), [0])], .malformed, "has no entry where one should be"),
  ZipFault([(.entry(28), [255, 255])], .truncated, "bytes are needed here"),
  ZipFault([(.entry(46), [0])], .malformed, "the name of member 0"),
  ZipFault([(.entry(46), [0xFF])], .malformed, "the name of member 0"),
  ZipFault([(.end(4), [1])], .unsupported, "one part of several"),
  ZipFault([(.end(8), [1])], .unsupported, "one part of several"),
  ZipFault([(.end(8), [3, 0, 3, 0])], .malformed, "lists 4 members and its end record counts 3"),
  ZipFault([(.end(12), [0])], .malformed, "does not end where"),
  ZipFault([(.end(16), [0])], .malformed, "does not end where"),
  ZipFault([(.end(20), [1])], .truncated, "comment runs 1 bytes past the end"),
  ZipFault([], .unsupported, "compressed by method 12", in: "bzip2.zip"),
  ZipFault([], .malformed, "two members of the zip file have the same name", in: "twice.zip"),
  ZipFault([], .malformed, "two ends", in: "two-ends.zip"),
  ZipFault(
    [(.entry(24), [9]), (.start(22), [9])], .malformed, "beyond 5 of 9", in: "deflated.zip"),
  ZipFault(
    [(.entry(24), [4]), (.start(22), [4])], .malformed, "inflates to more", in: "deflated.zip"),
  ZipFault([(.start(35), [0xFF])], .malformed, "cannot be inflated", in: "deflated.zip"),
  // PyTorch's own files have a zip64 record of 56 bytes and a locator of 20 before their end.
  ZipFault([(.end(-16), [1])], .unsupported, "one part of several", in: torch),
  ZipFault([(.end(-12), [0, 0, 1])], .malformed, "behind its own locator", in: torch),
  ZipFault([(.end(-76), [0])], .malformed, "no zip64 record that ends", in: torch),
  ZipFault([(.end(-72), [45])], .malformed, "no zip64 record that ends", in: torch),
  ZipFault([(.end(-52), [9])], .unsupported, "one part of several", in: torch),
  ZipFault([(.end(-52), [9]), (.end(-44), [9])], .malformed, "contradict each other", in: torch),
  ZipFault([(.end(-36), [9])], .malformed, "contradict each other", in: torch),
])
func faults(_ fault: ZipFault) throws {
  let error = try #require(failure(try fault.bytes()))
  #expect(error.kind == fault.kind, "\(error.description)")
  #expect(error.message.contains(fault.words), "\(error.description)")
}

@Test func bytesAfterTheEndAreRefused() throws {
  let error = failure(try archive("plain.zip") + [0])
  #expect(error?.kind == .malformed)
  #expect(error?.message == "1 bytes follow the end of the zip file")
  #expect(error?.offset == 657)
}

@Test func bytesBeforeTheStartAreRefused() throws {
  #expect(failure([0] + (try archive("plain.zip")))?.kind == .malformed)
  // The same with every offset put right.
  var bytes = [0] + (try archive("bomb.zip"))
  let entry = try #require(directoryEntry(bytes))
  bytes[entry + 42] += 1
  bytes[bytes.count - 22 + 16] += 1
  #expect(failure(bytes)?.message.contains("begins at byte 1, not at the start") == true)
}

/// bomb.zip with an extra field in its only entry.
private func widened(_ extra: [UInt8]) throws -> [UInt8] {
  var bytes = try archive("bomb.zip")
  let entry = try #require(directoryEntry(bytes))
  bytes.insert(contentsOf: extra, at: entry + 46 + 5)
  bytes[entry + 30] = UInt8(extra.count)
  bytes[bytes.count - 22 + 12] += UInt8(extra.count)
  return bytes
}

@Test func zip64FieldsOfAnEntry() throws {
  let plain = try archive("bomb.zip")
  let entry = try #require(directoryEntry(plain))
  let size = Array(plain[entry + 24..<entry + 28])
  // Another program's field first, then zip64 with the size that the entry leaves out.
  var bytes = try widened([9, 9, 1, 0, 0] + [1, 0, 8, 0] + size + [0, 0, 0, 0])
  bytes.replaceSubrange(entry + 24..<entry + 28, with: [255, 255, 255, 255])
  #expect(failure(bytes) == nil)
  let twice = try widened([1, 0, 0, 0, 1, 0, 0, 0])
  #expect(failure(twice)?.message.contains("has two zip64 fields") == true)
  #expect(failure(try widened([1, 0, 9, 0]))?.kind == .truncated)
}

@Test func everyPrefixIsRefused() throws {
  for name in ["plain.zip", "deflated.zip", "comment.zip", "wide.zip"] {
    let bytes = try archive(name)
    for length in 0..<bytes.count {
      let error = failure(Array(bytes[..<length]))
      #expect(error?.kind == .truncated)
      if name != "comment.zip" {
        #expect(
          error?.message
            == "has \(length) bytes and lacks the directory that a zip file ends with")
        #expect(error?.remedy == "the download is probably incomplete; fetch it again")
      }
    }
  }
}

/// Seeded: the same mutants at every run.
@Test func mutantsReadOrThrow() throws {
  var state: UInt64 = 11
  func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  for name in ["plain.zip", "deflated.zip", "wide.zip"] {
    let bytes = try archive(name)
    for _ in 0..<3000 {
      var mutant = bytes
      for _ in 0...next(2) { mutant[next(mutant.count)] = UInt8(next(256)) }
      _ = failure(mutant)
    }
  }
}
