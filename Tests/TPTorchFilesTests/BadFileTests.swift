import TPBytes
import TPTensors
import TPTorchFiles
import Testing

/// Files that were made to fail, with the kind of refusal that each deserves.
@Test(arguments: Fixtures.bad)
func badFilesAreRefused(_ name: String) throws {
  let expected = try #require(Fixtures.expected["bad"]?[name])
  let error = try #require(failure(try Fixtures.bytes("bad/" + name)))
  #expect(error.kind.rawValue == expected["kind"]?.string, "\(error.description)")
  #expect(
    error.description.contains(try #require(expected["words"]?.string)), "\(error.description)")
}

@Test func everyPrefixIsRefused() throws {
  for name in ["tensor.pt", "deflated.pt", "nocrc.pt"] {
    let bytes = try Fixtures.bytes("good/" + name)
    for length in 0..<bytes.count {
      let error = failure(Array(bytes[..<length]))
      #expect(error?.kind == .truncated)
    }
  }
}

/// Seeded: the same mutants at every run.
@Test(arguments: [
  "tensor.pt", "shared.pt", "parameters.pt", "nocrc.pt", "deflated.pt", "cyclic.pt",
])
func mutantsReadOrThrow(_ name: String) throws {
  var state: UInt64 = 2_026
  func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  var limits = ReadLimits()
  limits.objects = 100_000
  limits.materialisedBytes = 1 << 20
  let bytes = try Fixtures.bytes("good/" + name)
  for _ in 0..<1500 {
    var mutant = bytes
    for _ in 0...next(3) { mutant[next(mutant.count)] = UInt8(next(256)) }
    _ = failure(mutant, limits: limits)
  }
}

/// Without checksums nothing but the reader itself stands between a mutant and the tensors.
@Test func mutatedPicklesReadOrThrow() throws {
  var state: UInt64 = 77
  func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  var limits = ReadLimits()
  limits.objects = 100_000
  limits.materialisedBytes = 1 << 20
  let bytes = try Fixtures.bytes("good/nocrc.pt")
  let start = try #require(
    bytes.indices.dropLast(3).first { bytes[$0..<$0 + 3].elementsEqual([0x80, 2, 0x7D]) })
  var read = 0
  for _ in 0..<5000 {
    var mutant = bytes
    for _ in 0...next(2) { mutant[start + next(160)] = UInt8(next(256)) }
    if failure(mutant, limits: limits) == nil { read += 1 }
  }
  #expect(read > 0)
}

@Test func aFlippedBitInAStorageIsFoundWhenItIsUsed() throws {
  let file = SharedBytes(try Fixtures.bytes("bad/flipped-storage.pt"))
  let checkpoint = try TorchFile.read(file)
  let tensor = try #require(checkpoint.tensors.first?.tensor)
  for _ in 0..<2 {
    let error = #expect(throws: PortError.self) { try tensor.contiguousBytes() }
    #expect(error?.kind == .checksum)
    #expect(error?.record == "archive/data/0")
  }
  #expect(checkpoint.verifyChecksums().mismatched == ["archive/data/0"])
}

@Test func whatIsNoZipFileIsRefused() {
  #expect(failure(Array("version https://git-lfs.github.com/spec/v1\n".utf8)) != nil)
  #expect(failure([]) != nil)
}

@Test func limitsHold() throws {
  var limits = ReadLimits()
  limits.pickleBytes = 100
  #expect(failure(try Fixtures.bytes("good/protocol2.pt"), limits: limits)?.kind == .limit)
  limits = ReadLimits()
  limits.depth = 2
  #expect(failure(try Fixtures.bytes("good/protocol2.pt"), limits: limits)?.kind == .limit)
  limits = ReadLimits()
  limits.members = 3
  #expect(failure(try Fixtures.bytes("good/protocol2.pt"), limits: limits)?.kind == .limit)
}
