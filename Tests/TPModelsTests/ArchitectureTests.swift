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

  private var doctorLayers: [Layer] {
    var layers: [Layer] = []
    for (index, channels) in [(1, 32), (32, 64), (64, 96), (96, 128)].enumerated() {
      let (inputs, outputs) = channels
      layers += [
        Layer(
          "conv3d\(index + 1)",
          .conv3d(.init(inputs, outputs, kernel: [3, 3, 3], padding: [1, 1, 1]))),
        Layer("bn3d\(index + 1)", .batchNorm(.init(outputs))), Layer(.relu),
      ]
      if index < 3 { layers.append(Layer(.maxPool3d(.init([index == 0 ? 1 : 2, 2, 2])))) }
    }
    layers += [
      Layer("adaptive_pool", .adaptiveAveragePool3d([3, 3, 4])), Layer(.flatten(from: 1)),
      Layer("fc1", .linear(.init(4608, 512))), Layer("bn_fc1", .batchNorm(.init(512))),
      Layer(.relu), Layer("fc2", .linear(.init(512, 128))), Layer("bn_fc2", .batchNorm(.init(128))),
      Layer(.relu), Layer("fc3", .linear(.init(128, 32))), Layer(.relu),
      Layer("fc_out", .linear(.init(32, 4))),
    ]
    return layers
  }

  @Test func anotherListOfLayers() throws {
    let architecture = try Architecture(
      name: "DoctorFocusedModel", input: [1, 32, 64, 96], layers: doctorLayers)
    let expected = try table("DoctorFocusedModel")
    #expect(architecture.parameterCount == 2_985_796)
    #expect(architecture.parameterCount == expected.parameters)
    #expect(entries(architecture) == expected.entries)
    let shorter = try architecture.with(input: [1, 24, 64, 96])
    #expect(shorter.parameterTable == architecture.parameterTable)
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
      ([0], [Layer(.relu)], .malformed, "architecture X has an input of [0]"),
      ([1 << 21], [Layer(.relu)], .malformed, "architecture X has an input of [2097152]"),
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
      ([2], [Layer("logits", .relu)], .malformed, "two layers have the same name"),
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
        [1, 2, 2, 2], [Layer("c", .conv3d(.init(1, 1, kernel: [3, 3, 3])))], .mismatch,
        "layer c (Conv3d) has a window of (3, 3, 3) and gets only (2, 2, 2)"
      ),
      (
        [1, 4, 4, 4], [Layer("c", .conv3d(.init(1, 1, kernel: [3, 3])))], .malformed,
        "layer c (Conv3d) is described with 2 sizes where depth, height, width are needed"
      ),
      (
        [1, 4, 4, 4], [Layer("c", .conv3d(.init(1, 1, kernel: [1, 1, 1], stride: [0, 1, 1])))],
        .malformed, "layer c (Conv3d) is described with a size of 0"
      ),
      (
        [1, 4, 4, 4],
        [
          Layer(
            "c", .conv3d(.init(1, 1, kernel: [1, 1, 1], padding: [1 << 20, 1 << 20, 1 << 20])))
        ],
        .limit, "layer c (Conv3d) needs more than 1073741824 elements at once"
      ),
      (
        [1, 1, 4, 4], [Layer(.maxPool3d(.init([2, 2, 2])))], .mismatch,
        "layer MaxPool3d has a window of (2, 2, 2) and gets only (1, 4, 4)"
      ),
      (
        [4], [Layer("p", .adaptiveAveragePool3d([1, 1, 1]))], .mismatch,
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
        "layer flatten is described with start 0, which would join the clips"
      ),
      (
        [4, 5], [Layer(.flatten(from: 3))], .mismatch,
        "layer flatten needs an input of at least 3 dimensions and gets (4, 5)"
      ),
      (
        [4, 5], [Layer("l", .lstm(.init(6, hidden: 2)))], .mismatch,
        "layer l (LSTM) needs an input of (steps, 6) and gets (4, 5)"
      ),
      (
        [4], [Layer(.lastStep)], .mismatch,
        "layer last step needs an input of (steps, ...) and gets (4)"
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

  @Test func names() throws {
    #expect(try Architecture.named("LightweightCNNLSTM") == .lightweightCNNLSTM)
    #expect(try Architecture.named("lightweightcnnlstm") == .lightweightCNNLSTM)
    #expect(Architecture.builtIn.contains(.lightweightCNNLSTM))
    let near = #expect(throws: PortError.self) { try Architecture.named("LightweightCNNLTSM") }
    #expect(near?.kind == .usage)
    #expect(near?.remedy == "did you mean LightweightCNNLSTM?")
    let far = #expect(throws: PortError.self) { try Architecture.named("resnet") }
    #expect(
      far?.description == "no architecture is called resnet; there is LightweightCNNLSTM")
  }
}
