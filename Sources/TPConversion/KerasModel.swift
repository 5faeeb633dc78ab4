public import TPBytes
public import TPModels

/// The `keras.Sequential` (Keras 3) that computes what an architecture computes, layer by layer.
///
/// Clips are channels-last: one of (1, 32, 64, 96) is (32, 64, 96, 1) there. PyTorch's permutations
/// take effect where the order of the axes matters, as one `Permute` to PyTorch's order.
public struct KerasModel: Hashable, Sendable {
  /// A layer of the model.
  public struct Layer: Hashable, Sendable {
    /// The class in `keras.layers`.
    public var className: String
    /// The arguments of its initialiser.
    public var config: [JSONValue.Member]
    /// The layer of the architecture whose parameters it has; `nil` where it has none.
    public var module: TPModels.Layer?
    /// Where its variables stand in a `.weights.h5` file; `nil` where it has none.
    public var path: [String]?
  }

  /// The layers in order, the input first.
  public let layers: [Layer]

  /// The equivalent of an architecture.
  ///
  /// - Throws: `PortError` of kind `unsupported` naming a layer that Keras has no like of.
  public init(_ architecture: Architecture) throws(PortError) {
    var builder = Builder(input: architecture.input)
    for place in architecture.layers.indices {
      try builder.add(architecture, place)
    }
    layers = builder.layers
  }

  /// The layers as a list of `class_name` and `config`, from which
  /// `getattr(keras.layers, class_name)(**config)` makes each.
  public var json: JSONValue {
    .array(
      layers.map { ["class_name": .string($0.className), "config": .object($0.config)] })
  }
}

private struct Builder {
  private(set) var layers: [KerasModel.Layer] = []
  /// The shape of a clip as PyTorch has it here.
  private var shape: [Int]
  /// Which axis of PyTorch's each axis of Keras is.
  private var order: [Int]
  private var counts: [String: Int] = [:]

  private static let channelsLast = [1, 2, 3, 0]

  init(input: [Int]) {
    shape = input
    order = input.count == 4 ? Builder.channelsLast : Array(input.indices)
    layers = [
      .init(className: "InputLayer", config: [.init("shape", list(order.map { input[$0] }))])
    ]
  }

  mutating func add(_ architecture: Architecture, _ place: Int) throws(PortError) {
    let layer = architecture.layers[place]
    let output = architecture.outputs[place]
    switch layer.kind {
    case .convolution(let conv) where conv.isPlain && conv.hasBias && conv.kernel.count == 3:
      try arrange(Builder.channelsLast)
      let isSame =
        conv.stride.allSatisfy { $0 == 1 }
        && zip(conv.kernel, conv.padding).allSatisfy { $0 == 2 * $1 + 1 }
      if !isSame, conv.padding.contains(where: { $0 != 0 }) {
        append("ZeroPadding3D", [.init("padding", list(conv.padding))])
      }
      append(
        "Conv3D",
        [
          .init("filters", .int(conv.outputs)), .init("kernel_size", list(conv.kernel)),
          .init("strides", list(conv.stride)), .init("padding", isSame ? "same" : "valid"),
        ], of: layer, at: "conv3d")
    case .batchNorm(let norm) where norm.isAffine:
      let axis = (order.firstIndex(of: 0) ?? 0) + 1
      append(
        "BatchNormalization",
        [
          .init("axis", .int(axis == order.count ? -1 : axis)),
          .init("momentum", .double(1 - norm.momentum)), .init("epsilon", .double(norm.epsilon)),
        ], of: layer, at: "batch_normalization")
    case .relu: append("ReLU", [])
    case .maxPool(let pool) where pool.isPlain && pool.kernel.count == 3:
      try arrange(Builder.channelsLast)
      append(
        "MaxPooling3D",
        [
          .init("pool_size", list(pool.kernel)), .init("strides", list(pool.stride)),
          .init("padding", "valid"),
        ], of: layer)
    case .adaptiveAveragePool(let wanted) where wanted.count == 3:
      try arrange(Builder.channelsLast)
      let input = shape[1...]
      let extents = Array(output[1...])
      if zip(input, extents).allSatisfy({ $0 % $1 == 0 }) {
        append(
          "AveragePooling3D", [.init("pool_size", list(zip(input, extents).map { $0 / $1 }))],
          of: layer)
      } else {
        append("AdaptiveAveragePooling3D", [.init("output_size", list(extents))], of: layer)
      }
    case .permute(let axes):
      // Nothing moves yet; the axes only have other names.
      order = order.map { axis in (axes.firstIndex(of: axis + 1) ?? 1) - 1 }
    case .flatten, .reshape:
      try arrange(Array(shape.indices))
      append("Reshape", [.init("target_shape", list(output))])
      order = Array(output.indices)
    case .recurrent(let lstm) where lstm.isSingleLSTM:
      try arrange(Array(shape.indices))
      let isLast = place + 1 < architecture.layers.count && isLastStep(architecture, place + 1)
      append(
        "LSTM", [.init("units", .int(lstm.hidden)), .init("return_sequences", .bool(!isLast))],
        of: layer, at: "lstm")
    case .lastStep:
      guard place > 0, case .recurrent = architecture.layers[place - 1].kind else {
        throw PortError(
          .unsupported, "Keras has no layer that takes the last step, except after an LSTM",
          key: layer.name ?? "layers[\(place)]", remedy: "leave --layout keras out")
      }
      order = Array(output.indices)
    case .dropout(let rate): append("Dropout", [.init("rate", .double(rate))], of: layer)
    case .linear(let linear) where linear.hasBias:
      try arrange(Array(shape.indices))
      append("Dense", [.init("units", .int(linear.outputs))], of: layer, at: "dense")
    default:
      throw PortError(
        .unsupported,
        "the layout of Keras is not known for this \(layer.kind.type) layer",
        key: layer.name ?? "layers[\(place)]", remedy: "leave --layout keras out")
    }
    shape = output
  }

  private func isLastStep(_ architecture: Architecture, _ place: Int) -> Bool {
    if case .lastStep = architecture.layers[place].kind { true } else { false }
  }

  /// Puts the axes in an order, where they are not in it.
  private mutating func arrange(_ wanted: [Int]) throws(PortError) {
    if order == wanted { return }
    guard order.sorted() == wanted.sorted() else {
      throw PortError(
        .unsupported, "Keras has no layer for a clip of shape \(shape) here",
        remedy: "leave --layout keras out")
    }
    let dims = wanted.map { (order.firstIndex(of: $0) ?? 0) + 1 }
    append("Permute", [.init("dims", list(dims))])
    order = wanted
  }

  /// Adds a layer; `snake` is what Keras calls its class in paths.
  private mutating func append(
    _ className: String, _ config: [JSONValue.Member], of layer: TPModels.Layer? = nil,
    at snake: String? = nil
  ) {
    var made = KerasModel.Layer(className: className, config: config)
    if let name = layer?.name, !name.contains("/") {
      made.config.append(.init("name", .string(name)))
    }
    if let snake {
      let count = counts[snake, default: 0]
      counts[snake] = count + 1
      made.module = layer
      made.path = ["layers", count == 0 ? snake : "\(snake)_\(count)"]
    }
    layers.append(made)
  }

  private func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map(JSONValue.int)) }
}
