import TPBytes
import TPModels
import TPTensors
import Testing

/// The network whose batch norms are folded, as a list of layers.
@Suite struct FoldingTests {
  @Test func lightweight() {
    let whole = Architecture.lightweightCNNLSTM
    let folded = whole.foldingBatchNorm()
    #expect(folded.isFolded && !whole.isFolded)
    #expect(folded.name == whole.name)
    #expect(folded.layers.count == whole.layers.count - 4)
    #expect(folded.parameterTable.count == 14)
    // 32 + 64 + 96 + 128 parameters of the norms are gone.
    #expect(folded.parameterCount == 721_044 - 320)
    #expect(
      folded.absorbed.map { "\($0.name) \($0.into)" } == [
        "conv3d1 bn3d1", "conv3d2 bn3d2", "conv3d3 bn3d3", "fc1 bn_fc1",
      ])
    let gone: Set = ["conv3d1", "conv3d2", "conv3d3", "fc1"]
    #expect(
      folded.activations.map(\.name)
        == whole.activations.map(\.name).filter { !gone.contains($0) })
    #expect(folded.foldingBatchNorm() == folded)
    #expect(folded.label == "LightweightCNNLSTM with folded batch norms")
  }

  @Test func onlyWhatFollowsAtOnceIsFolded() throws {
    let architecture = try Architecture(
      name: "Odd", input: [1, 2, 2, 2],
      layers: [
        Layer("first", .batchNorm(.init(1))),
        Layer("conv", .convolution(.init(1, 2, kernel: [1, 1, 1]))),
        Layer(.relu),
        Layer("after", .batchNorm(.init(2))),
        Layer("pool", .maxPool(.init([2, 2, 2]))),
        Layer("last", .batchNorm(.init(2))),
        Layer(.flatten(from: 1)),
        Layer("fc", .linear(.init(2, 3))),
        Layer("norm", .batchNorm(.init(3))),
        Layer("again", .batchNorm(.init(3))),
      ])
    let folded = architecture.foldingBatchNorm()
    #expect(folded.absorbed.map(\.name) == ["fc"])
    #expect(
      folded.layers.compactMap(\.name) == [
        "first", "conv", "after", "pool", "last", "fc", "again",
      ])
  }

  /// The channels of a linear layer with rows are the rows, and no bias can shift them.
  @Test func rowsAreNoChannels() throws {
    let architecture = try Architecture(
      name: "Rows", input: [3, 3],
      layers: [
        Layer("fc", .linear(.init(3, 3))), Layer("norm", .batchNorm(.init(3))),
        Layer(.flatten(from: 1)),
      ])
    #expect(architecture.foldingBatchNorm() == architecture)
  }

  @Test func namesStayUnique() {
    #expect(throws: PortError.self) {
      try Architecture(
        name: "Twice", input: [2],
        layers: [
          Layer("a", .linear(.init(2, 2)), foldedNorm: "b"), Layer("b", .linear(.init(2, 2))),
        ])
    }
  }

  /// A checkpoint of zeros for a network.
  private func checkpoint(_ architecture: Architecture) throws -> Checkpoint {
    try Checkpoint(
      container: .safetensors,
      tensors: architecture.parameterTable.map { spec in
        let bytes = [UInt8](
          repeating: 0, count: spec.shape.elementCount * spec.dtype.byteCount)
        return TensorRecord(
          path: [spec.name],
          tensor: try Tensor(
            dtype: spec.dtype, shape: spec.shape,
            storage: Storage(key: spec.name, region: ByteRegion(bytes))))
      })
  }

  @Test func theWeightsTellWhetherTheyAreFolded() throws {
    let whole = Architecture.lightweightCNNLSTM
    let folded = whole.foldingBatchNorm()
    #expect(try Architecture.fitting(checkpoint(whole)).architecture == whole)
    #expect(try Architecture.fitting(checkpoint(folded)).architecture == folded)
    #expect(try whole.fit(checkpoint(folded), batchNorm: "folded").architecture == folded)
    // What the file says is held against its weights.
    let first = #expect(throws: PortError.self) {
      try whole.fit(checkpoint(folded), batchNorm: "separate")
    }
    #expect(
      first?.message.hasPrefix("the weights do not fit LightweightCNNLSTM: 20 missing") == true)
    let second = #expect(throws: PortError.self) {
      try Architecture.fitting(checkpoint(whole), batchNorm: "folded")
    }
    #expect(second?.message.contains("with folded batch norms: 20 unexpected") == true)
  }

  @Test func eightBitsWithScalesBind() throws {
    let architecture = try Architecture(
      name: "One", input: [3], layers: [Layer("fc", .linear(.init(3, 2)))])
    let weight = Tensor(floats: [1, -2, 4, 0.5, 0.25, -0.125], shape: Shape(known: [2, 3]))
    let stored = try weight.quantised()
    let bias = Tensor(floats: [1, 2], shape: Shape(known: [2]))
    let scale = try #require(stored.scale)
    let dict = try StateDict([
      ("fc.weight", stored.tensor), ("fc.weight.scale", scale), ("fc.bias", bias),
    ])
    #expect(architecture.match(dict).fits)
    let scales = try scale.floats()
    let integers = try stored.tensor.integers()
    #expect(
      try architecture.bind(dict)["fc.weight"]
        == integers.indices.map { Float(integers[$0]) * scales[$0 / 3] })
    // Without scales the integers mean nothing, and scales alone belong to nothing.
    let bare = try StateDict([("fc.weight", stored.tensor), ("fc.bias", bias)])
    #expect(architecture.match(bare).wrongType.map(\.found) == [.int8])
    #expect(architecture.match(bare).error?.remedy?.contains("NAME.scale") == true)
    let alone = try StateDict([
      ("fc.weight", weight), ("fc.weight.scale", scale), ("fc.bias", bias),
    ])
    #expect(architecture.match(alone).unexpected.map(\.name) == ["fc.weight.scale"])
  }

  @Test func float64BindsWhereItIsExact() throws {
    let architecture = try Architecture(
      name: "One", input: [1], layers: [Layer("fc", .linear(.init(1, 1)))])
    func dict(_ value: Double) throws -> StateDict {
      let bytes = withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      return try StateDict([
        (
          "fc.weight",
          Tensor(
            dtype: .float64, shape: Shape([1, 1]),
            storage: Storage(key: "w", region: ByteRegion(bytes)))
        ), ("fc.bias", Tensor(floats: [0], shape: Shape(known: [1]))),
      ])
    }
    #expect(try architecture.bind(dict(0.5))["fc.weight"] == [0.5])
    #expect(try architecture.bind(dict(-.infinity))["fc.weight"] == [-.infinity])
    #expect(try architecture.bind(dict(.nan))["fc.weight"][0].isNaN)
    for value in [0.1, 1e300] {
      let error = #expect(throws: PortError.self) { try architecture.bind(dict(value)) }
      #expect(error?.kind == .mismatch)
      #expect(error?.key == "fc.weight")
      #expect(error?.remedy?.contains("--dtype float32") == true)
    }
  }
}
