import Foundation
import TPBytes
import TPHDF5
import TPTensors
import TestSupport
import Testing

/// Names of one tensor, and tensors that stand in a file in another library's layout.
struct SharingTests {
  @Test func namesOfOneTensorAreHardLinks() throws {
    let tied = try some(.float32, [3, 5])
    let view = try Tensor(
      dtype: .float32, shape: Shape(known: [2]), strides: [1], offset: 3, storage: tied.storage)
    let tensors = [
      ("decoder.weight", tied), ("other", try some(.int8, [2])), ("a", view),
      ("encoder.weight", tied),
      ("a.b", view), ("slash/and%", tied), ("none.1", try some(.int8, [0])),
    ]
    let (path, bytes) = try written(try weights(tensors))
    let checkpoint = try HDF5File.read(path: path)
    #expect(checkpoint.tensors.map(\.name) == tensors.map(\.0))
    #expect(checkpoint.tensors.allSatisfy { $0.path.count == 1 })
    for (record, tensor) in zip(checkpoint.tensors, tensors) {
      #expect(try record.tensor.summary() == tensor.1.summary(), "\(record.name)")
    }
    let found = checkpoint.tensors.map(\.tensor)
    #expect(found[0].isSame(as: found[3]))
    #expect(found[0].isSame(as: found[5]))
    #expect(found[2].isSame(as: found[4]))
    // A view of the same storage is written in full.
    #expect(found[0].storage !== found[2].storage)
    #expect(try written(try weights(tensors)).bytes == bytes)
    // Once: the elements 0, 1, ... of the tied tensor, and again in nothing else.
    let elements = try tied.contiguousBytes().array()
    let first = try #require(bytes.firstRange(of: elements))
    #expect(bytes[first.upperBound...].firstRange(of: elements) == nil)
  }

  /// Dimensions in another order, as Keras has them.
  @Test func aPlacedTensorComesBackAsItWas() throws {
    let kernel = try some(.float32, [4, 2, 3, 1, 5])
    let matrix = try some(.float32, [3, 2])
    var contents = try weights([
      ("conv.weight", kernel), ("fc.weight", matrix), ("fc.bias", matrix),
    ])
    contents.placements = [
      "conv.weight": .init(
        path: ["layers", "conv3d", "vars", "0"], axes: [2, 3, 4, 1, 0], torchLayout: "OIDHW"),
      "fc.weight": .init(path: ["layers", "dense", "vars", "0"], axes: [1, 0], torchLayout: "OI"),
    ]
    contents.notes = [
      ["layers", "conv3d", "vars"]: [
        .text(name: "name", value: "conv"), .number(name: "x", value: 2),
      ],
      ["layers", "lstm", "vars"]: [],
    ]
    let checkpoint = try HDF5File.read(path: try written(contents).path)
    #expect(checkpoint.tensors.map(\.name) == contents.tensors.names)
    for (record, entry) in zip(checkpoint.tensors, contents.tensors.entries) {
      #expect(try record.tensor.summary() == entry.tensor.summary(), "\(record.name)")
    }
    let tree = checkpoint.metadata
    let place = "/layers/conv3d/vars/0"
    #expect(tree.node(at: place, "layout") == .string("DHWIO"))
    #expect(tree.node(at: place, "torch_layout") == .string("OIDHW"))
    #expect(tree.node(at: "/layers/conv3d/vars", "name") == .string("conv"))
    #expect(tree.node(at: "/layers/conv3d/vars", "x") == .float(2))
    // fc.bias is the same tensor, but stands there in another order: no link.
    let found = checkpoint.tensors.map(\.tensor)
    #expect(!found[1].isSame(as: found[2]))
    #expect(tree.node(at: "/fc/bias", "torch_key") == .string("fc.bias"))
    #expect(tree.node(at: "/fc/bias", "torch_layout") == nil)
  }

  @Test func aLayoutThatNamesOtherDimensionsIsRefused() throws {
    let path = try temporaryPath("layout.h5")
    var contents = try weights([("fc.weight", try some(.float32, [3, 2]))])
    contents.placements = [
      "fc.weight": .init(path: ["layers", "0"], axes: [1, 0], torchLayout: "OI")
    ]
    var bytes = try written(contents).bytes
    let name = Array("torch_layout".utf8)
    let place = try #require(bytes.firstRange(of: name)?.upperBound)
    let letters = try #require(bytes[place...].firstRange(of: Array("OI".utf8)))
    bytes[letters.lowerBound] = UInt8(ascii: "X")
    try Data(bytes).write(to: URL(filePath: path))
    let error = failure { () throws(PortError) in _ = try HDF5File.read(path: path) }
    // The object header has a checksum, so that libhdf5 may be the first to see it.
    #expect(error != nil)
  }
}
