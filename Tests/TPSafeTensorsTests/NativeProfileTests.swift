import Foundation
import TPBytes
import TPSafeTensors
import TPTensors
import TestSupport
import Testing

/// Facts and digests enough for the native profile.
func weights(_ tensors: [(name: String, tensor: Tensor)], facts: [String: String] = [:]) throws
  -> WeightFile
{
  let mandatory = [
    "architecture": "lipnet", "batch_norm": "separate", "parameters": "6",
    "digest": String(repeating: "a", count: 64), "source.digest": String(repeating: "b", count: 64),
  ]
  return WeightFile(
    tensors: try StateDict(tensors), facts: mandatory.merging(facts) { $1 },
    digests: Dictionary(
      uniqueKeysWithValues: tensors.map { ($0.name, String(repeating: "c", count: 64)) }))
}

func some(_ dtype: DType, _ extents: [Int], _ byte: UInt8 = 1) throws -> Tensor {
  let shape = Shape(known: extents)
  let bytes = [UInt8](repeating: byte, count: shape.elementCount * dtype.byteCount)
  return try Tensor(
    dtype: dtype, shape: shape, storage: Storage(key: "", region: ByteRegion(bytes)))
}

func written(_ contents: WeightFile) throws -> [UInt8] {
  let path = try temporaryPath("weights.safetensors")
  var output = try AtomicFile(path: path, replacing: false)
  try SafeTensors.write(contents, to: &output)
  try output.commit()
  return [UInt8](try Data(contentsOf: URL(filePath: path)))
}

func failure(reading bytes: [UInt8]) -> PortError? {
  failure { () throws(PortError) in _ = try SafeTensors.read(SharedBytes(bytes)) }
}

struct NativeProfileTests {
  private func example() throws -> WeightFile {
    try weights(
      [
        ("z.weight", Tensor(floats: [1, 2, 3, 4, 5, 6], shape: Shape(known: [2, 3]))),
        ("a.half", try some(.float16, [3])), ("a.count", try some(.int64, [])),
        ("naïve \"key\"", try some(.bool, [1])), ("b.none", try some(.float32, [0, 2])),
      ], facts: ["epoch": "15", "classes": "[\"ja\",\"nein\"]"])
  }

  @Test func whatIsWrittenReadsBack() throws {
    let contents = try example()
    let bytes = try written(contents)
    let checkpoint = try SafeTensors.read(SharedBytes(bytes))
    #expect(checkpoint.tensors.map(\.name) == contents.tensors.names)
    for (record, entry) in zip(checkpoint.tensors, contents.tensors.entries) {
      #expect(try record.tensor.summary() == entry.tensor.summary())
    }
    #expect(checkpoint.metadata.node(at: "torchport.epoch") == .string("15"))
    #expect(checkpoint.metadata.node(at: "torchport.profile") == .string("1"))
    #expect(checkpoint.metadata.node(at: "torchport.aliases") == .string("[]"))
    let checksums = checkpoint.verifyChecksums()
    #expect(checksums.verified == 6)
    #expect(checksums.mismatched.isEmpty && checksums.absent == 0)
    #expect(try written(contents) == bytes)
  }

  @Test func tensorsStandInTheCratesOrderAndAligned() throws {
    // The order in which safetensors 0.8.0 wrote types.safetensors.
    let source = try SafeTensors.read(SharedBytes(WeightFiles.bytes("types.safetensors")))
    let pairs = source.tensors.map { ($0.name, $0.tensor) }
    let bytes = try written(try weights(pairs.reversed()))
    let length = try headerLength(bytes)
    #expect((8 + length) % 64 == 0)
    let header = try header(of: bytes)
    #expect(header.members?.map(\.key) == ["__metadata__"] + source.tensors.map(\.name))
    let keys = header["__metadata__"]?.members?.map(\.key) ?? []
    #expect(keys == keys.sorted())
    let read = try SafeTensors.read(SharedBytes(bytes))
    #expect(read.tensors.map(\.name) == source.tensors.map(\.name).reversed())
    for (record, original) in zip(read.tensors.reversed(), source.tensors) {
      #expect(try record.tensor.summary() == original.tensor.summary())
    }
  }

