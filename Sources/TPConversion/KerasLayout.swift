internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPTensors

/// The seventh step of a conversion: tensors stand where and how `keras.Model.load_weights` looks for
/// them.
///
/// Kernels of convolutions are (depth, height, width, in, out), matrices (in, out); an LSTM's are
/// (in, 4 units) with the gates i, f, c, o, which are PyTorch's i, f, g, o. Its one bias is
/// `bias_ih`, which has the sum of both by now. What Keras has no place for stands under PyTorch's
/// names.
struct KerasLayout {
  /// Where each tensor comes from, with what is done to it here.
  private(set) var origins: TensorOrigins

  /// Changes contents that fit the architecture.
  ///
  /// - Throws: `PortError` of kind `unsupported` where Keras has no like of a layer, or the contents
  ///   hold what the architecture does not name.
  init(
    _ architecture: Architecture, _ contents: inout WeightFile, _ origins: TensorOrigins,
    limits: ReadLimits
  ) throws(PortError) {
    self.origins = origins
    let model = try KerasModel(architecture)
    let known = Set(architecture.parameterTable.map(\.name))
    if let surplus = contents.tensors.names.first(where: { !known.contains($0) }) {
      throw PortError(
        .unsupported,
        "Keras's layout has no place for a tensor that is no parameter of the network",
        key: surplus, remedy: "leave --layout keras out")
    }
    contents.facts["layout"] = "keras"
    contents.facts["keras"] = model.json.text()
    for layer in model.layers {
      if let module = layer.module, let path = layer.path { place(module, path, &contents) }
    }
    for (name, placement) in contents.placements {
      guard let tensor = contents.tensors[name] else { continue }
      contents.digests[name] =
        try TensorDigest(of: tensor.permuted(placement.axes), limits: limits).description
      let order = placement.axes.count > 1 ? "as \(placement.layout) " : ""
      self.origins.note("\(order)at \(placement.path.map { "/" + $0 }.joined())", on: name)
    }
  }

  private func place(
    _ module: Layer, _ path: [String], _ contents: inout WeightFile
  ) {
    func put(
      _ suffix: String, _ variable: Int, axes: [Int] = [0], _ letters: String = "C",
      below path: [String]
    ) {
      let name = module.name.map { "\($0).\(suffix)" } ?? suffix
      contents.placements[name] = WeightFile.Placement(
        path: path + ["vars", String(variable)], axes: axes, torchLayout: letters)
    }
    var notes: [WeightFile.Note] = module.name.map { [.text(name: "name", value: $0)] } ?? []
    switch module.kind {
    case .convolution:
      put("weight", 0, axes: [2, 3, 4, 1, 0], "OIDHW", below: path)
      put("bias", 1, below: path)
    case .batchNorm(let norm):
      for (variable, suffix) in ["weight", "bias", "running_mean", "running_var"].enumerated() {
        put(suffix, variable, below: path)
      }
      notes.append(.number(name: "epsilon", value: norm.epsilon))
    case .recurrent:
      put("weight_ih_l0", 0, axes: [1, 0], "OI", below: path + ["cell"])
      put("weight_hh_l0", 1, axes: [1, 0], "OI", below: path + ["cell"])
      put("bias_ih_l0", 2, below: path + ["cell"])
    case .linear:
      put("weight", 0, axes: [1, 0], "OI", below: path)
      put("bias", 1, below: path)
    default: break
    }
    contents.notes[path + ["vars"]] = notes
  }
}
