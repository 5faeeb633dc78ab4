public import TPBytes
public import TPTensors

/// A network as data: the shape of a clip and a list of layers. Keys, shapes, activations, counts
/// and the forward pass all come from this list.
public struct Architecture: Hashable, Sendable {
  /// The output of a module, by the module's name.
  public struct ActivationSpec: Hashable, Sendable {
    /// The name of the module, or `logits`.
    public let name: String
    /// The extents of one clip's output, without the dimension of the clips.
    public let extents: [Int]

    /// The shape for a number of clips: (N, ...).
    ///
    /// - Precondition: `clips` is not negative and the product fits an `Int`.
    public func shape(clips: Int) -> Shape { Shape(known: [clips] + extents) }
    /// Elements of one clip's output.
    public var elementCount: Int { extents.reduce(1, *) }
  }

  /// The most entries of a state_dict: 4,096 layers may each be an LSTM with 256 of them.
  static let mostEntries = 1 << 16

  /// What the output of the last layer is called besides its module's name.
  public static let logits = "logits"

  /// The name, as in PyTorch's class.
  public let name: String
  /// The extents of one clip, without the dimension of the clips.
  public let input: [Int]
  /// The axis of `input` along which clips may be longer or shorter, where later layers allow it;
  /// `nil` where all are alike.
  public let framesAxis: Int?
  /// The names of the classes in index order, for weights that do not say; `nil` where they must.
  public let classes: [String]?
  /// The layers in forward order.
  public let layers: [Layer]
  /// The extents of each layer's output, without the dimension of the clips.
  public let outputs: [[Int]]
  /// The entries of the state_dict, in its order.
  public let parameterTable: [ParameterSpec]

  /// Checks every hyperparameter and that each layer fits the one before it.
  ///
  /// - Throws: `PortError` naming the first layer that does not fit, a name that occurs twice, or the
  ///   layer with which the state_dict has more than 65,536 entries or the outputs of a clip more than
  ///   2^30 numbers.
  public init(
    name: String, input: [Int], framesAxis: Int? = nil, classes: [String]? = nil, layers: [Layer]
  ) throws(PortError) {
    var shape = input
    var outputs: [[Int]] = []
    var table: [ParameterSpec] = []
    var names: Set<String> = [Architecture.logits]
    var elements = 0
    for extent in input where extent < 1 || extent > Layer.largestExtent {
      throw PortError(
        .malformed,
        "architecture \(printable(name)) has an input of \(input), whose extents must each be 1 to"
          + " \(Layer.largestExtent)", key: "input")
    }
    guard let last = layers.last else {
      throw PortError(.malformed, "architecture \(printable(name)) has no layers")
    }
    for (index, layer) in layers.enumerated() {
      do throws(PortError) {
        try layer.count(shape)
        shape = try layer.outputShape(shape)
        try layer.count(shape)
      } catch {
        throw error.at(key: "layers[\(index)]")
      }
      outputs.append(shape)
      // Each layer's output is bounded, so the sum cannot overflow before it is refused.
      elements += shape.reduce(1, *)
      guard elements <= Layer.largestCount else {
        throw PortError(
          .limit,
          "the outputs of the layers up to here have \(elements) numbers for one clip, and the most"
            + " are \(Layer.largestCount)", key: "layers[\(index)]")
      }
      table += layer.parameters
      guard table.count <= Architecture.mostEntries else {
        throw PortError(
          .limit,
          "the layers up to here have \(table.count) entries in the state_dict, and the most are"
            + " \(Architecture.mostEntries)", key: "layers[\(index)]")
      }
      for name in [layer.name, layer.foldedNorm].compactMap({ $0 })
      where !names.insert(name).inserted {
        throw PortError(
          .malformed,
          name == Architecture.logits
            ? "a layer has the name of the last one's output" : "two layers have the same name",
          record: "layers[\(index)]", key: name,
          remedy: "give each a name of its own, or none where it has no parameters")
      }
    }
    guard framesAxis.map(input.indices.contains) != false else {
      throw PortError(
        .malformed, "the axis of the frames is none of the \(input.count) axes of a clip",
        key: "frames_axis")
    }
    guard shape.count == 1 else {
      throw PortError(
        .mismatch,
        "layer \(last.description) is the last and gives \(shape.count) dimensions, not the logits")
    }
    guard classes.map({ $0.count == shape[0] }) != false else {
      throw PortError(
        .mismatch, "\(classes?.count ?? 0) classes are named and there are \(shape[0]) logits",
        key: "classes")
    }
    self.name = name
    self.input = input
    self.framesAxis = framesAxis
    self.classes = classes
    self.layers = layers
    self.outputs = outputs
    parameterTable = table
  }

  /// An architecture of our own making.
  ///
  /// - Precondition: the layers fit.
  init(
    known name: String, input: [Int], framesAxis: Int? = nil, classes: [String]? = nil,
    layers: [Layer]
  ) {
    do throws(PortError) {
      try self.init(
        name: name, input: input, framesAxis: framesAxis, classes: classes, layers: layers)
    } catch {
      preconditionFailure(error.description)
    }
  }

  /// The same layers for clips of another shape, for example of fewer frames.
  ///
  /// - Throws: `PortError` naming the first layer that does not fit.
  public func with(input: [Int]) throws(PortError) -> Architecture {
    try Architecture(
      name: name, input: input, framesAxis: framesAxis, classes: classes, layers: layers)
  }

  /// The same network for clips of these extents, where only the number of frames may differ from
  /// `input`; `nil` where another axis does, or a layer does not fit them.
  public func taking(_ extents: [Int]) -> Architecture? {
    if extents == input { return self }
    guard let framesAxis, extents.count == input.count,
      extents.indices.allSatisfy({ $0 == framesAxis || extents[$0] == input[$0] }),
      let other = try? with(input: extents), other.parameterTable == parameterTable,
      other.classCount == classCount
    else { return nil }
    return other
  }

  /// The trained numbers.
  public var parameterCount: Int {
    parameterTable.reduce(0) { $0 + ($1.kind == .parameter ? $1.shape.elementCount : 0) }
  }

  /// The number of logits.
  public var classCount: Int { outputs.last?.first ?? 0 }

  /// The outputs of modules, in forward order; `logits`, another name of the last one, comes last.
  public var activations: [ActivationSpec] {
    var list: [ActivationSpec] = []
    for (layer, extents) in zip(layers, outputs) {
      if let name = layer.activation { list.append(ActivationSpec(name: name, extents: extents)) }
    }
    if let last = outputs.last {
      list.append(ActivationSpec(name: Architecture.logits, extents: last))
    }
    return list
  }

  /// Multiply-adds of one clip in convolutions, recurrent and linear layers, by layer, in forward
  /// order.
  public var multiplyAdds: [(layer: String, count: Int)] {
    layers.indices.compactMap { index in
      let count = multiplyAdds(ofLayer: index)
      return count == 0 ? nil : (layers[index].name ?? "", count)
    }
  }

  /// Multiply-adds of one clip in a layer; 0 where it has none.
  ///
  /// - Precondition: there is such a layer.
  public func multiplyAdds(ofLayer index: Int) -> Int {
    layers[index].multiplyAdds(
      output: outputs[index], input: index == 0 ? input : outputs[index - 1])
  }

  /// The entries of the state_dict that belong to a layer.
  ///
  /// - Precondition: there is such a layer.
  public func entries(ofLayer index: Int) -> [ParameterSpec] { layers[index].parameters }
}
