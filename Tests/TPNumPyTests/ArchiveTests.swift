import Foundation
import TPBytes
import TPNumPy
import TPTensors
import TestSupport
import Testing

struct ArchiveTests {
  @Test(arguments: ["stored.npz", "deflated.npz"])
  func arraysInTheOrderOfTheFile(name: String) throws {
    let file = SharedBytes(try WeightFiles.bytes(name))
    let checkpoint = try NumPyFile.readArchive(file)
    let expected = try WeightFiles.expected(name)["tensors"]?.array ?? []
    #expect(checkpoint.container == .npz)
    #expect(checkpoint.tensors.map(\.path) == [["float64/logits"], ["a"], ["0"]])
    #expect(expected.count == 3)
    for (record, json) in zip(checkpoint.tensors, expected) {
      #expect(record.name == json["name"]?.string)
      #expect(try record.tensor.summary() == json.summary)
      #expect(try (record.tensor.storage.bytes().owner === file) == (name == "stored.npz"))
    }
    #expect(checkpoint.metadata.node(at: "note") == .string("made by numpy"))
    #expect(checkpoint.facts.isEmpty)
    #expect(checkpoint.verifyChecksums().verified == 4)
  }

  @Test func otherMembersAreNamed() throws {
    let checkpoint = try NumPyFile.readArchive(SharedBytes(WeightFiles.bytes("foreign.npz")))
    #expect(checkpoint.tensors.map(\.name) == ["a"])
    #expect(checkpoint.facts.map(\.name) == ["not_read"])
    #expect(checkpoint.facts.map(\.value) == ["readme.txt: not an array file"])
  }

  /// A hundred bytes can ask for millions of texts, and an archive can have a million such members.
  @Test func membersShareTheTextsThatMayBeMade() throws {
    // np.savez_compressed(file, a=np.array(["x", "y"]), b=np.array(["z", "z", "z"], "S1"))
    let base64 =
      "UEsDBC0AAAAIAAAAIQA51QwI//////////8FABQAYS5ucHkBABAAiAAAAAAAAABLAAAAAAAAAJvsF+obEMnIUMZQ"
      + "rZ6SWpxcpG6loG4Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAK4KBgaGSiAGAFBL"
      + "AwQtAAAACAAAACEALStGzf//////////BQAUAGIubnB5AQAQAIMAAAAAAAAARwAAAAAAAACb7BfqGxDJyFDGUK2e"
      + "klqcXKRupaBeE2yorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFACuqqoqAFBLAQItAy0A"
      + "AAAIAAAAIQA51QwISwAAAIgAAAAFAAAAAAAAAAAAAACAAQAAAABhLm5weVBLAQItAy0AAAAIAAAAIQAtK0bNRwAA"
      + "AIMAAAAFAAAAAAAAAAAAAACAAYIAAABiLm5weVBLBQYAAAAAAgACAGYAAAAAAQAAAAA="
    let file = SharedBytes([UInt8](try #require(Data(base64Encoded: base64))))
    var limits = ReadLimits()
    limits.objects = 5
    let checkpoint = try NumPyFile.readArchive(file, limits: limits)
    #expect(checkpoint.tensors.isEmpty)
    limits.objects = 4
    let error = failure { [limits] () throws(PortError) in
      _ = try NumPyFile.readArchive(file, limits: limits)
    }
    #expect(error?.kind == .limit)
    #expect(error?.message == "an array has 3 texts, more than the 2 that are left")
    #expect(error?.record == "b.npy")
  }

  @Test func damagedElementsAreFoundWhenTheyAreRead() throws {
    var bytes = try WeightFiles.bytes("stored.npz")
    // 1.0 of float64/logits as float64.
    let place = try #require(bytes.firstRange(of: [0, 0, 0, 0, 0, 0, 0xF0, 0x3F])?.lowerBound)
    bytes[place] ^= 1
    let checkpoint = try NumPyFile.readArchive(SharedBytes(bytes))
    let error = failure { () throws(PortError) in
      _ = try checkpoint.tensors[0].tensor.contiguousBytes()
    }
    #expect(error?.kind == .checksum)
    #expect(error?.record == "float64/logits.npy")
    #expect(checkpoint.verifyChecksums().mismatched == ["float64/logits.npy"])
  }

  @Test func aDamagedTextIsFoundAtOnce() throws {
    var bytes = try WeightFiles.bytes("stored.npz")
    let text: [UInt8] = "made".utf8.flatMap { (unit: UInt8) -> [UInt8] in [unit, 0, 0, 0] }
    let place = try #require(bytes.firstRange(of: text)?.lowerBound)
    bytes[place] ^= 1
    let damaged = SharedBytes(bytes)
    let error = failure { () throws(PortError) in
      _ = try NumPyFile.readArchive(damaged)
    }
    #expect(error?.kind == .checksum)
    #expect(error?.record == "note.npy")
  }

  @Test func aBrokenHeaderNamesItsMember() throws {
    var bytes = try WeightFiles.bytes("stored.npz")
    let place = try #require(bytes.firstRange(of: Array("<f8".utf8))?.lowerBound)
    bytes[place + 1] = UInt8(ascii: "M")
    let damaged = SharedBytes(bytes)
    let error = failure { () throws(PortError) in
      _ = try NumPyFile.readArchive(damaged)
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.record == "float64/logits.npy")
  }

  @Test func noArchive() throws {
    let file = SharedBytes(try WeightFiles.bytes("npy/little.npy"))
    #expect(
      failure { () throws(PortError) in _ = try NumPyFile.readArchive(file) } != nil)
  }

  @Test(arguments: ["stored.npz", "deflated.npz", "npy/fortran_big.npy", "npy/text.npy"])
  func noDamageTakesTheProcessDown(name: String) throws {
    let source = try WeightFiles.bytes(name)
    for place in source.indices {
      for value: UInt8 in [0, 0x39, 0x7F, 0xFF, source[place] ^ 1] {
        var damaged = source
        damaged[place] = value
        let file = SharedBytes(damaged)
        for checkpoint in [try? NumPyFile.readArchive(file), try? NumPyFile.readArray(file)] {
          for record in checkpoint?.tensors ?? [] { _ = try? record.tensor.contiguousBytes() }
        }
      }
    }
  }
}
