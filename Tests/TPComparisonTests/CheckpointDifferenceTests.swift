import TPBytes
import TPComparison
import TPTensors
import Testing

@Suite struct CheckpointDifferenceTests {
  private func tensor(_ values: [Float]) -> Tensor {
    Tensor(floats: values, shape: Shape(known: [values.count]))
  }

  private func checkpoint(_ tensors: KeyValuePairs<String, Tensor>) -> Checkpoint {
    Checkpoint(
      container: .safetensors,
      tensors: tensors.map { TensorRecord(path: [$0.key], tensor: $0.value) })
  }

  private func statuses(
    _ a: KeyValuePairs<String, Tensor>, _ b: KeyValuePairs<String, Tensor>
  ) throws -> [String: TensorDifference.Status] {
    let difference = try CheckpointDifference(checkpoint(a), checkpoint(b), files: ("a", "b"))
    return Dictionary(uniqueKeysWithValues: difference.tensors.map { ($0.name, $0.status) })
  }

  @Test func bitsDecide() throws {
    let nan = Float(bitPattern: 0x7FC0_0000)
    let otherNaN = Float(bitPattern: 0x7FC0_0001)
    let found = try statuses(
      [
        "same": tensor([1, nan]), "zero": tensor([0, 1]), "nan": tensor([nan]), "ulp": tensor([1]),
      ],
      [
        "same": tensor([1, nan]), "zero": tensor([-0.0, 1]), "nan": tensor([otherNaN]),
        "ulp": tensor([Float(1).nextUp]),
      ])
    #expect(
      found == ["same": .identical, "zero": .equalValues, "nan": .equalValues, "ulp": .changed])
  }

  @Test func shapesTypesAndNames() throws {
    let half = try Tensor(
      dtype: .float16, shape: Shape([2]),
      storage: Storage(key: "h", region: ByteRegion([0, 0, 0, 0])))
    let found = try statuses(
      ["shape": tensor([1]), "dtype": tensor([0, 0]), "gone": tensor([1])],
      ["shape": tensor([1, 2]), "dtype": half, "new": tensor([2])])
    #expect(found == ["shape": .shape, "dtype": .dtype, "gone": .removed, "new": .added])
  }

  @Test func aNewNaNIsTheLargestDifference() throws {
    let difference = try CheckpointDifference(
      checkpoint(["w": tensor([1, 2, 3])]), checkpoint(["w": tensor([9, .nan, 100])]),
      files: ("a", "b"))
    let measures = try #require(difference.tensors.first?.measures)
    #expect(measures.maxAbs.isNaN)
    #expect(measures.maxIndex == 1)
    #expect(measures.changed == 1)
    #expect(!difference.isIdentical)
  }

  @Test func zerosHaveNoDirection() throws {
    let difference = try CheckpointDifference(
      checkpoint(["w": tensor([0, 0])]), checkpoint(["w": tensor([3, 4])]), files: ("a", "b"))
    let measures = try #require(difference.tensors.first?.measures)
    #expect(measures.cosine == nil)
    #expect(measures.relative == nil)
    #expect(measures.normDelta == 5)
  }

  @Test func nothingInCommonIsNotCompared() throws {
    let difference = try CheckpointDifference(
      checkpoint(["a": tensor([0])]), checkpoint(["b": tensor([1])]), files: ("a", "b"))
    #expect(!difference.comparedAny)
    #expect(!difference.isIdentical)
  }

  @Test func theSameElementsUnderAnotherNameAreRenamed() throws {
    let difference = try CheckpointDifference(
      checkpoint(["x": tensor([1, 2]), "y": tensor([5]), "z": tensor([5])]),
      checkpoint(["p": tensor([5]), "q": tensor([1, 2]), "r": tensor([5])]), files: ("a", "b"))
    #expect(difference.tensors.map(\.status) == [.renamed, .renamed, .renamed])
    #expect(difference.tensors.map(\.newName) == ["q", "p", "r"])
    #expect(difference.tensors.map(\.isAmbiguous) == [false, true, true])
    #expect(!difference.isIdentical)
  }

  /// `--fail-on nan` asks for what the second has, under whatever name.
  @Test func renamedTensorsKeepTheirNaNs() throws {
    let difference = try CheckpointDifference(
      checkpoint(["x": tensor([.nan, 1])]), checkpoint(["y": tensor([.nan, 1])]), files: ("a", "b"))
    #expect(difference.tensors.map(\.status) == [.renamed])
    #expect(difference.tensors.map(\.nanInB) == [1])
    #expect(try DiffRule.parse("nan").first?.evidence(difference) == "x")
  }

  /// Two of these have more bytes than an `Int` counts.
  @Test func expandedTensorsAreNotCountedTogether() throws {
    let wide = try Tensor(
      dtype: .float32, shape: Shape([1 << 60]), strides: [0], offset: 0,
      storage: Storage(key: "s", region: ByteRegion([0, 0, 0, 0])))
    let found = try statuses(
      ["w": tensor([1])], ["w": tensor([1]), "x": wide, "y": wide])
    #expect(found == ["w": .identical, "x": .added, "y": .added])
  }

  /// The keys 1 and "1" of a dict give two tensors one name.
  @Test func otherTensorsOfOneNameAreAllCompared() throws {
    func file(_ last: Float) -> Checkpoint {
      Checkpoint(
        container: .torchZip,
        tensors: [
          TensorRecord(path: ["model_state_dict", "w"], tensor: tensor([1])),
          TensorRecord(path: ["ema", "1"], tensor: tensor([2])),
          TensorRecord(path: ["ema", "1"], tensor: tensor([last])),
        ])
    }
    let same = try CheckpointDifference(file(3), file(3), files: ("a", "b"))
    #expect(same.otherTensors.identical == 2)
    #expect(same.isIdentical)
    let other = try CheckpointDifference(file(3), file(4), files: ("a", "b"))
    #expect(other.otherTensors.changed == 1)
    #expect(!other.isIdentical)
  }

  /// As NumPy's random state is, or a history that was kept as an array.
  @Test(arguments: ["model_state_dict", nil]) func arraysBesideTheTensorsAreCompared(
    container: String?
  ) throws {
    func file(_ value: Float) -> Checkpoint {
      Checkpoint(
        container: .torchZip,
        tensors: [
          TensorRecord(path: [container, "w"].compactMap { $0 }, tensor: tensor([1]))
        ],
        arrays: [TensorRecord(path: ["history"], tensor: tensor([value]))])
    }
    let same = try CheckpointDifference(file(2), file(2), files: ("a", "b"))
    #expect(same.otherTensors.identical == 1)
    #expect(same.isIdentical)
    let other = try CheckpointDifference(file(2), file(3), files: ("a", "b"))
    #expect(other.tensors.map(\.status) == [.identical])
    #expect(other.otherTensors.changed == 1)
    #expect(!other.isIdentical)
  }

  /// diag(3, 1) and diag(3, 5) in units of the least number that there is.
  @Test func singularValuesOfDenormalNumbers() throws {
    func tensor(_ units: [UInt64]) throws -> Tensor {
      var writer = ByteWriter()
      for unit in units { writer.little(unit) }
      return try Tensor(
        dtype: .float64, shape: Shape([2, 2]),
        storage: Storage(key: "w", region: .init(writer.bytes)))
    }
    let difference = try CheckpointDifference(
      checkpoint(["w": try tensor([3, 0, 0, 1])]), checkpoint(["w": try tensor([3, 0, 0, 5])]),
      files: ("a", "b"), options: DiffOptions(wantsSingularValues: true))
    let values = try #require(difference.tensors.first?.measures?.singularValues)
    #expect(values.a == 3 * Double.leastNonzeroMagnitude)
    #expect(values.delta == 4 * Double.leastNonzeroMagnitude)
  }

  @Test func theFileAndKeyOfWhatCannotBeReadAreNamed() throws {
    let storage = Storage(key: "data/0", byteCount: 4) { () throws(PortError) in
      throw PortError(.checksum, "wrong sum", record: "data/0")
    }
    let broken = try Tensor(dtype: .float32, shape: Shape([1]), storage: storage)
    let expected = PortError(.checksum, "wrong sum", file: "b", record: "data/0", key: "w")
    #expect(throws: expected) {
      try CheckpointDifference(
        checkpoint(["w": tensor([0])]), checkpoint(["w": broken]), files: ("a", "b"))
    }
  }

  /// Beyond 2^53 two integers can be one float64 and still differ.
  @Test func largeIntegersDiffer() throws {
    func tensor(_ value: Int64) throws -> Tensor {
      var writer = ByteWriter()
      writer.little(value)
      return try Tensor(
        dtype: .int64, shape: Shape([]), storage: Storage(key: "n", region: .init(writer.bytes)))
    }
    #expect(
      try statuses(["n": try tensor(1 << 53)], ["n": try tensor(1 << 53 + 1)])
        == ["n": .changed])
  }

  /// The digest of a dataset repeats what its elements say, and those are compared as such.
  @Test func digestsOfDatasetsAreNoMetadata() throws {
    func file(_ digest: String, _ layout: String) -> Checkpoint {
      var tree = MetadataTree()
      func entry(_ key: String, _ node: MetadataTree.Node) -> MetadataTree.Entry {
        .init(key: tree.add(.string(key)), value: tree.add(node))
      }
      let attributes = [entry("sha256", .string(digest)), entry("layout", .string(layout))]
      let root = [entry("/w", .dict(attributes))]
      tree.root = tree.add(.dict(root))
      return Checkpoint(
        container: .hdf5, metadata: tree,
        tensors: [TensorRecord(path: ["w"], tensor: tensor([1]))])
    }
    let difference = try CheckpointDifference(
      file("aa", "C"), file("bb", "OI"), files: ("a", "b"))
    #expect(difference.metadata.map(\.path) == [["/w", "layout"]])
  }
}
