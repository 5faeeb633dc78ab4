import TPBytes
import TPModels
import Testing

/// Networks described in JSON.
struct DescriptionTests {
  @Test func builtInOnesDescribeThemselves() throws {
    for architecture in Architecture.builtIn {
      #expect(try Architecture(description: architecture.json) == architecture)
      let text = architecture.json.text()
      #expect(try Architecture(description: JSONValue(parsing: text)) == architecture)
    }
  }

  @Test func defaultsArePyTorchs() throws {
    let architecture = try Architecture(
      description: JSONValue(
        parsing: """
          {"name": "X", "input": [2, 9, 9], "layers": [
            {"name": "c", "kind": "conv2d", "in_channels": 2, "out_channels": 3, "kernel_size": 3,
             "padding": "same", "stride": null},
            {"name": "b", "kind": "BatchNorm2d", "num_features": 3},
            {"kind": "relu", "inplace": true},
            {"kind": "AvgPool2d", "kernel_size": [2, 3]},
            {"kind": "AdaptiveMaxPool2d", "output_size": [null, 2]},
            {"kind": "Flatten"},
            {"kind": "Dropout"},
            {"name": "f", "kind": "Linear", "in_features": 24, "out_features": 4, "bias": false},
            {"kind": "LogSoftmax", "dim": -1}]}
          """))
    #expect(
      architecture.layers.map(\.kind) == [
        .convolution(.init(2, 3, kernel: [3, 3], padding: [1, 1])), .batchNorm(.init(3, rank: 2)),
        .relu, .averagePool(.init([2, 3])), .adaptiveMaxPool([nil, 2]), .flatten(from: 1),
        .dropout(0.5), .linear(.init(24, 4, hasBias: false)), .softmax(axis: -1, logarithm: true),
      ])
    #expect(architecture.outputs[4] == [3, 4, 2])
    #expect(
      architecture.parameterTable.map(\.name) == [
        "c.weight", "c.bias", "b.weight", "b.bias", "b.running_mean", "b.running_var",
        "b.num_batches_tracked", "f.weight",
      ])
    #expect(try Architecture(description: architecture.json) == architecture)
  }

  @Test(
    arguments: [
      (#"[]"#, .malformed, "the architecture is no JSON object"),
      (
        #"{"input": [1], "layers": []}"#, .malformed,
        "the architecture: name is missing (key name); give a text"
      ),
      (
        #"{"name": "X", "input": [1.5], "layers": []}"#, .malformed,
        "the architecture: input is not the extents of one clip (key input)"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [], "frame_axis": 0}"#, .malformed,
        "the architecture: nothing is called frame_axis (key frame_axis); did you mean frames_axis?"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "ReLU"}], "frames_axis": 1}"#, .malformed,
        "the axis of the frames is none of the 1 axes of a clip (key frames_axis)"
      ),
      (
        #"{"name": "X", "input": [2], "layers": [{"kind": "ReLU"}], "classes": ["a"]}"#, .mismatch,
        "1 classes are named and there are 2 logits (key classes)"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "ReLU"}, 3]}"#, .malformed,
        "layers[1] is no JSON object (key layers[1])"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "Linaer", "name": "a"}]}"#, .malformed,
        "layers[0]: no kind of layer is called Linaer (key layers[0].kind); did you mean Linear?"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "Conv1d", "name": "a"}]}"#, .malformed,
        "layer a (Conv1d): kernel_size is missing (key layers[0].kernel_size); give an integer"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "Conv2d", "name": "a", "kernel_size": [3]}]}"#,
        .malformed,
        "layer a (Conv2d): kernel_size is not an integer or a list of 2 (key layers[0].kernel_size)"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "Linear", "in_features": 1, "out_features": 2}]}"#,
        .malformed,
        "layer Linear: has parameters and no name (key layers[0].name); give the name of its module"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "ReLU", "negative_slope": 1}]}"#,
        .malformed,
        "layer ReLU: nothing is called negative_slope (key layers[0].negative_slope);"
          + " there are name, kind, inplace"
      ),
      (
        #"{"name": "X", "input": [3, 1], "layers": [{"kind": "GRU", "name": "g", "input_size": 1, "hidden_size": 2, "batch_first": false}]}"#,
        .malformed,
        "layer g (GRU): sequences of clips come clip by clip (key layers[0].batch_first);"
          + " set batch_first to true; a permute before it brings the steps first"
      ),
      (
        #"{"name": "X", "input": [1], "layers": [{"kind": "ReLU"}, {"kind": "Linear", "name": "f", "in_features": 2, "out_features": 2}]}"#,
        .mismatch, "layer f (Linear) needs an input of (..., 2) and gets (1) (key layers[1])"
      ),
      (
        #"{"name": "X", "input": [2, 9], "layers": [{"kind": "Conv1d", "name": "c", "in_channels": 2, "out_channels": 2, "kernel_size": 2, "stride": 2, "padding": "same"}]}"#,
        .malformed,
        "layer c (Conv1d): \"same\" goes with a stride of 1 only (key layers[0].padding)"
      ),
      (
        #"{"name": "X", "input": [2, 9], "layers": [{"kind": "Conv1d", "name": "c", "in_channels": 2, "out_channels": 2, "kernel_size": -9223372036854775808, "padding": "same"}]}"#,
        .malformed,
        "layer c (Conv1d) is described with a size of -9223372036854775808 (key layers[0])"
      ),
      (
        #"{"name": "X", "input": [2, 9], "layers": [{"kind": "Conv1d", "name": "c", "in_channels": 2, "out_channels": 2, "kernel_size": 3, "dilation": 9223372036854775807, "padding": "same"}]}"#,
        .malformed,
        "layer c (Conv1d) is described with a size of 9223372036854775807 (key layers[0])"
      ),
    ] as [(String, PortError.Kind, String)])
  func faults(text: String, kind: PortError.Kind, sentence: String) {
    let error = #expect(throws: PortError.self) {
      try Architecture(description: JSONValue(parsing: text))
    }
    #expect(error?.kind == kind)
    #expect(error?.description == sentence)
  }

  /// The extents are kept for each layer: of a million axes they would be many gigabytes.
  @Test func moreAxesThanATensorHas() throws {
    func described(axes: Int) throws -> Architecture {
      let ones = Array(repeating: "1", count: axes).joined(separator: ", ")
      return try Architecture(
        description: JSONValue(
          parsing: """
            {"name": "X", "input": [1],
             "layers": [{"kind": "reshape", "shape": [\(ones)]}, {"kind": "Flatten"}]}
            """))
    }
    #expect(try described(axes: 64).outputs.map(\.count) == [64, 1])
    let error = #expect(throws: PortError.self) { try described(axes: 65) }
    #expect(
      error?.description
        == "layer reshape: shape is not the extents after that of the clips (key layers[0].shape)")
  }
}
