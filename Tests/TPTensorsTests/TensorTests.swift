import TPBytes
import TPTensors
import Testing

@Suite struct TensorTests {
  /// 0, 1, ... 23 as float32, as `torch.arange(24, dtype=torch.float32)` stores them.
  static let storage: Storage = {
    var writer = ByteWriter()
    for value in 0..<24 { writer.little(Float(value).bitPattern) }
    return Storage(key: "0", region: ByteRegion(writer.bytes))
  }()

  struct View: Sendable {
    var shape: [Int]
    var strides: [Int]
    var offset: Int
    var expected: [Float]
    var isContiguous = false
  }

  // What PyTorch 2.13 gives for `.flatten()` of these views of `torch.arange(24.)`.
  @Test(arguments: [
    View(
      shape: [4, 3, 2], strides: [1, 4, 12], offset: 0,
      expected: [
        0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23,
      ]),
    View(shape: [3, 2], strides: [2, 5], offset: 3, expected: [3, 8, 5, 10, 7, 12]),
    View(shape: [3], strides: [3], offset: 1, expected: [1, 4, 7]),
    View(shape: [2, 3], strides: [0, 1], offset: 4, expected: [4, 5, 6, 4, 5, 6]),
    View(shape: [2, 3], strides: [0, 0], offset: 5, expected: [5, 5, 5, 5, 5, 5]),
    View(
      shape: [1, 2, 2, 1, 2], strides: [7, 12, 6, 99, 2], offset: 1,
      expected: [1, 3, 7, 9, 13, 15, 19, 21]),
    View(
      shape: [2, 2, 3, 1], strides: [3, 12, 1, 5], offset: 2,
      expected: [2, 3, 4, 14, 15, 16, 5, 6, 7, 17, 18, 19]),
    View(shape: [], strides: [], offset: 23, expected: [23], isContiguous: true),
    View(
      shape: [2, 1, 3], strides: [3, 99, 1], offset: 2, expected: [2, 3, 4, 5, 6, 7],
      isContiguous: true),
    View(shape: [0, 5], strides: [5, 1], offset: 24, expected: [], isContiguous: true),
  ])
  func readsViews(view: View) throws {
    let tensor = try Tensor(
      dtype: .float32, shape: Shape(view.shape), strides: view.strides, offset: view.offset,
      storage: Self.storage)
    #expect(try tensor.floats() == view.expected)
    #expect(try tensor.doubles() == view.expected.map(Double.init))
    #expect(tensor.isContiguous == view.isContiguous)
  }

  /// A file can have many views of one storage; finding which are the same compares no pairs.
  @Test func aliasesAmongManyViews() throws {
    let count = 100_000
    let storage = Storage(key: "0", region: ByteRegion([UInt8](repeating: 0, count: count)))
    var dict = StateDict()
    for index in 0..<count {
      try dict.append(
        "\(index)",
        try Tensor(
          dtype: .uint8, shape: Shape([1]), strides: [1], offset: index % (count - 1),
          storage: storage))
    }
    #expect(dict.aliases == [["0", "\(count - 1)"]])
  }

  @Test func contiguousBytesAreLent() throws {
    let tensor = try Tensor(
      dtype: .float32, shape: Shape([2, 3]), strides: [3, 1], offset: 1, storage: Self.storage)
    let region = try tensor.contiguousBytes()
    #expect(region.owner === (try Self.storage.bytes()).owner)
    #expect(region.range == 4..<28)
  }

