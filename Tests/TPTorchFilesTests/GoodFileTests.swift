import TPBytes
import TPTensors
import TPTorchFiles
import Testing

@Test func theFixturesAreThere() {
  #expect(Fixtures.good.count == 21)
  #expect(Fixtures.bad.count == 54)
}

/// Every tensor as PyTorch has it: path, type, shape, strides, offset, sharing and elements.
@Test(arguments: Fixtures.good) func tensorsAreAsInPyTorch(_ name: String) throws {
  let checkpoint = try Fixtures.read("good/" + name)
  #expect(checkpoint.container == .torchZip)
  let expected = try #require(Fixtures.expected["good"]?[name]?.array)
  #expect(checkpoint.tensors.count == expected.count)
  var storages: [ObjectIdentifier: Int] = [:]
  var expectedStorages: [Int: Int] = [:]
  for (record, row) in zip(checkpoint.tensors, expected) {
    let tensor = record.tensor
    #expect(record.path == row["path"]?.array?.compactMap(\.string))
    #expect(tensor.dtype.rawValue == row["dtype"]?.string)
    #expect(tensor.shape.extents == row["shape"]?.array?.compactMap(\.int))
    #expect(tensor.strides == row["stride"]?.array?.compactMap(\.int))
    #expect(tensor.offset == row["offset"]?.int)
    #expect(tensor.requiresGrad == row["requires_grad"]?.bool)
    #expect(hexadecimal(try tensor.contiguousBytes().array()) == row["bytes"]?.string)
    let known = storages.count
    let number = storages[ObjectIdentifier(tensor.storage), default: known]
    storages[ObjectIdentifier(tensor.storage)] = number
    let key = try #require(row["storage"]?.int)
    let expectedNumber = expectedStorages[key, default: expectedStorages.count]
    expectedStorages[key] = expectedNumber
    #expect(number == expectedNumber, "\(record.name)")
  }
}

@Test(arguments: Fixtures.good) func checksumsAgree(_ name: String) throws {
  let checksums = try Fixtures.read("good/" + name).verifyChecksums()
  #expect(checksums.mismatched == [])
  #expect(checksums.absent == (name == "nocrc.pt" ? 7 : 0))
}

@Test func storedTensorsAreLent() throws {
  let file = SharedBytes(try Fixtures.bytes("good/protocol2.pt"))
  let checkpoint = try TorchFile.read(file)
  for record in checkpoint.tensors {
    #expect(try record.tensor.contiguousBytes().owner === file)
  }
}

@Test func aStorageSaysWhereItComesFrom() throws {
  let tensor = try #require(try Fixtures.read("good/tensor.pt").tensors.first?.tensor)
  #expect(tensor.storage.key == "0")
  #expect(tensor.storage.location == "cpu")
  let big = try #require(try Fixtures.read("good/big-endian.pt").tensors.first?.tensor)
  #expect(big.storage.byteOrder == .big)
}

@Test func factsAndGlobals() throws {
  let checkpoint = try Fixtures.read("good/protocol4.pt")
  let facts = Dictionary(uniqueKeysWithValues: checkpoint.facts.map { ($0.name, $0.value) })
  #expect(facts["root"] == "protocol4")
  #expect(facts["version"] == "3")
  #expect(facts["byteorder"] == "little")
  #expect(facts["pickle_protocol"] == "4")
  #expect(facts["format_version"] == "1")
  #expect(facts["storage_alignment"] == "64")
  #expect(facts["serialization_id"]?.count == 40)
  let globals = checkpoint.globals.map { $0.module + "." + $0.name }
  #expect(globals.contains("argparse.Namespace"))
  #expect(globals.contains("torch._utils._rebuild_tensor_v2"))
}

@Test(arguments: Fixtures.good) func everyTensorNodeIsARecord(_ name: String) throws {
  let checkpoint = try Fixtures.read("good/" + name)
  for node in checkpoint.metadata.nodes {
    if case .tensor(let place) = node { #expect(checkpoint.record(at: place) != nil) }
  }
}
