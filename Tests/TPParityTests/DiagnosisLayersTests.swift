import Foundation
import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import Testing

/// Goldens of recurrent layers, layer norms, convolutions of fewer axes and activation functions that
/// PyTorch ran with one fault each (fixtures/diagnosis_layers.py).
enum Faulty {
  static let folder = Fixtures.folder + "diagnosis_layers/"

  /// What was done to which layer, in each golden; the network's name leads that of its golden.
  static let faults = Faults.listed(inFile: folder + "faults.json")

  static func model(_ network: String) throws -> LoadedModel {
    try LoadedModel.open(
      path: folder + network + ".pth",
      architecture: try Architecture.described(inFile: folder + network + ".json"))
  }

  static func report(_ golden: String) throws -> ParityReport {
    try Parity.verify(
      weights: try model(String(golden.prefix { $0 != "_" })),
      golden: try Golden.open(path: folder + golden + ".npz"))
  }
}

/// What a script that makes goldens says of each: the layers and the faults that it put there.
enum Faults {
  static func listed(inFile path: String) -> [(name: String, expected: [[String]])] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8),
      let json = try? JSONValue(parsing: text)
    else { return [] }
    return (json.members ?? []).map { member in
      (
        member.key,
        (member.value.array ?? []).map {
          [$0["layer"]?.string ?? "", $0["fault"]?.string ?? ""]
        }
      )
    }
  }
}

@Suite struct DiagnosisLayersTests {
  @Test func everyGoldenIsThere() {
    #expect(Faulty.faults.count == 84)
  }

  @Test(arguments: Faulty.faults.map(\.name)) func namesTheFault(name: String) throws {
    let expected = try #require(Faulty.faults.first { $0.name == name }).expected
    let report = try Faulty.report(name)
    let found = report.diagnosis.map { [$0.layer, $0.fault.rawValue] }
    #expect(found == expected, "\(report.diagnosis.map { "\n\($0.layer): \($0.sentence)" })")
    #expect(report.verdict == (expected.isEmpty ? .holds : .broken), "\(report.reason)")
  }

  /// What a user reads: axes that the layer has, and rules that the weights' own shape allows.
  @Test(
    arguments: [
      (
        "Plane_axes", "the kernel's axes stand in the order width, height",
        #"{"permute": "conv.weight", "axes": [0, 1, 3, 2]}"#
      ),
      ("Plane_hwio", "the weight was transposed as if its bytes stood in the order HWIO", nil),
      ("Line_flipped", "the kernel is flipped along length", nil),
      ("Plane_eps_torch", "the golden's eps is 1e-05, the layer list's 0.001", nil),
      ("Plane_unpadded", "the golden's padding is 0, the layer list's 1", nil),
      (
        "Gru_zrn", "the gates of all weights and biases stand in the order z, r, n",
        #"{"reorder": ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0","#
          + #" "rnn.weight_ih_l1", "rnn.weight_hh_l1", "rnn.bias_ih_l1", "rnn.bias_hh_l1"],"#
          + #" "from": "zrn", "to": "rzn"}"#
      ),
      ("Both_layers_swapped", "layers l1 and l2 are swapped", nil),
      // Where there are no biases, a rule that names one would be refused.
      (
        "Plain_oifg", "the gates of weight_ih and weight_hh stand in the order",
        #"{"reorder": ["rnn.weight_ih_l0", "rnn.weight_hh_l0"], "from": "oifg", "to": "ifgo"}"#
      ),
      (
        "Plain_classes", "the classes are permuted",
        #"{"reorder": ["fc_out.weight"], "from": ["0", "1", "2", "3", "4", "5"],"#
          + #" "to": ["1", "2", "3", "4", "5", "0"]}"#
      ),
      ("Pools_same", "the golden's windows are shifted by 1 along width", nil),
      ("Pools_unpadded", "the golden pools with a padding of 0", nil),
      ("Pools_not_counted", "the golden's averages have count_include_pad=False", nil),
      ("Curve_no_tanh", "the golden has no tanh here", nil),
      ("Curve_torch_slope", "a LeakyReLU of slope 0.01 in place of the LeakyReLU of", nil),
      ("Curve_no_sigmoid", "the golden has no sigmoid here", nil),
    ] as [(String, String, String?)])
  func saysIt(name: String, words: String, map: String?) throws {
    let diagnosis = try #require(try Faulty.report(name).diagnosis.first)
    #expect(diagnosis.sentence.contains(words), "\(diagnosis.sentence)")
    #expect(diagnosis.map == map)
    #expect(!diagnosis.remedy.isEmpty)
  }

  /// Where nothing is known, what to look at depends on whether these weights were recorded.
  @Test func whereToLook() throws {
    let other = try #require(try Faulty.report("Gru_noise").diagnosis.first)
    #expect(other.remedy.contains("names other weights"), "\(other.remedy)")
    let same = try #require(try Faulty.report("Both_odd").diagnosis.first)
    #expect(same.remedy.contains("names these very weights"), "\(same.remedy)")
  }

  /// The logits alone: of a network without convolutions every fault of every layer is tried.
  @Test(arguments: [
    ("Gru_zrn", "rnn", Fault.gruGateOrder), ("Gru_eps_keras", "norm", .layerNormEpsilon),
    ("Both_directions", "rnn", .directions), ("Both_layers_swapped", "rnn", .layerOrder),
    ("Plane_axes", "conv", .axesPermuted),
  ]) func onlyLogits(name: String, layer: String, fault: Fault) throws {
    let golden = try Golden(
      try CheckpointFile.open(path: Faulty.folder + name + ".npz")
        .without { !["input", "logits"].contains($0) })
    let report = try Parity.verify(
      weights: try Faulty.model(String(name.prefix { $0 != "_" })), golden: golden)
    #expect(report.diagnosis.map(\.fault) == [fault], "\(report.diagnosis)")
    #expect(report.diagnosis.map(\.layer) == [layer])
  }

  /// An audit injects the faults of these layers, too.
  @Test(arguments: ["Gru", "Both"]) func audit(name: String) throws {
    let audit = try Parity.audit(
      weights: try Faulty.model(name),
      golden: try Golden.open(path: Faulty.folder + name + "_sound.npz"))
    #expect(audit.rows.contains { $0.layer == "rnn" && $0.fault == .biasMissing && $0.caught > 0 })
    #expect(audit.killScore > 0.9, "\(audit.survivors)")
  }

  /// A norm without parameters of its own.
  @Test func auditOfANormWithoutParameters() throws {
    let audit = try Parity.audit(
      weights: try Faulty.model("Plain"),
      golden: try Golden.open(path: Faulty.folder + "Plain_sound.npz"))
    #expect(audit.rows.contains { $0.layer == "bn" && $0.fault == .epsilon && $0.caught > 0 })
  }

  /// A kernel of 1 x 1 has no axes that could stand in another order: nothing is injected there that
  /// changes nothing.
  @Test func auditOfAPointwiseConvolution() throws {
    let audit = try Parity.audit(
      weights: try Faulty.model("Plane"),
      golden: try Golden.open(path: Faulty.folder + "Plane_sound.npz"))
    #expect(audit.survivors.filter { $0.layer == "point" }.map(\.what) == [])
    #expect(audit.rows.contains { $0.layer == "conv" && $0.fault == .axesPermuted })
    #expect(!audit.rows.contains { $0.layer == "point" && $0.fault == .axesPermuted })
  }
}
