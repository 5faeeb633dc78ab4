import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import Testing

/// Layers without biases: a rule of a map that means no tensor is refused.
@Suite struct PlainSumsTests {
  private static func numbers(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 * 37 + 11) % 64) / 97 - 0.3 }
  }

  /// A network whose weights of one layer begin with their second block of rows.
  private static func model(turning layer: String = "", blocks: Int = 1) throws -> LoadedModel {
    let architecture = try Architecture(
      name: "Plain", input: [5, 3],
      layers: [
        Layer("rnn", .recurrent(.init(.lstm, 3, hidden: 4, hasBias: false))), Layer(.lastStep),
        Layer("fc", .linear(.init(4, 6, hasBias: false))),
      ])
    let records = architecture.parameterTable.map { spec -> TensorRecord in
      var values = numbers(spec.shape.elementCount)
      if spec.name.hasPrefix(layer + ".") {
        let each = values.count / blocks
        values = Array(values[each...] + values[..<each])
      }
      return TensorRecord(path: [spec.name], tensor: Tensor(floats: values, shape: spec.shape))
    }
    return try LoadedModel(
      Checkpoint(container: .npz, tensors: records), architecture: architecture)
  }

  /// What a model makes of eight clips, recorded whole.
  private static func golden(_ model: LoadedModel) throws -> Golden {
    let input = (0..<120).map { Float(($0 * 29 + 5) % 61) / 61 }
    let run = try model.network.run(
      input, batch: 8, recording: Set(model.architecture.activations.map(\.name)))
    var records = [
      TensorRecord(
        path: ["input"], tensor: Tensor(floats: input, shape: Shape(known: [8, 5, 3])))
    ]
    for activation in run.activations {
      records.append(
        TensorRecord(
          path: [activation.name],
          tensor: Tensor(floats: activation.values, shape: Shape(known: activation.shape))))
    }
    return try Golden(Checkpoint(container: .npz, tensors: records))
  }

  @Test(
    arguments: [
      (
        "rnn", 4, .gateOrder,
        #"{"reorder": ["rnn.weight_ih_l0", "rnn.weight_hh_l0"], "from": "oifg", "to": "ifgo"}"#
      ),
      (
        "fc", 6, .classesPermuted,
        #"{"reorder": ["fc.weight"], "from": ["0", "1", "2", "3", "4", "5"],"#
          + #" "to": ["1", "2", "3", "4", "5", "0"]}"#
      ),
    ] as [(String, Int, Fault, String)])
  func aMapNamesWhatIsThere(layer: String, blocks: Int, fault: Fault, map: String) throws {
    let golden = try Self.golden(try Self.model(turning: layer, blocks: blocks))
    let diagnosis = try Parity.verify(weights: try Self.model(), golden: golden).diagnosis
    #expect(diagnosis.map(\.layer) == [layer])
    #expect(diagnosis.first?.fault == fault)
    #expect(diagnosis.first?.map == map)
  }
}
