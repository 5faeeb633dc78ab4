import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// Networks that a JSON file describes, and DoctorFocusedModel, held to what PyTorch recorded
/// (fixtures/networks/make.py).
@Suite struct DescribedNetworkTests {
  private static let folder = Fixtures.folder + "networks/"

  private func model(_ name: String) throws -> LoadedModel {
    try LoadedModel.open(
      path: Self.folder + name + ".pth",
      architecture: try Architecture.described(inFile: Self.folder + name + ".json"))
  }

  private func golden(_ name: String) throws -> Golden {
    try Golden.open(path: Self.folder + name + ".npz")
  }

  @Test(arguments: ["FramesGRU", "Wave"]) func holds(name: String) throws {
    let model = try model(name)
    let report = try Parity.verify(weights: model, golden: try golden(name))
    #expect(report.verdict == .holds, "\(report.reason)")
    #expect(report.warnings == [])
    let names = model.architecture.activations.map(\.name)
    #expect(report.activations.map(\.name) == names)
    for row in report.activations { #expect(row.status == .holds, "\(row.name)") }
    // Each layer from the golden's own record of its input, too.
    #expect(report.isolated.map(\.name) == names)
    for row in report.isolated { #expect(row.status == .holds, "\(row.name)") }
  }

  @Test(arguments: [
    ("FramesGRU", "depth"), ("FramesGRU", "gru"), ("FramesGRU", "norm"), ("Wave", "conv2"),
    ("Wave", "lstm"),
  ]) func aFaultIsNamedAtItsLayer(name: String, layer: String) throws {
    let report = try Parity.verify(
      weights: try model(name), golden: try golden("\(name)_\(layer)"))
    #expect(report.verdict == .broken)
    #expect(report.reason.contains("the golden's \(layer) is the first over the line"))
    #expect(report.isolated.filter { $0.status == .over }.map(\.name) == [layer])
    #expect(report.diagnosis.map(\.layer) == [layer], "\(report.diagnosis)")
  }

  /// The adaptive pooling makes the same of any length.
  @Test(arguments: [29, 64]) func clipsOfOtherLengths(length: Int) throws {
    let report = try Parity.verify(
      weights: try model("Wave"), golden: try golden("Wave_\(length)"))
    #expect(report.verdict == .holds, "\(report.reason)")
    #expect(report.activations.allSatisfy { $0.status == .holds })
  }

  @Test func aGoldenOfAnotherShapeIsRefused() throws {
    let error = #expect(throws: PortError.self) {
      try Parity.verify(weights: try model("FramesGRU"), golden: try golden("Wave"))
    }
    #expect(
      error?.message
        == "the golden's input has the shape (5, 2, 40); FramesGRU takes (5, 1, 16, 20)")
  }

  /// The second built-in network, found by its keys and shapes; clips of 32 and of 24 frames.
  @Test(arguments: [32, 24]) func doctor(frames: Int) throws {
    var checkpoint = try CheckpointFile.open(path: Self.folder + "Wave.npz")
    checkpoint.tensors = try Doctor.tensors()
    let model = try LoadedModel(checkpoint)
    #expect(model.architecture == .doctorFocusedModel)
    let golden = try golden("doctor_\(frames)")
    #expect(golden.provenance?.digest == model.digest.description)
    #expect(golden.provenance?.classes == Architecture.doctorFocusedModel.classes)
    let report = try Parity.verify(weights: model, golden: golden, threads: 2)
    #expect(report.verdict == .holds, "\(report.reason)")
    #expect(report.warnings == [])
    #expect(report.activations.count == 19)
    #expect(report.activations.allSatisfy { $0.status == .holds })
    #expect(report.predictions.allSatisfy { $0.expected == $0.found })
  }
}

/// The weights of fixtures/networks/make.py, made from integers in the same way.
private enum Doctor {
  static func tensors() throws -> [TensorRecord] {
    var entry: UInt64 = 0
    return try Architecture.doctorFocusedModel.parameterTable.map { spec in
      guard spec.dtype.isFloatingPoint else {
        let seven: [UInt8] = [7, 0, 0, 0, 0, 0, 0, 0]
        return TensorRecord(
          path: [spec.name],
          tensor: try Tensor(
            dtype: spec.dtype, shape: spec.shape,
            storage: Storage(key: spec.name, region: ByteRegion(seven))))
      }
      let base = entry << 32
      entry += 1
      let scale = scale(spec)
      let values = (0..<UInt64(spec.shape.elementCount)).map { index in
        let bits = splitmix(base + index) >> 56
        return Float(scale.offset + (Double(bits) - 127.5) / 128 * scale.factor)
      }
      return TensorRecord(path: [spec.name], tensor: Tensor(floats: values, shape: spec.shape))
    }
  }

  private static func scale(_ spec: ParameterSpec) -> (offset: Double, factor: Double) {
    let extents = spec.shape.extents
    if extents.count > 1 {
      // 2 to the floor of half the logarithm of the fan-in.
      let fan = extents.dropFirst().reduce(1, *)
      var power = 0
      while 1 << (2 * (power + 1)) <= fan { power += 1 }
      return (0, 1 / Double(1 << power))
    }
    if spec.name.hasSuffix("running_var") { return (1, 0.5) }
    return spec.name.hasSuffix("weight") ? (1, 0.25) : (0, 0.125)
  }

  private static func splitmix(_ seed: UInt64) -> UInt64 {
    var x = seed &+ 0x9E37_79B9_7F4A_7C15
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }
}
