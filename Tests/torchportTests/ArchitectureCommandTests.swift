import Foundation
import TPBytes
import TestSupport
import Testing

/// `--architecture`, wherever it is taken: a built-in network or one that a file describes.
@Suite struct ArchitectureCommandTests {
  let folder = TemporaryFolder()

  private func network(_ name: String) -> String { fixture("networks/" + name) }

  @Test(arguments: [
    ("LightweightCNNLSTM", 721_044, 34, 1_021_845_760), ("DoctorFocusedModel", 2_985_796, 46, 0),
  ]) func inspectBuiltIn(name: String, parameters: Int, entries: Int, arithmetic: Int) throws {
    let run = try torchport("inspect", "--architecture", name, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(run.json)
    #expect(json["architecture"]?.string == name)
    #expect(json["parameters"]?.int == parameters)
    #expect(json["entries"]?.int == entries)
    if arithmetic > 0 { #expect(json["multiply_adds"]?.int == arithmetic) }
    #expect(try JSONSchema.documented().findings(json, file: "inspect.json") == [])
    // The description is one that --architecture takes.
    let path = folder.file("again.json")
    try #require(json["description"]).text().write(
      toFile: path, atomically: true, encoding: .utf8)
    let again = try torchport("inspect", "--architecture", path, "--json")
    #expect(again.output == run.output)
  }

  @Test func inspectDescribed() throws {
    let run = try torchport("inspect", "--architecture", network("Wave.json"))
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output == """
        Wave: a clip is 2 x 40, of 40 frames or as many as the layers take
          layer    kind               output  parameters  multiply-adds
          conv1    Conv1d             6 x 20          54            960
          act1     ReLU               6 x 20
          conv2    Conv1d             8 x 20         152          2,880
          act2     Sigmoid            8 x 20
          pool     AdaptiveMaxPool1d  8 x 7
                   permute            7 x 8
          lstm     LSTM               7 x 10         600          3,640
                   reshape            70
          fc       Linear             4              284            280
          softmax  Softmax            4
        1,090 parameters, 0 numbers of state, 14 state_dict entries, 7,760 multiply-adds for a clip

        """)
  }