  @Test func withoutFactsAPlainFile() throws {
    var contents = try example()
    contents.facts = [:]
    contents.digests = [:]
    let checkpoint = try SafeTensors.read(SharedBytes(try written(contents)))
    #expect(checkpoint.metadata.node(at: "torchport.profile") == nil)
    #expect(checkpoint.verifyChecksums().absent == 5)
  }

  @Test func everyBitOfTheHeaderIsProtected() throws {
    let bytes = try written(try example())
    let length = try headerLength(bytes)
    for place in 0..<8 + length {
      var damaged = bytes
      damaged[place] ^= 0x10
      #expect(failure(reading: damaged) != nil, "byte \(place)")
    }
  }

  @Test func noDamageTakesTheProcessDown() throws {
    for source in [try written(try example()), try WeightFiles.bytes("types.safetensors")] {
      for place in source.indices {
        for value: UInt8 in [0, 0x39, 0x7F, 0xFF, source[place] ^ 1] {
          var damaged = source
          damaged[place] = value
          guard let checkpoint = try? SafeTensors.read(SharedBytes(damaged)) else { continue }
          for record in checkpoint.tensors { _ = try? record.tensor.contiguousBytes() }
        }
        _ = try? SafeTensors.read(SharedBytes(Array(source[..<place])))
      }
    }
  }

  @Test func damagedTensorsAreFoundWhenTheyAreRead() throws {
    var bytes = try written(try example())
    let place = bytes.count - 1  // the bool tensor: one byte, last in canonical order
    bytes[place] ^= 1
    let checkpoint = try SafeTensors.read(SharedBytes(bytes))
    #expect(checkpoint.verifyChecksums().mismatched == ["naïve \"key\""])
    #expect(checkpoint.verifyChecksums().verified == 5)
    for record in checkpoint.tensors {
      let error = failure { () throws(PortError) in
        _ = try record.tensor.contiguousBytes()
      }
      if record.name == "naïve \"key\"" {
        #expect(error?.kind == .checksum)
        #expect(error?.offset == place)
        #expect(error?.key == record.name)
      } else {
        #expect(error == nil)
      }
    }
  }

  @Test(arguments: [
    "architecture", "batch_norm", "crc32", "digest", "digests", "header_crc32", "order",
    "parameters", "profile", "source.digest",
  ])
  func everyMandatoryKeyIsNeeded(key: String) throws {
    let bytes = try written(try example())
    let error = failure(reading: try edited(bytes) { $0["torchport." + key] = nil })
    #expect(error?.kind == .malformed)
    #expect(error?.key == "torchport." + key)
  }

  @Test(
    arguments: [
      ("profile", "2", .unsupported, "version 2"),
      ("crc32", "{}", .malformed, "one value for each tensor"),
      ("crc32", "{\"a.half\":\"zz\"}", .malformed, "not of the right form"),
      ("crc32", "{", .malformed, "JSON"),
      ("digests", "{\"a.half\":\"00\"}", .malformed, "not of the right form"),
      ("order", "[\"a.half\"]", .malformed, "list the name of each tensor once"),
      ("order", "{", .malformed, "JSON"),
      (
        "order", "[\"a.half\",\"a.half\",\"a.count\",\"z.weight\",\"b.none\"]", .malformed,
        "list the name of each tensor once"
      ),
      ("header_crc32", "0000000G", .malformed, "eight lowercase"),
      ("header_crc32", "00000000", .checksum, "the header has the CRC-32"),
    ] as [(String, String, PortError.Kind, String)])
  func contradictionsAreRefused(
    key: String, value: String, kind: PortError.Kind, words: String
  ) throws {
    let bytes = try edited(try written(try example()), resign: key != "header_crc32") {
      $0["torchport." + key] = value
    }
    let error = failure(reading: bytes)
    #expect(error?.kind == kind)
    #expect(error?.message.contains(words) == true, "\(error?.description ?? "nothing thrown")")
    #expect(error?.key == "torchport." + key)
  }

