import TPBytes
import TPConversion
import TPModels
import Testing

/// The Keras model of an architecture; that Keras computes the same from it is shown by
/// fixtures/evidence/keras_layout.py.
@Suite struct KerasModelTests {
  private func summary(_ model: KerasModel) -> [String] {
    model.layers.map { layer in
      let config = layer.config.filter { $0.key != "name" }
      return layer.className + " " + JSONValue.object(config).text()
        + (layer.path.map { " at " + $0.joined(separator: "/") } ?? "")
    }
  }

  @Test func theReferenceNetwork() throws {
    let model = try KerasModel(.lightweightCNNLSTM)
    #expect(
      summary(model) == [
        #"InputLayer {"shape":[32,64,96,1]}"#,
        #"Conv3D {"filters":16,"kernel_size":[3,3,3],"strides":[1,1,1],"padding":"same"} at layers/conv3d"#,
        #"BatchNormalization {"axis":-1,"momentum":0.9,"epsilon":1e-05} at layers/batch_normalization"#,
        #"ReLU {}"#,
        #"MaxPooling3D {"pool_size":[1,2,2],"strides":[1,2,2],"padding":"valid"}"#,
        #"Conv3D {"filters":32,"kernel_size":[3,3,3],"strides":[1,1,1],"padding":"same"} at layers/conv3d_1"#,
        #"BatchNormalization {"axis":-1,"momentum":0.9,"epsilon":1e-05} at layers/batch_normalization_1"#,
        #"ReLU {}"#,
        #"MaxPooling3D {"pool_size":[2,2,2],"strides":[2,2,2],"padding":"valid"}"#,
        #"Conv3D {"filters":48,"kernel_size":[3,3,3],"strides":[1,1,1],"padding":"same"} at layers/conv3d_2"#,
        #"BatchNormalization {"axis":-1,"momentum":0.9,"epsilon":1e-05} at layers/batch_normalization_2"#,
        #"ReLU {}"#,
        #"MaxPooling3D {"pool_size":[2,2,2],"strides":[2,2,2],"padding":"valid"}"#,
        #"AveragePooling3D {"pool_size":[2,2,2]}"#,
        #"Permute {"dims":[1,4,2,3]}"#,
        #"Reshape {"target_shape":[4,1152]}"#,
        #"LSTM {"units":128,"return_sequences":false} at layers/lstm"#,
        #"Dropout {"rate":0.4}"#,
        #"Dense {"units":64} at layers/dense"#,
        #"BatchNormalization {"axis":-1,"momentum":0.9,"epsilon":1e-05} at layers/batch_normalization_3"#,
        #"ReLU {}"#,
        #"Dropout {"rate":0.3}"#,
        #"Dense {"units":4} at layers/dense_1"#,
      ])
    #expect(model.layers[1].config.last == .init("name", "conv3d1"))
  }

  /// Padding that is not "same", bins that do not divide, axes that PyTorch has first.
  @Test func otherLayers() throws {
    let architecture = try Architecture(
      name: "Other", input: [2, 8, 8, 12],
      layers: [
        Layer(
          "a",
          .convolution(.init(2, 4, kernel: [3, 3, 3], stride: [2, 1, 1], padding: [1, 1, 1]))),
        Layer("b", .convolution(.init(4, 4, kernel: [2, 2, 2]))),
        Layer("pool", .adaptiveAveragePool([2, 3, 4])),
        Layer(.permute([0, 2, 1, 3, 4])),
        Layer("norm", .batchNorm(.init(2, epsilon: 1e-3))),
        Layer(.flatten(from: 1)),
        Layer("fc", .linear(.init(96, 3))),
      ])
    #expect(
      summary(try KerasModel(architecture)) == [
        #"InputLayer {"shape":[8,8,12,2]}"#,
        #"ZeroPadding3D {"padding":[1,1,1]}"#,
        #"Conv3D {"filters":4,"kernel_size":[3,3,3],"strides":[2,1,1],"padding":"valid"} at layers/conv3d"#,
        #"Conv3D {"filters":4,"kernel_size":[2,2,2],"strides":[1,1,1],"padding":"valid"} at layers/conv3d_1"#,
        #"AdaptiveAveragePooling3D {"output_size":[2,3,4]}"#,
        #"BatchNormalization {"axis":1,"momentum":0.9,"epsilon":0.001} at layers/batch_normalization"#,
        #"Permute {"dims":[1,4,2,3]}"#,
        #"Reshape {"target_shape":[96]}"#,
        #"Dense {"units":3} at layers/dense"#,
      ])
  }

  @Test func aSequenceAndItsLastStep() throws {
    func network(_ layers: [Layer]) throws -> KerasModel {
      try KerasModel(Architecture(name: "N", input: [5, 6], layers: layers))
    }
    let sequence = try network([
      Layer("lstm", .recurrent(.init(.lstm, 6, hidden: 3))), Layer(.flatten(from: 1)),
    ])
    #expect(
      summary(sequence)[1] == #"LSTM {"units":3,"return_sequences":true} at layers/lstm"#)
    let error = #expect(throws: PortError.self) {
      try network([Layer(.relu), Layer(.lastStep), Layer("fc", .linear(.init(6, 2)))])
    }
    #expect(error?.kind == .unsupported)
  }
}