  @Test(
    arguments: [
      ([25], [1], 0), ([1], [1], 24), ([2, 2], [23, 2], 0), ([3], [Int.max], 0), ([2], [-1], 3),
      ([1], [1], -1), ([2, 2], [1], 0),
    ] as [([Int], [Int], Int)])
  func refusesWhatLiesOutside(shape: [Int], strides: [Int], offset: Int) throws {
    let shape = try Shape(shape)
    let error = #expect(throws: PortError.self) {
      try Tensor(
        dtype: .float32, shape: shape, strides: strides, offset: offset, storage: Self.storage)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.record == "0")
  }

  @Test func refusesShapesThatOverflow() {
    #expect(throws: PortError.self) { try Shape([1 << 40, 1 << 40]) }
    #expect(throws: PortError.self) { try Shape([0, 1 << 62, 1 << 62]) }
    #expect(throws: PortError.self) { try Shape([-1]) }
    #expect(throws: PortError.self) { try Shape(Array(repeating: 1, count: 65)) }
  }

  @Test func expandedViewsHaveABudget() throws {
    let tensor = try Tensor(
      dtype: .float32, shape: Shape([1 << 21, 1 << 21]), strides: [0, 0], offset: 0,
      storage: Self.storage)
    let error = #expect(throws: PortError.self) { try tensor.contiguousBytes() }
    #expect(error?.kind == .limit)
  }

  @Test func packedIntegersAreNotMadeFloat32() throws {
    let tensor = try Tensor(
      dtype: .quint4x2, shape: Shape([4]), storage: Storage(key: "0", region: ByteRegion([1, 2]))
    ).quantized(Quantization(.perTensor(scale: 1, zeroPoint: 0)))
    let error = #expect(throws: PortError.self) { try tensor.dequantized() }
    #expect(error?.kind == .unsupported)
    #expect(error?.remedy == "dequantize the tensor in PyTorch first")
  }

  @Test func bigEndianStoragesAreTurnedRound() throws {
    let storage = Storage(
      key: "0", byteOrder: .big, region: ByteRegion([0x3F, 0x80, 0, 0, 0x40, 0x49, 0x0F, 0xDB]))
    let tensor = try Tensor(dtype: .float32, shape: Shape([2]), storage: storage)
    #expect(try tensor.floats().map(\.bitPattern) == [0x3F80_0000, 0x4049_0FDB])
  }

  @Test func bfloat16IsTheUpperHalfOfFloat32() throws {
    // torch.tensor([1.5, -2.25, 3e38, 1e-40]).to(torch.bfloat16), bits and values
    var writer = ByteWriter()
    for bits: Int16 in [16320, -16368, 32610, 1] { writer.little(bits) }
    let tensor = try Tensor(
      dtype: .bfloat16, shape: Shape([4]),
      storage: Storage(key: "0", region: ByteRegion(writer.bytes)))
    #expect(
      try tensor.doubles() == [1.5, -2.25, 3.00405527047391e+38, 9.183549615799121e-41])
  }

  @Test func everyHalfConvertsAsTheHardwareDoes() {
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let ours = float(half: bits)
      #expect(ours.bitPattern == expected.bitPattern || (ours.isNaN && expected.isNaN))
    }
  }

  @Test func aFetchThatFailsFailsTheSameWayEveryTime() throws {
    let storage = Storage(key: "7", byteCount: 4) { () throws(PortError) in
      throw PortError(.checksum, "wrong", record: "7")
    }
    let tensor = try Tensor(dtype: .float32, shape: Shape([1]), storage: storage)
    for _ in 0..<2 {
      #expect(throws: PortError(.checksum, "wrong", record: "7")) { try tensor.floats() }
    }
  }

  /// A pass that uses each tensor once keeps no more than the budget allows.
  @Test(arguments: [(3, false), (4, true)]) func aPassKeepsWhatTheBudgetAllows(
    byteCount: Int, isKept: Bool
  ) throws {
    let storage = Storage(key: "7", byteCount: 4, budget: CacheBudget(byteCount)) {
      () throws(PortError) in ByteRegion([0, 0, 128, 63])
    }
    let tensor = try Tensor(dtype: .float32, shape: Shape([1]), storage: storage)
    let first = try tensor.contiguousBytes(caching: false)
    let second = try tensor.contiguousBytes(caching: false)
    #expect((first.owner === second.owner) == isKept)
    // What is asked for as usual stays.
    let third = try tensor.contiguousBytes()
    let fourth = try tensor.contiguousBytes(caching: false)
    #expect(third.owner === fourth.owner)
    #expect(try tensor.floats() == [1])
  }

  @Test func aFetchOfTheWrongLengthIsAnError() throws {
    let storage = Storage(key: "7", byteCount: 4) { () throws(PortError) in ByteRegion([1]) }
    let tensor = try Tensor(dtype: .float32, shape: Shape([1]), storage: storage)
    #expect(throws: PortError.self) { try tensor.floats() }
  }
}

@Suite struct StateDictTests {
  @Test func findsNamesOfOneTensor() throws {
    let storage = TensorTests.storage
    func view(_ shape: [Int], _ offset: Int) throws -> Tensor {
      let shape = try Shape(shape)
      return try Tensor(
        dtype: .float32, shape: shape, strides: shape.contiguousStrides, offset: offset,
        storage: storage)
    }
    let dict = try StateDict([
      ("a", view([2], 0)), ("b", view([2], 2)), ("c", view([2], 0)), ("d", view([1, 2], 0)),
    ])
    #expect(dict.aliases == [["a", "c"]])
    #expect(dict.names == ["a", "b", "c", "d"])
    #expect(throws: PortError.self) { try StateDict([("a", view([2], 0)), ("a", view([2], 0))]) }
  }
}