  @Test(arguments: ["safetensors", "h5", "pth"]) func convertAndVerify(format: String) throws {
    let output = folder.file("out." + format)
    let architecture = ["--architecture", network("FramesGRU.json")]
    let run = try torchport(
      ["convert", network("FramesGRU.pth"), "-o", output, "--json", "--verify"]
        + [network("FramesGRU.npz")] + architecture)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.json?["architecture"] == "FramesGRU")
    #expect(run.json?["parameters"]?.int == 5_899)
    let verified = try torchport(
      ["verify", output, "--golden", network("FramesGRU.npz"), "--json"] + architecture)
    #expect(verified.status == 0, "\(verified.errors)")
    #expect(verified.json?["verdict"] == "holds")
    let alone = try torchport(["verify", output] + architecture)
    #expect(alone.status == (format == "pth" ? alone.status : 0), "\(alone.output)")
    // The file carries the description.
    let without = try torchport("verify", output, "--golden", network("FramesGRU.npz"))
    #expect(without.status == 0, "\(without.errors)")
  }

  @Test func foldedBatchNorms() throws {
    let output = folder.file("folded.safetensors")
    let architecture = ["--architecture", network("FramesGRU.json")]
    let golden = network("FramesGRU.npz")
    let run = try torchport(
      ["convert", network("FramesGRU.pth"), "-o", output, "--fold-batch-norm"] + architecture)
    #expect(run.status == 0, "\(run.errors)")
    let verified = try torchport(["verify", output, "--golden", golden] + architecture)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test(arguments: [("FramesGRU", "gru"), ("FramesGRU", "norm"), ("Wave", "conv2")])
  func aFaultIsNamed(name: String, layer: String) throws {
    let run = try torchport(
      "verify", network(name + ".pth"), "--golden", network("\(name)_\(layer).npz"),
      "--architecture", network(name + ".json"), "--json")
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.json?["verdict"] == "broken")
    #expect(run.json?["diagnosis"]?.array?.first?["layer"]?.string == layer)
    #expect(try JSONSchema.documented().findings(try #require(run.json), file: "verify.json") == [])
  }

  /// The last layer is a softmax: its output is the probabilities. Clips of another length.
  @Test(arguments: ["Wave", "Wave_29", "Wave_64"]) func predict(golden: String) throws {
    let run = try torchport(
      "predict", network("Wave.pth"), network(golden + ".npz"), "--architecture",
      network("Wave.json"), "--json")
    #expect(run.status == 0, "\(run.errors)")
    let list = try #require(run.json?["predictions"]?.array)
    #expect(list.count == 5)
    for prediction in list {
      let each = try #require(prediction["probabilities"]?.array)
      #expect(each.map { $0["class"]?.string } == ["p", "q", "r", "s"])
      for one in each { #expect(one["probability"] == one["logit"]) }
    }
  }

  /// Names of a description and of layers that would colour a terminal, or worse.
  @Test func controlsInNamesReachNoTerminal() throws {
    let layer = "fc\u{1B}[31m"
    let description: [String: Any] = [
      "name": "n\u{1B}[32m", "input": [4],
      "layers": [
        ["name": layer, "kind": "Linear", "in_features": 4, "out_features": 2] as [String: Any]
      ],
    ]
    let network = folder.file("network.json")
    try JSONSerialization.data(withJSONObject: description).write(
      to: URL(fileURLWithPath: network))
    let weights = try save(
      "weights.safetensors", [(layer + ".weight", [2, 4]), (layer + ".bias", [2])], value: 0)
    let golden = try save(
      "golden.safetensors", [("input", [1, 4]), ("logits", [1, 2]), (layer, [1, 2])], value: 1)
    for line in [
      ["convert", weights, "-o", folder.file("out.safetensors")],
      ["verify", weights, "--golden", golden], ["verify", weights, "--golden", golden, "--ledger"],
    ] {
      let run = try torchport(line + ["--architecture", network])
      #expect(!(run.output + run.errors).contains("\u{1B}"), "\(run.output)\(run.errors)")
      #expect(run.output.contains(#"n\u{1b}[32m"#), "\(run.output)\(run.errors)")
    }
  }

  /// A file of float32 tensors whose elements are all one number.
  private func save(
    _ name: String, _ tensors: [(name: String, shape: [Int])], value: Float
  ) throws -> String {
    var header: [String: Any] = [:]
    var data = Data()
    for tensor in tensors {
      let start = data.count
      for _ in 0..<tensor.shape.reduce(1, *) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
      }
      header[tensor.name] =
        [
          "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, data.count],
        ] as [String: Any]
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    let count = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    return try folder.save(name, Array(count + json + data))
  }

  @Test func whatDoesNotFit() throws {
    let path = folder.file("bad.json")
    try
      #"{"name": "X", "input": [2], "layers": [{"name": "f", "kind": "Linear", "in_features": 3, "out_features": 2}]}"#
      .write(toFile: path, atomically: true, encoding: .utf8)
    let run = try torchport(
      "predict", network("Wave.pth"), network("Wave.npz"), "--architecture", path)
    #expect(run.status == 2)
    #expect(
      run.errors
        == "torchport: \(path): layer f (Linear) needs an input of (..., 3) and gets (2) (key layers[0])\n"
    )
    // What has nothing of a built-in network needs a description, and no list of what is missing.
    let foreign = try torchport("predict", network("Wave.pth"), network("Wave.npz"))
    #expect(foreign.status == 2)
    #expect(
      foreign.errors
        == "torchport: \(network("Wave.pth")): the weights are of another network: no matrix in the file"
        + " has a shape of one in LightweightCNNLSTM or DoctorFocusedModel; choose the weights of such"
        + " a network, or describe the network in a file: --architecture FILE.json\n")
    // Else the candidates are told.
    let none = try torchport("predict", fixture("misfits/renamed_key.pth"), network("Wave.npz"))
    #expect(none.status == 2)
    #expect(none.errors.contains("of the built-in architectures none fits"))
    #expect(none.errors.contains("LightweightCNNLSTM 33 of 34 entries"))
    #expect(none.errors.contains("of 46 entries"))
    #expect(none.errors.contains("--architecture FILE.json"))
    for arguments in [
      ["inspect"], ["inspect", "a.pth", "--architecture", "LightweightCNNLSTM"],
      ["inspect", "--architecture", "LightweightCNNLSTM", "--stats"],
      ["inspect", "--architecture", "Lightweight"],
    ] {
      #expect(try torchport(arguments).status == 64, "\(arguments)")
    }
    #expect(try torchport("inspect", "--architecture", "missing.json").status == 2)
  }
}