  @Test func anotherSpellingIsRefused() throws {
    let header = #"{"__metadata__": {"torchport.header_crc32": "00000000"}}"#
    #expect(failure(reading: file(header).region.array())?.kind == .malformed)
  }

  @Test(arguments: ["architecture", "batch_norm", "digest", "parameters", "source.digest"])
  func writingNeedsTheFacts(key: String) throws {
    var contents = try example()
    contents.facts[key] = nil
    #expect(throws: PortError.self) { try written(contents) }
  }

  @Test func whatCannotBeWritten() throws {
    var contents = try example()
    contents.digests["a.half"] = "beef"
    #expect(failureOfWriting(contents)?.kind == .usage)
    #expect(
      failureOfWriting(try weights([("q", try some(.qint8, [1]))]))?.message
        == "safetensors has no element type for qint8")
    #expect(
      failureOfWriting(try weights([("__metadata__", try some(.int8, [1]))]))?.kind == .unsupported)
    #expect(
      failureOfWriting(try weights([("f", try some(.float4_e2m1fn_x2, []))]))?.kind == .unsupported)
  }

  private func failureOfWriting(_ contents: WeightFile) -> PortError? {
    do {
      _ = try written(contents)
      return nil
    } catch { return error as? PortError }
  }

  @Test func viewsAreGatheredAndBigEndianIsTurned() throws {
    let storage = Storage(
      key: "s", byteOrder: .big, region: ByteRegion([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]))
    let view = try Tensor(
      dtype: .int16, shape: Shape(known: [3, 2]), strides: [1, 3], offset: 0, storage: storage)
    let read = try SafeTensors.read(SharedBytes(try written(try weights([("v", view)]))))
    #expect(try read.tensors[0].tensor.integers() == [1, 4, 2, 5, 3, 6])
  }
}

/// The file with its `__metadata__` changed and, with `resign`, a header checksum that holds.
func edited(
  _ bytes: [UInt8], resign: Bool = true, _ change: (inout [String: String]) -> Void
) throws -> [UInt8] {
  let length = try headerLength(bytes)
  let header = try header(of: bytes)
  var metadata: [String: String] = [:]
  for member in header["__metadata__"]?.members ?? [] {
    metadata[member.key] = member.value.string
  }
  change(&metadata)
  let key = "torchport.header_crc32"
  if resign, metadata[key] != nil { metadata[key] = "00000000" }
  var members = header.members ?? []
  members[0].value = .object(
    metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
  let text = Array(JSONValue.object(members).text().utf8)
  var writer = ByteWriter()
  writer.little(UInt64(text.count))
  writer.append(text)
  var result = writer.bytes
  if resign, let place = result.firstRange(of: Array("\(key)\":\"".utf8))?.upperBound {
    let digits = String(bitwiseChecksum(result), radix: 16)
    result.replaceSubrange(
      place..<place + 8, with: (String(repeating: "0", count: 8 - digits.count) + digits).utf8)
  }
  return result + bytes[(8 + length)...]
}

/// CRC-32 by its definition, a bit at a time.
func bitwiseChecksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var crc = UInt32.max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return ~crc
}

func headerLength(_ bytes: [UInt8]) throws -> Int {
  var cursor = ByteCursor(bytes.span.bytesView)
  return try cursor.length(UInt64.self)
}

func header(of bytes: [UInt8]) throws -> JSONValue {
  let text = Array(bytes[8..<8 + (try headerLength(bytes))])
  return try JSONValue(parsing: text.span.bytesView)
}
