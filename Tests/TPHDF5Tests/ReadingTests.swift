import Foundation
import TPBytes
import TPHDF5
import TPTensors
import TestSupport
import Testing

struct ReadingTests {
  @Test func everyElementTypeOfH5py() throws {
    let checkpoint = try HDF5File.read(path: WeightFiles.path("types.h5"))
    let expected = try WeightFiles.expected("types.h5")["tensors"]?.array ?? []
    #expect(checkpoint.container == .hdf5)
    #expect(checkpoint.tensors.map(\.name) == expected.compactMap { $0["name"]?.string })
    for (record, json) in zip(checkpoint.tensors, expected) {
      #expect(try record.tensor.summary() == json.summary, "\(record.name)")
    }
    #expect(checkpoint.tensors.first { $0.name == "float32.big" }?.path == ["float32", "big"])
    #expect(checkpoint.verifyChecksums().absent == expected.count)
  }

  @Test(
    arguments: [
      ("text", .string("variable ü")), ("fixed", .string("fixed")), ("fixed_utf8", .string("fé")),
      ("integer", .int(-5)), ("large", .bigInt("18446744073709551615")), ("float", .float(0.25)),
      ("half", .float(0.5)), ("truth", .bool(true)), ("nothing", .none),
    ] as [(String, MetadataTree.Node)])
  func attributesOfTheRoot(name: String, value: MetadataTree.Node) throws {
    let tree = try HDF5File.read(path: WeightFiles.path("types.h5")).metadata
    #expect(tree.node(at: name) == value)
  }

