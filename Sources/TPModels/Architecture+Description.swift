public import TPBytes

extension Architecture {
  /// The most layers that a description may list.
  static let mostLayers = 4_096

  /// A network from its description in JSON; docs/architectures.md has the format.
  ///
  /// - Throws: `PortError` of kind `malformed` that names the layer and, as its key, the member at
  ///   fault (`layers[3].kernel_size`), or of kind `mismatch` naming the first layer that does not
  ///   fit the one before it, with the shape it needs and the shape it gets.
  public init(description: JSONValue) throws(PortError) {
    var fields = try DescriptionFields(description, path: "", subject: "the architecture")
    let name = try fields.required("name", "a text", \.string)
    guard !name.isEmpty, name.utf8.count <= 200, name != "none" else {
      throw fields.fault("name", "the name is empty, none, or longer than 200 bytes")
    }
    let input = try fields.required("input", "the extents of one clip", DescriptionFields.integers)
    guard !input.isEmpty, input.count <= 8 else {
      throw fields.fault("input", "a clip has one to eight axes, not \(input.count)")
    }
    let framesAxis = try fields.optional("frames_axis", "an integer", \.int)
    let classes = try fields.optional("classes", "a list of texts", DescriptionFields.strings)
    let list = try fields.required("layers", "a list of layers", \.array)
    try fields.finish()
    guard list.count <= Architecture.mostLayers else {
      throw PortError(
        .limit,
        "the architecture lists \(list.count) layers; the most are"
          + " \(Architecture.mostLayers)", key: "layers")
    }
    var layers: [Layer] = []
    for (index, value) in list.enumerated() {
      layers.append(try Layer(description: value, path: "layers[\(index)]"))
    }
    try self.init(
      name: name, input: input, framesAxis: framesAxis, classes: classes, layers: layers)
  }

  /// A network from a description in a file.
  ///
  /// - Throws: `PortError` that names the file, as `init(description:)` does, or where it cannot be
  ///   read, or is no JSON.
  public static func described(inFile path: String) throws(PortError) -> Architecture {
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      let bytes = file.bytes
      guard bytes.byteCount <= mostDescriptionBytes else {
        throw PortError(
          .limit,
          "has \(bytes.byteCount) bytes, more than the \(mostDescriptionBytes) of any description of"
            + " a network", remedy: "give a description of its layers in JSON")
      }
      let value = try JSONValue(parsing: bytes)
      return try Architecture(description: value)
    } catch {
      throw error.in(file: path)
    }
  }

  /// A built-in network by its name, or one that a file describes: what ends with `.json` is a file.
  ///
  /// - Throws: `PortError` as `named(_:)` or `described(inFile:)` does.
  public static func named(orInFile text: String) throws(PortError) -> Architecture {
    text.lowercased().hasSuffix(".json") ? try described(inFile: text) : try named(text)
  }

  /// The description, from which `init(description:)` makes the same network.
  public var json: JSONValue {
    .object(optional: [
      ("name", .string(name)), ("input", .list(input)),
      ("frames_axis", framesAxis.map { .int($0) }),
      ("classes", classes.map { .array($0.map(JSONValue.string)) }),
      ("layers", .array(layers.map(\.json))),
    ])
  }
}

extension Layer {
  /// The layer as it stands in a description; what is PyTorch's default is left out.
  package var json: JSONValue {
    var members: [(String, JSONValue?)] = [
      ("name", name.map { .string($0) }), ("kind", .string(kind.type)),
    ]
    members += kind.members
    return .object(optional: members)
  }
}

extension Layer.Kind {
  fileprivate var members: [(String, JSONValue?)] {
    switch self {
    case .relu, .tanh, .sigmoid, .lastStep: return []
    case .leakyRelu(let slope): return [("negative_slope", .double(slope))]
    case .dropout(let p): return [("p", .double(p))]
    case .softmax(let axis, _): return [("dim", .int(axis))]
    case .convolution(let conv): return conv.members
    case .maxPool(let pool), .averagePool(let pool): return pool.members
    case .adaptiveMaxPool(let extents), .adaptiveAveragePool(let extents):
      return [("output_size", .array(extents.map { $0.map(JSONValue.int) ?? .null }))]
    case .batchNorm(let norm):
      return [
        ("num_features", .int(norm.features)),
        ("eps", norm.epsilon == 1e-5 ? nil : .double(norm.epsilon)),
        ("momentum", norm.momentum == 0.1 ? nil : .double(norm.momentum)),
        ("affine", norm.isAffine ? nil : false),
      ]
    case .layerNorm(let norm):
      return [
        ("normalized_shape", .list(norm.shape)),
        ("eps", norm.epsilon == 1e-5 ? nil : .double(norm.epsilon)),
        ("elementwise_affine", norm.hasWeight ? nil : false),
        ("bias", norm.hasBias || !norm.hasWeight ? nil : false),
      ]
    case .permute(let axes): return [("dims", .list(axes))]
    case .flatten(let start, let end):
      return [("start_dim", .int(start)), ("end_dim", end == -1 ? nil : .int(end))]
    case .reshape(let extents): return [("shape", .list(extents))]
    case .recurrent(let recurrent):
      return [
        ("input_size", .int(recurrent.inputs)), ("hidden_size", .int(recurrent.hidden)),
        ("num_layers", recurrent.layers == 1 ? nil : .int(recurrent.layers)),
        ("bidirectional", recurrent.isBidirectional ? true : nil),
        ("bias", recurrent.hasBias ? nil : false),
      ]
    case .linear(let linear):
      return [
        ("in_features", .int(linear.inputs)), ("out_features", .int(linear.outputs)),
        ("bias", linear.hasBias ? nil : false),
      ]
    }
  }
}

extension Layer.Convolution {
  fileprivate var members: [(String, JSONValue?)] {
    let hasPadding = (padding + paddingAfter).contains { $0 != 0 }
    return [
      ("in_channels", .int(inputs)), ("out_channels", .int(outputs)),
      ("kernel_size", .list(kernel)),
      ("stride", stride.contains { $0 != 1 } ? .list(stride) : nil),
      (
        "padding", !hasPadding ? nil : padding == paddingAfter ? .list(padding) : .string("same")
      ),
      ("padding_mode", border == .zeros ? nil : .string(border.rawValue)),
      ("dilation", dilation.contains { $0 != 1 } ? .list(dilation) : nil),
      ("groups", groups == 1 ? nil : .int(groups)), ("bias", hasBias ? nil : false),
    ]
  }
}

extension Layer.Pool {
  fileprivate var members: [(String, JSONValue?)] {
    [
      ("kernel_size", .list(kernel)), ("stride", stride == kernel ? nil : .list(stride)),
      ("padding", padding.contains { $0 != 0 } ? .list(padding) : nil),
      ("dilation", dilation.contains { $0 != 1 } ? .list(dilation) : nil),
      ("ceil_mode", rounding == .ceiling ? true : nil),
      ("count_include_pad", countsPadding ? nil : false),
      ("divisor_override", divisor.map { .int($0) }),
    ]
  }
}

extension JSONValue {
  fileprivate static func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map(JSONValue.int)) }
}
