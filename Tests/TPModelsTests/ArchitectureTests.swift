import Foundation
import TPBytes
import TPModels
import TPTensors
import Testing

/// What follows from the list of layers, against the same networks in PyTorch.
struct ArchitectureTests {
  struct Table: Decodable {
    struct Entry: Decodable, Equatable {
      var name: String
      var shape: [Int]
      var dtype: String
      var kind: String
    }

    struct Output: Decodable, Equatable {
      var name: String
      var shape: [Int]
    }

    var parameters: Int
    var entries: [Entry]
    var activations: [Output]?
  }

  private func table(_ name: String) throws -> Table {
    try #require(Fixtures.read("tables.json", as: [String: Table].self)[name])
  }

  private func entries(_ architecture: Architecture) -> [Table.Entry] {
    architecture.parameterTable.map {
      .init(
        name: $0.name, shape: $0.shape.extents, dtype: $0.dtype.rawValue, kind: $0.kind.rawValue)
    }
  }

  @Test func lightweight() throws {
    let expected = try table("LightweightCNNLSTM")
    let architecture = Architecture.lightweightCNNLSTM
    #expect(architecture.parameterCount == 721_044)
    #expect(architecture.parameterCount == expected.parameters)
    #expect(architecture.parameterTable.count == 34)
    #expect(entries(architecture) == expected.entries)
    let outputs = try #require(expected.activations)
    #expect(
      architecture.activations.map { Table.Output(name: $0.name, shape: $0.extents) }
        == outputs + [.init(name: "logits", shape: [4])])
    #expect(architecture.classCount == 4)
    #expect(architecture.activations[0].shape(clips: 2).extents == [2, 16, 32, 64, 96])
    #expect(architecture.multiplyAdds.map(\.layer).first == "conv3d1")
    #expect(
      architecture.multiplyAdds.map(\.count) == [
        84_934_656, 679_477_248, 254_803_968, 2_621_440, 8_192, 256,
      ])
  }

  @Test func doctor() throws {
    let architecture = Architecture.doctorFocusedModel
    let expected = try table("DoctorFocusedModel")
    #expect(architecture.parameterCount == 2_985_796)
    #expect(architecture.parameterCount == expected.parameters)
    #expect(entries(architecture) == expected.entries)
    #expect(
      architecture.classes == ["my_mouth_is_dry", "i_need_to_move", "doctor", "pillow"])
    let shorter = try architecture.with(input: [1, 24, 64, 96])
    #expect(shorter.parameterTable == architecture.parameterTable)
  }

  /// Only the frames may be other: a clip that was turned is no clip of fewer frames.
  @Test(
    arguments: [
      ([1, 24, 64, 96], true), ([1, 32, 64, 96], true), ([1, 4, 64, 96], true),
      ([1, 3, 64, 96], false), ([1, 32, 96, 64], false), ([2, 32, 64, 96], false),
      ([32, 64, 96], false),
    ])
  func clipsOfOtherLengths(extents: [Int], fits: Bool) throws {
    for architecture in Architecture.builtIn {
      let other = architecture.taking(extents)
      #expect((other != nil) == fits, "\(architecture.name)")
      if let other { #expect(other.input == extents) }
    }
    let fixed = try Architecture(
      name: "X", input: Architecture.doctorFocusedModel.input,
      layers: Architecture.doctorFocusedModel.layers)
    #expect((fixed.taking(extents) != nil) == (extents == [1, 32, 64, 96]))
  }

  @Test func fewerFramesDoNotFitAnLSTMOfOtherFeatures() throws {
    let error = #expect(throws: PortError.self) {
      try Architecture.lightweightCNNLSTM.with(input: [3, 32, 64, 96])
    }
    #expect(
      error?.message
        == "layer conv3d1 (Conv3d) needs an input of (1, D, H, W) and gets (3, 32, 64, 96)")
  }

  @Test(
    arguments: [
      ([1, 4, 4, 4], [], .malformed, "architecture X has no layers"),
      (
        [0], [Layer(.relu)], .malformed,
        "architecture X has an input of [0], whose extents must each be 1 to 1048576"
      ),
      (
        [1 << 21], [Layer(.relu)], .malformed,
        "architecture X has an input of [2097152], whose extents must each be 1 to 1048576"
      ),
      (
        [1 << 20, 1 << 20], [Layer(.relu)], .limit,
        "layer ReLU needs more than 1073741824 elements at once"
      ),
      (
        [2, 3], [Layer("a", .relu)], .mismatch,
        "layer a (ReLU) is the last and gives 2 dimensions, not the logits"
      ),
      (
        [2], [Layer("a", .relu), Layer("a", .relu)], .malformed, "two layers have the same name"
      ),
      (
        [2], [Layer("logits", .relu)], .malformed, "a layer has the name of the last one's output"
      ),
      (
        [2], [Layer("fc", .linear(.init(3, 4)))], .mismatch,
        "layer fc (Linear) needs an input of (..., 3) and gets (2)"
      ),
      (
        [2], [Layer("fc", .linear(.init(2, 0)))], .malformed,
        "layer fc (Linear) is described with a size of 0"
      ),
      (
        [2], [Layer("fc", .linear(.init(2, .max)))], .malformed,
        "layer fc (Linear) is described with a size of 9223372036854775807"
      ),
      (
        [1, 2, 2, 2], [Layer("c", .convolution(.init(1, 1, kernel: [3, 3, 3])))], .mismatch,
        "layer c (Conv3d) has a window of (3, 3, 3) and gets only (2, 2, 2)"
      ),
      (
        [1, 4, 4, 4], [Layer("c", .convolution(.init(1, 1, kernel: [3, 3])))], .mismatch,
        "layer c (Conv2d) needs an input of (1, H, W) and gets (1, 4, 4, 4)"
      ),
      (
        [1, 4, 4, 4],
        [Layer("c", .convolution(.init(1, 1, kernel: [1, 1, 1], stride: [0, 1, 1])))],
        .malformed, "layer c (Conv3d) is described with a size of 0"
      ),
      (
        [1, 4, 4, 4],
        [
          Layer(
            "c",
            .convolution(.init(1, 1, kernel: [1, 1, 1], padding: [1 << 20, 1 << 20, 1 << 20])))
        ],
        .limit, "layer c (Conv3d) needs more than 1073741824 elements at once"
      ),
      (
        [1, 1, 4, 4], [Layer(.maxPool(.init([2, 2, 2])))], .mismatch,
        "layer MaxPool3d has a window of (2, 2, 2) and gets only (1, 4, 4)"
      ),
      (
        [4], [Layer("p", .adaptiveAveragePool([1, 1, 1]))], .mismatch,
        "layer p (AdaptiveAvgPool3d) needs an input of (C, D, H, W) and gets (4)"
      ),
      (
        [4], [Layer("b", .batchNorm(.init(5)))], .mismatch,
        "layer b (BatchNorm) needs an input of (5, ...) and gets (4)"
      ),
      (
        [4], [Layer("b", .batchNorm(.init(4, epsilon: -1)))], .malformed,
        "layer b (BatchNorm) is described with eps -1.0"
      ),
      (
        [4, 5], [Layer(.permute([1, 0, 2]))], .malformed,
        "layer permute is described with axes [1, 0, 2],"
          + " not an order of all axes that keeps the clips first"
      ),
      (
        [4, 5], [Layer(.permute([0, 1]))], .mismatch,
        "layer permute needs an input of 1 dimensions and gets (4, 5)"
      ),
      (
        [4, 5], [Layer(.flatten(from: 0))], .malformed,
        "layer Flatten is described with start 0, which would join the clips"
      ),
      (
        [4, 5], [Layer(.flatten(from: 3))], .mismatch,
        "layer Flatten needs an input of at least 3 dimensions and gets (4, 5)"
      ),
      (
        [4, 5], [Layer("l", .recurrent(.init(.lstm, 6, hidden: 2)))], .mismatch,
        "layer l (LSTM) needs an input of (steps, 6) and gets (4, 5)"
      ),
      (
        [4], [Layer(.lastStep)], .mismatch,
        "layer last_step needs an input of (steps, ...) and gets (4)"
      ),
      (
        [4, 6], [Layer("c", .convolution(.init(4, 6, kernel: [3], groups: 4)))], .malformed,
        "layer c (Conv1d) is described with 4 groups, which do not divide 4 and 6 channels"
      ),
      (
        [4, 6], [Layer("c", .convolution(.init(4, 6, kernel: [3], dilation: [3])))], .mismatch,
        "layer c (Conv1d) has a window of (7) and gets only (6)"
      ),
      (
        [4, 3],
        [Layer("c", .convolution(.init(4, 6, kernel: [3], padding: [3], border: .reflect)))],
        .mismatch,
        "layer c (Conv1d) has a reflect padding of 3, more than an extent of 3 allows"
      ),
      (
        [4, 6, 6], [Layer("p", .averagePool(.init([2, 2], padding: [2, 0])))], .malformed,
        "layer p (AvgPool2d) is described with a padding of 2, more than half of its window of 2"
      ),
      (
        [4, 6], [Layer("b", .batchNorm(.init(4, rank: 2)))], .mismatch,
        "layer b (BatchNorm2d) needs an input of (4, H, W) and gets (4, 6)"
      ),
      (
        [4, 6], [Layer("n", .layerNorm(.init([5])))], .mismatch,
        "layer n (LayerNorm) needs an input of (..., 5) and gets (4, 6)"
      ),
      (
        [4, 6], [Layer(.reshape([5, -1]))], .mismatch,
        "layer reshape makes (5, -1) of (4, 6), which has 24 elements"
      ),
      (
        [4, 6], [Layer(.softmax(axis: 3, logarithm: false))], .mismatch,
        "layer Softmax needs an input of at least 3 dimensions and gets (4, 6)"
      ),
      (
        [4, 6], [Layer(.softmax(axis: .min, logarithm: false))], .malformed,
        "layer Softmax is described with axis -9223372036854775808"
      ),
      (
        [4, 5], [Layer("g", .recurrent(.init(.gru, 5, hidden: 2, layers: 40)))], .malformed,
        "layer g (GRU) is described with 40 layers"
      ),
      (
        [4], [Layer("d", .dropout(1.5))], .malformed,
        "layer d (Dropout) is described with a probability of 1.5"
      ),
    ] as [([Int], [Layer], PortError.Kind, String)])
  func faults(input: [Int], layers: [Layer], kind: PortError.Kind, message: String) {
    let error = #expect(throws: PortError.self) {
      try Architecture(name: "X", input: input, layers: layers)
    }
    #expect(error?.kind == kind)
    #expect(error?.message == message)
  }

  @Test func moreEntriesThanANetworkHas() throws {
    func stacked(_ count: Int) throws -> Architecture {
      let stack = Layer.Recurrent(.lstm, 8, hidden: 4, layers: 32, isBidirectional: true)
      let layers = (0..<count).map { Layer("lstm\($0)", .recurrent(stack)) }
      return try Architecture(name: "X", input: [1, 8], layers: layers + [Layer(.lastStep)])
    }
    #expect(try stacked(256).parameterTable.count == 65_536)
    let error = #expect(throws: PortError.self) { try stacked(257) }
    #expect(error?.kind == .limit)
    #expect(
      error?.description
        == "the layers up to here have 65792 entries in the state_dict, and the most are 65536"
        + " (key layers[256])")
  }

  @Test func moreNumbersThanAPassHolds() throws {
    func repeated(_ count: Int) throws -> Architecture {
      try Architecture(
        name: "X", input: [1 << 10, 1 << 10, 1 << 8],
        layers: Array(repeating: Layer(.relu), count: count)
          + [Layer(.adaptiveAveragePool([1, 1])), Layer(.flatten(from: 1))])
    }
    #expect(try repeated(3).layers.count == 5)
    let error = #expect(throws: PortError.self) { try repeated(5) }
    #expect(error?.kind == .limit)
    #expect(
      error?.description
        == "the outputs of the layers up to here have 1342177280 numbers for one clip, and the most"
        + " are 1073741824 (key layers[4])")
  }

  @Test func names() throws {
    #expect(try Architecture.named("LightweightCNNLSTM") == .lightweightCNNLSTM)
    #expect(try Architecture.named("lightweightcnnlstm") == .lightweightCNNLSTM)
    #expect(Architecture.builtIn.contains(.lightweightCNNLSTM))
    let near = #expect(throws: PortError.self) { try Architecture.named("LightweightCNNLTSM") }
    #expect(near?.kind == .usage)
    #expect(near?.remedy == "did you mean LightweightCNNLSTM?")
    let far = #expect(throws: PortError.self) { try Architecture.named("resnet") }
    #expect(
      far?.description
        == "no architecture is called resnet; there are LightweightCNNLSTM and DoctorFocusedModel;"
        + " or give a description in a file, NAME.json")
  }
}