  @Test func arraysBecomeNestedLists() throws {
    let tree = try HDF5File.read(path: WeightFiles.path("types.h5")).metadata
    #expect(list(tree, tree.value(at: "texts")) == [.string("one"), .string(""), .string("three")])
    guard case .list(let rows)? = tree.node(at: "grid") else {
      Issue.record("grid is no list")
      return
    }
    #expect(
      rows.map { list(tree, $0) } == [[.int(0), .int(1), .int(2)], [.int(3), .int(4), .int(5)]])
    #expect(tree.node(at: "/packed", "units") == .string("mm"))
  }

  private func list(_ tree: MetadataTree, _ handle: MetadataTree.Handle?) -> [MetadataTree.Node] {
    guard let handle, case .list(let items) = tree[handle] else { return [] }
    return items.map { tree[$0] }
  }

  /// It has no values, and would be a list of a hundred million empty lists.
  @Test func anAttributeOfManyEmptyRowsIsNotRead() throws {
    var bytes = try WeightFiles.bytes("types.h5")
    var (old, new) = (ByteWriter(), ByteWriter())
    for (before, after) in [(2, 100_000_000), (3, 0)] {
      old.little(UInt64(before))
      new.little(UInt64(after))
    }
    let name = try #require(bytes.firstRange(of: Array("grid\0".utf8)))
    let rest = bytes[name.upperBound...]
    let extents = try #require(rest.firstRange(of: old.bytes))
    bytes.replaceSubrange(extents, with: new.bytes)
    let path = try temporaryPath("rows.h5")
    try Data(bytes).write(to: URL(filePath: path))
    let notes = try HDF5File.read(path: path).facts.map(\.value)
    #expect(notes.contains("/@grid: an attribute of a type or size that is not supported"))
  }

  @Test func datasetsOfTextsAreMetadata() throws {
    let tree = try HDF5File.read(path: WeightFiles.path("types.h5")).metadata
    #expect(tree.node(at: "/text") == .string("a dataset of text"))
    let path = WeightFiles.path("../evaluation/frames.h5")
    let labels = try HDF5File.read(path: path).metadata
    let names = list(labels, labels.value(at: "/y"))
    #expect(names.count == 48)
    #expect(names.prefix(3) == [.string("a"), .string("b"), .string("b")])
    // One with attributes of its own, and of a fixed length.
    #expect(list(labels, labels.value(at: "/fixed", "")) == names)
    #expect(labels.node(at: "/fixed", "unit") == .string("class"))
  }

  @Test func whatIsNotReadIsSaid() throws {
    let facts = try HDF5File.read(path: WeightFiles.path("types.h5")).facts
    #expect(facts.allSatisfy { $0.name == "not_read" })
    let notes = facts.map(\.value).sorted()
    #expect(
      notes == [
        "/@reference: an attribute of a type or size that is not supported",
        "/nothing: it has no data",
        "/quad: its elements are no numbers that PyTorch has",
        "/table: its elements are no numbers that PyTorch has",
      ])
  }

  @Test func linksAreNamesOrAreNotFollowed() throws {
    let checkpoint = try HDF5File.read(path: WeightFiles.path("links.h5"))
    // The file keeps the order of creation.
    #expect(checkpoint.tensors.map(\.name) == ["first/weight", "again", "a_second"])
    #expect(checkpoint.tensors[0].path == ["first/weight"])
    #expect(checkpoint.tensors[0].tensor.isSame(as: checkpoint.tensors[1].tensor))
    #expect(try checkpoint.tensors[1].tensor.floats() == [1, 2])
    #expect(
      checkpoint.facts.map(\.value).sorted() == [
        "/external: its data lies in other files",
        "/kind: neither a group nor a dataset",
        "/outside: a link out of the file, which is not followed",
        "/soft: a soft link, which is not followed",
        "/virtual: its data lies in other files",
        "/z_first/up: another name of a group that was read",
      ])
  }

  @Test func theOrderOfTheStateDict() throws {
    let checkpoint = try HDF5File.read(path: WeightFiles.path("ordered.h5"))
    #expect(checkpoint.tensors.map(\.name) == ["b.weight", "a.weight"])
    #expect(try checkpoint.tensors[1].tensor.floats() == [1])
  }

  @Test(
    arguments: [
      ("disordered.h5", .malformed, "list the name of each tensor once"),
      ("twice.h5", .malformed, "two datasets stand for one tensor name"),
      ("types.safetensors", .malformed, "cannot be opened as HDF5 (libhdf5: file signature"),
      ("missing.h5", .notFound, "no such file"),
      ("npy", .notAFile, "is a folder"),
    ] as [(String, PortError.Kind, String)])
  func refused(name: String, kind: PortError.Kind, words: String) {
    let error = failure { () throws(PortError) in
      _ = try HDF5File.read(path: WeightFiles.path(name))
    }
    #expect(error?.kind == kind)
    #expect(error?.message.contains(words) == true, "\(error?.description ?? "nothing thrown")")
    if words.contains("libhdf5") { #expect(error?.remedy?.contains("fetch it again") == true) }
  }

  @Test func aFileThatEndsEarly() throws {
    let path = try temporaryPath("short.h5")
    try Data(try WeightFiles.bytes("types.h5").prefix(20_000)).write(to: URL(filePath: path))
    let error = failure { () throws(PortError) in _ = try HDF5File.read(path: path) }
    #expect(error?.kind == .truncated)
    #expect(error?.remedy != nil)
  }

  @Test func anEmptyFile() throws {
    let path = try temporaryPath("empty.h5")
    try Data().write(to: URL(filePath: path))
    let error = failure { () throws(PortError) in _ = try HDF5File.read(path: path) }
    #expect(error?.kind == .malformed)
  }

  @Test func limitsOnDepthMembersAndRank() {
    func kind(_ name: String, _ change: (inout ReadLimits) -> Void) -> PortError.Kind? {
      var limits = ReadLimits()
      change(&limits)
      let bound = limits
      return failure { () throws(PortError) in
        _ = try HDF5File.read(path: WeightFiles.path(name), limits: bound)
      }?.kind
    }
    #expect(kind("deep.h5") { $0.depth = 7 } == .limit)
    #expect(kind("deep.h5") { $0.depth = 8 } == nil)
    #expect(kind("deep.h5") { $0.members = 7 } == .limit)
    #expect(kind("deep.h5") { $0.members = 8 } == nil)
    #expect(kind("types.h5") { $0.rank = 1 } == .limit)
    #expect(kind("types.h5") { $0.members = 10 } == .limit)
  }

  @Test func aVastDatasetIsRefusedBeforeMemoryIsTaken() throws {
    let tensor = try HDF5File.read(path: WeightFiles.path("wide.h5")).tensors[0].tensor
    #expect(tensor.shape.elementCount == 1 << 62)
    let error = failure { () throws(PortError) in _ = try tensor.contiguousBytes() }
    #expect(error?.kind == .limit)
    #expect(error?.record == "/vast")
  }

  @Test func aDamagedChunkIsFoundByItsChecksum() throws {
    var bytes = try WeightFiles.bytes("types.h5")
    // The deflated chunks follow each other; one byte of some is enough for fletcher32 or inflate.
    let signature: [UInt8] = [0x78, 0x5E]
    let place = try #require(bytes.firstRange(of: signature)?.upperBound)
    bytes[place + 8] ^= 0xFF
    let path = try temporaryPath("damaged.h5")
    try Data(bytes).write(to: URL(filePath: path))
    let checkpoint = try HDF5File.read(path: path)
    let packed = try #require(checkpoint.tensors.first { $0.name == "packed" })
    let error = failure { () throws(PortError) in
      _ = try packed.tensor.contiguousBytes()
    }
    #expect(error?.record == "/packed")
    #expect(error?.message.hasPrefix("cannot read the dataset (libhdf5: ") == true)
  }

  @Test func datasetsAreReadAgainWhereNoneIsKept() throws {
    let checkpoint = try HDF5File.read(
      path: WeightFiles.path("types.h5"), budget: CacheBudget(0))
    for record in checkpoint.tensors where record.tensor.shape.elementCount > 0 {
      let first = try record.tensor.contiguousBytes(caching: false)
      let second = try record.tensor.contiguousBytes(caching: false)
      #expect(first.owner !== second.owner, "\(record.name)")
      #expect(first.hasSameBytes(as: second), "\(record.name)")
    }
  }

  @Test func severalThreadsReadAtOnce() async throws {
    let expected = try WeightFiles.expected("types.h5")["tensors"]?.array?.map(\.summary) ?? []
    await withTaskGroup(of: [String]?.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try? HDF5File.read(path: WeightFiles.path("types.h5")).tensors.map {
            try $0.tensor.summary()
          }
        }
      }
      for await found in group { #expect(found == expected) }
    }
  }
}
