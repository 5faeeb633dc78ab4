import TPBytes
import TPTensors
import TPTorchFiles
import TestSupport
import Testing

/// Files of fixtures/gallery; what PyTorch finds in each of them is tested through the command.
private let gallery =
  fixture("gallery/files/")

private func file(_ name: String) throws -> SharedBytes { try SharedBytes(path: gallery + name) }

/// Reads by the reader for the folder.
private func read(
  _ name: String, _ bytes: SharedBytes, limits: ReadLimits = ReadLimits()
) throws(PortError) -> Checkpoint {
  switch name.prefix(while: { $0 != "/" }) {
  case "legacy", "damaged": try TorchFile.readLegacy(bytes, limits: limits)
  case "tar": try TorchFile.readTar(bytes, limits: limits)
  case "pickle": try TorchFile.readPickle(bytes, limits: limits)
  default: try TorchFile.read(bytes, limits: limits)
  }
}

@Suite struct StreamTests {
  @Test func aCutStreamSaysHowMuchIsLeft() throws {
    let error = #expect(throws: PortError.self) {
      try read("damaged/", try file("damaged/legacy_cut_storage.pth"))
    }
    #expect(error?.kind == .truncated)
    #expect(error?.message == "has 2088 of 3203 bytes; 3 of 6 tensors intact")
    #expect(error?.offset == 2088)
  }

  /// The members begin at 512, 1536, 2560 and 3584; Python's unpickler finds the ends of the three
  /// tensors at 3665, 3741 and 3800.
  @Test(arguments: [
    (length: 1_100, left: "has 1100 of at least 1536 bytes and ends before the pickle"),
    (length: 1_600, left: "has 1600 of at least 1634 bytes and ends before the pickle"),
    (length: 2_600, left: "has 2600 of at least 2696 bytes; 0 of 3 tensors intact"),
    (length: 3_413, left: "has 3413 of at least 3584 bytes; 0 of 3 tensors intact"),
    (length: 3_664, left: "has 3664 of at least 3800 bytes; 0 of 3 tensors intact"),
    (length: 3_665, left: "has 3665 of at least 3800 bytes; 1 of 3 tensors intact"),
    (length: 3_799, left: "has 3799 of at least 3800 bytes; 2 of 3 tensors intact"),
  ])
  func aCutTarSaysHowMuchIsLeft(length: Int, left: String) throws {
    let bytes = try file("tar/plain.pth").region.array()
    let error = #expect(throws: PortError.self) {
      try TorchFile.readTar(SharedBytes(Array(bytes[..<length])))
    }
    #expect(error?.kind == .truncated)
    #expect(error?.message.hasPrefix(left) == true, "\(error?.message ?? "")")
    #expect(error?.offset == length)
  }

  @Test func everyPrefixOfATarIsRefused() throws {
    let bytes = try file("tar/plain.pth").region.array()
    for length in stride(from: 0, to: 3_800, by: 3) {
      #expect(throws: PortError.self, "\(length)") {
        try TorchFile.readTar(SharedBytes(Array(bytes[..<length])))
      }
    }
  }

  @Test(arguments: ["legacy/protocol_2.pth", "tar/plain.pth"])
  func everyPrefixIsRefused(_ name: String) throws {
    let bytes = try file(name).region.array()
    // A tar file ends in padding that nobody misses.
    let needed = name.hasPrefix("tar") ? bytes.count - 10_240 : bytes.count
    for length in stride(from: 0, to: max(needed, 0), by: 3) {
      #expect(throws: PortError.self, "\(length)") {
        try read(name, SharedBytes(Array(bytes[..<length])))
      }
    }
  }

  @Test(arguments: [
    "legacy/protocol_2.pth", "tar/plain.pth", "pickle/numpy_protocol_3.pkl",
  ])
  func elementsAreLentInPlace(_ name: String) throws {
    let bytes = try file(name)
    let checkpoint = try read(name, bytes)
    let records = checkpoint.weights.filter { $0.tensor.isContiguous }
    #expect(!records.isEmpty)
    for record in records
    where record.tensor.storage.byteOrder == .little && record.tensor.shape.elementCount > 0 {
      #expect(try record.tensor.contiguousBytes().owner === bytes, "\(record.name)")
    }
  }

  /// What a module does not save is told of, and is no tensor of the file.
  @Test func theAttributesOfAModule() throws {
    let tree = try read("module/", try file("module/custom.pth")).metadata
    guard
      case .object("my_project.Net", [], let fields, [], let entries) = tree.root.map({ tree[$0] })
    else { throw PortError(.mismatch, "the root is no module") }
    #expect(
      entries.map { tree.pathComponent($0.key) }.prefix(2) == ["scale", "mean"])
    let names = fields.map { tree.pathComponent($0.key) }
    #expect(names.contains("training"))
    #expect(!names.contains { $0.hasSuffix("_hooks") })
    let hidden = tree.node(at: "_non_persistent_buffers", "scratch")
    guard case .object("torch.Tensor", [], let facts, [], []) = hidden else {
      throw PortError(.mismatch, "the buffer is not described")
    }
    #expect(facts.map { tree.pathComponent($0.key) } == ["dtype", "shape"])
  }

  @Test func aQuantizerStandsBesideItsTensor() throws {
    let checkpoint = try read("dtypes/", try file("dtypes/qint8_per_channel.pth"))
    #expect(
      checkpoint.tensors.map(\.name) == ["w", "w.<quantizer>.1", "w.<quantizer>.2"])
  }

  @Test func aShapeWithoutElementsSaysSo() throws {
    let checkpoint = try read("dtypes/", try file("dtypes/meta.pth"))
    let tensor = try #require(checkpoint.tensors.first?.tensor)
    #expect(tensor.shape.extents == [2, 3])
    #expect(tensor.storage.location == "meta")
    let error = #expect(throws: PortError.self) { try tensor.contiguousBytes() }
    #expect(error?.kind == .unsupported)
  }

  @Test func aSparseTensorIsNotMadeLargerThanAllowed() throws {
    let checkpoint = try read("hostile/", try file("hostile/sparse-huge-dense.pth"))
    let tensor = try #require(checkpoint.tensors.first?.tensor)
    #expect(tensor.layout == .sparseCOO)
    let error = #expect(throws: PortError.self) { try tensor.contiguousBytes() }
    #expect(error?.kind == .limit)
  }
}

