import Foundation
import TPBytes
import TPHDF5
import TPTensors
import TestSupport
import Testing

func written(_ contents: WeightFile) throws -> (path: String, bytes: [UInt8]) {
  let path = try temporaryPath("weights.h5")
  var output = try AtomicFile(path: path, replacing: false)
  try HDF5File.write(contents, to: &output)
  try output.commit()
  return (path, [UInt8](try Data(contentsOf: URL(filePath: path))))
}

func some(_ dtype: DType, _ extents: [Int]) throws -> Tensor {
  let shape = Shape(known: extents)
  let bytes = (0..<shape.elementCount * dtype.byteCount).map {
    dtype == .bool ? UInt8($0 & 1) : UInt8($0 & 63)
  }
  return try Tensor(
    dtype: dtype, shape: shape, storage: Storage(key: "", region: ByteRegion(bytes)))
}

func weights(_ tensors: [(String, Tensor)]) throws -> WeightFile {
  WeightFile(
    tensors: try StateDict(tensors.map { (name: $0.0, tensor: $0.1) }),
    facts: ["architecture": "lipnet", "note": "", "classes": "[\"naïve\"]"],
    digests: [tensors[0].0: String(repeating: "d", count: 64)])
}

private func failure(_ contents: WeightFile) -> PortError? {
  do {
    _ = try written(contents)
    return nil
  } catch { return error as? PortError }
}

struct WritingTests {
  static let types: [DType] = [
    .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint64, .uint32,
    .uint16, .uint8, .bool, .complex128, .complex64, .complex32,
  ]

  @Test func whatIsWrittenReadsBackAndIsTheSameTwice() throws {
    var tensors = try WritingTests.types.map { ("of.\($0.rawValue).weight", try some($0, [2, 3])) }
    tensors += [
      ("conv3d1.weight", try some(.float32, [2, 1, 3, 3, 3])), ("scalar", try some(.int64, [])),
      ("none", try some(.float32, [0, 4])),
    ]
    let contents = try weights(tensors)
    let (path, bytes) = try written(contents)
    let checkpoint = try HDF5File.read(path: path)
    #expect(checkpoint.tensors.map(\.name) == contents.tensors.names)
    for (record, entry) in zip(checkpoint.tensors, contents.tensors.entries) {
      #expect(try record.tensor.summary() == entry.tensor.summary(), "\(record.name)")
    }
    let tree = checkpoint.metadata
    #expect(tree.node(at: "torchport.architecture") == .string("lipnet"))
    #expect(tree.node(at: "torchport.note") == .string(""))
    #expect(tree.node(at: "torchport.classes") == .string("[\"naïve\"]"))
    #expect(tree.node(at: "/conv3d1/weight", "torch_key") == .string("conv3d1.weight"))
    #expect(tree.node(at: "/conv3d1/weight", "layout") == .string("OIDHW"))
    #expect(tree.node(at: "/of/float32/weight", "layout") == .string("OI"))
    #expect(tree.node(at: "/scalar", "layout") == .string("scalar"))
    #expect(
      tree.node(at: "/of/float64/weight", "sha256") == .string(String(repeating: "d", count: 64)))
    #expect(checkpoint.facts.isEmpty)
    let again = try written(contents).bytes
    #expect(again == bytes)
  }

  @Test func theBytesHoldNoTimeAndNoPath() throws {
    let contents = try weights([("a.weight", try some(.float32, [4]))])
    let first = try written(contents)
    Thread.sleep(forTimeInterval: 1.1)
    let second = try written(contents)
    #expect(first.bytes == second.bytes)
    let folder = Array(URL(filePath: first.path).deletingLastPathComponent().lastPathComponent.utf8)
    #expect(first.bytes.firstRange(of: folder) == nil)
  }

  @Test func keysThatAreNoPaths() throws {
    let names = [
      "", "a", "a.b", "a.b.c", "slash/inside", "nul\0inside", "percent%2E", "..", ".", "x..y",
      "x.", ".x", "x", "g.h", "%", "%00", Array(repeating: "d", count: 70).joined(separator: "."),
      "naïve.ключ",
    ]
    let contents = try weights(try names.map { ($0, try some(.int8, [1])) })
    let checkpoint = try HDF5File.read(path: try written(contents).path)
    #expect(checkpoint.tensors.map(\.name) == names)
    let tree = checkpoint.metadata
    for (path, key) in [
      ("/%", ""), ("/a", "a"), ("/a%2Eb", "a.b"), ("/a%2Eb%2Ec", "a.b.c"),
      ("/slash%2Finside", "slash/inside"), ("/nul%00inside", "nul\0inside"),
      ("/percent%252E", "percent%2E"), ("/%2E%2E", ".."), ("/x%2E%2Ey", "x..y"), ("/x%2E", "x."),
      ("/%2Ex", ".x"), ("/g/h", "g.h"), ("/%25", "%"), ("/%2500", "%00"),
      ("/naïve/ключ", "naïve.ключ"),
    ] {
      #expect(tree.node(at: path, "torch_key") == .string(key))
    }
  }

  @Test func factsBeyondAnObjectHeader() throws {
    var contents = try weights([("a", try some(.int8, [1]))])
    let long = String(repeating: "0123456789", count: 30_000)
    contents.facts["digests"] = long
    let tree = try HDF5File.read(path: try written(contents).path).metadata
    #expect(tree.node(at: "torchport.digests") == .string(long))
  }

  @Test func manyTensors() throws {
    let contents = try weights(try (0..<2_000).map { ("m\($0 % 50).w\($0)", try some(.int8, [2])) })
    let (path, bytes) = try written(contents)
    #expect(try HDF5File.read(path: path).tensors.map(\.name) == contents.tensors.names)
    #expect(try written(contents).bytes == bytes)
  }

  @Test func anotherHDF5FileIsASource() throws {
    let source = try HDF5File.read(path: WeightFiles.path("types.h5")).tensors
    let contents = try weights(source.map { ($0.name, $0.tensor) })
    let copy = try HDF5File.read(path: try written(contents).path).tensors
    #expect(copy.map(\.name) == source.map(\.name))
    for (new, old) in zip(copy, source) {
      #expect(try new.tensor.summary() == old.tensor.summary())
    }
  }

  @Test(arguments: [DType.qint8, .float8_e5m2, .bcomplex32, .bits8, .quint4x2])
  func typesThatHDF5DoesNotHave(dtype: DType) throws {
    let error = failure(try weights([("layer.weight", try some(dtype, [2]))]))
    #expect(error?.kind == .unsupported)
    #expect(error?.message == "HDF5 has no element type for \(dtype.rawValue)")
    #expect(error?.key == "layer.weight")
  }

  @Test func whatElseCannotBeWritten() throws {
    let deep = try some(.int8, Array(repeating: 1, count: 33))
    #expect(failure(try weights([("a", deep)]))?.message.contains("at most 32") == true)
    #expect(failure(try weights([("a\0", try some(.int8, [1]))]))?.kind == .unsupported)
  }
}