/// Seeded: the same mutants at every run.
private struct Mutator {
  var state: UInt64

  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}

/// Damage in every place of a stream ends in an error or in tensors that stay inside of it.
@Test(arguments: [
  "legacy/protocol_2.pth", "legacy/view_metadata.pth", "legacy/module_source.pth",
  "legacy/python_2.pth", "tar/plain.pth", "tar/view.pth", "pickle/tensors_protocol_2.pkl",
  "pickle/numpy_protocol_2.pkl", "pickle/numpy_protocol_5.pkl",
])
func mutatedStreamsReadOrThrow(_ name: String) throws {
  var mutator = Mutator(state: 2_026)
  var limits = ReadLimits()
  limits.objects = 100_000
  limits.materialisedBytes = 1 << 20
  let bytes = try file(name).region.array()
  for _ in 0..<1500 {
    var mutant = bytes
    for _ in 0...mutator.next(3) { mutant[mutator.next(mutant.count)] = UInt8(mutator.next(256)) }
    exhaust(name, SharedBytes(mutant), limits)
  }
}

/// The same for pickles in zip files, whose checksums are taken away first.
@Test(arguments: [
  "dtypes/sparse_coo.pth", "dtypes/sparse_bsr.pth", "dtypes/sparse_csc.pth", "dtypes/nested.pth",
  "dtypes/qint8_per_channel.pth", "dtypes/quint4x2.pth", "dtypes/conj_neg.pth", "dtypes/meta.pth",
  "dtypes/device_from_numpy_bf16.pth", "dtypes/variable_build_five.pth", "module/custom.pth",
  "torchscript/attributes.pt", "package/weights.pt", "package/export.pt2",
])
func mutatedKindsReadOrThrow(_ name: String) throws {
  var mutator = Mutator(state: 77)
  var limits = ReadLimits()
  limits.objects = 100_000
  limits.materialisedBytes = 1 << 20
  var bytes = try file(name).region.array()
  let entries = bytes.indices.dropLast(20).filter { bytes[$0..<$0 + 4] == [0x50, 0x4B, 1, 2] }
  for entry in entries { bytes.replaceSubrange(entry + 16..<entry + 20, with: [0, 0, 0, 0]) }
  let locals = bytes.indices.dropLast(20).filter { bytes[$0..<$0 + 4] == [0x50, 0x4B, 3, 4] }
  for local in locals { bytes.replaceSubrange(local + 14..<local + 18, with: [0, 0, 0, 0]) }
  #expect(throws: Never.self) { try read(name, SharedBytes(bytes), limits: limits) }
  // Up to the directory; headers that are hit are refused at once.
  let end = entries.first ?? bytes.count
  for _ in 0..<1500 {
    var mutant = bytes
    for _ in 0...mutator.next(3) { mutant[mutator.next(end)] = UInt8(mutator.next(256)) }
    exhaust(name, SharedBytes(mutant), limits)
  }
}

/// Opens, and asks for every element.
private func exhaust(_ name: String, _ bytes: SharedBytes, _ limits: ReadLimits) {
  guard let checkpoint = try? read(name, bytes, limits: limits) else { return }
  for record in checkpoint.tensors + checkpoint.arrays {
    _ = try? record.tensor.contiguousBytes(limits: limits)
  }
}
