internal import TPBytes

extension Layer {
  /// What a description may call a layer, as PyTorch does; capitals do not matter.
  static let kinds =
    ["Conv", "BatchNorm", "MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool"].flatMap {
      name in (1...3).map { "\(name)\($0)d" }
    } + [
      "ReLU", "LeakyReLU", "Tanh", "Sigmoid", "Softmax", "LogSoftmax", "LayerNorm", "Dropout",
      "Flatten", "permute", "reshape", "LSTM", "GRU", "last_step", "Linear", "BatchNorm",
    ]

  /// A layer from its description; docs/architectures.md has the format.
  ///
  /// - Throws: `PortError` of kind `malformed` that names the layer and the member at fault.
  init(description value: JSONValue, path: String) throws(PortError) {
    var fields = try DescriptionFields(value, path: path, subject: path)
    let name = try fields.optional("name", "a text", \.string)
    let wanted = try fields.required("kind", "a text", \.string)
    let found = Layer.kinds.first { $0.lowercased() == wanted.lowercased() }
    guard let kind = found else {
      let near = nearest(
        wanted.lowercased(), among: Layer.kinds.map { ($0, $0.lowercased()) }, atMost: 1
      ).first
      throw fields.fault(
        "kind", "no kind of layer is called \(printable(wanted, limit: 60))",
        remedy: near.map { "did you mean \($0)?" }
          ?? "there are " + Layer.kinds.joined(separator: ", "))
    }
    if let name {
      guard !name.isEmpty, name.utf8.count <= 1_000 else {
        throw fields.fault("name", "the name is empty or longer than 1000 bytes")
      }
      fields.subject = "layer \(printable(name)) (\(kind))"
    } else {
      fields.subject = "layer \(kind)"
    }
    self.name = name
    self.kind = try Kind(kind, &fields)
    foldedNorm = nil
    try fields.finish()
    guard name != nil || parameters(ifValid: ()).isEmpty else {
      throw fields.fault(
        "name", "has parameters and no name", remedy: "give the name of its module")
    }
  }

  /// What its parameters would be, without asking for sizes that make sense.
  private func parameters(ifValid: Void) -> [String] {
    switch kind {
    case .convolution, .batchNorm, .recurrent, .linear: ["weight"]
    case .layerNorm(let norm): norm.hasWeight || norm.hasBias ? ["weight"] : []
    default: []
    }
  }
}

extension Layer.Kind {
  fileprivate init(_ kind: String, _ fields: inout DescriptionFields) throws(PortError) {
    // The digit of a kind for one, two or three axes.
    let rank = kind.hasSuffix("d") ? Int(kind.dropLast().suffix(1)) ?? 0 : 0
    switch rank > 0 ? String(kind.dropLast(2)) : kind {
    case "Conv": self = .convolution(try .init(&fields, rank: rank))
    case "BatchNorm": self = .batchNorm(try .init(&fields, rank: rank))
    case "MaxPool": self = .maxPool(try .init(&fields, rank: rank, isMaximum: true))
    case "AvgPool": self = .averagePool(try .init(&fields, rank: rank, isMaximum: false))
    case "AdaptiveMaxPool": self = .adaptiveMaxPool(try Self.outputs(&fields, rank))
    case "AdaptiveAvgPool": self = .adaptiveAveragePool(try Self.outputs(&fields, rank))
    case "LeakyReLU":
      self = .leakyRelu(slope: try fields.number("negative_slope", 0.01))
      _ = try fields.flag("inplace", false)
    case "ReLU":
      self = .relu
      _ = try fields.flag("inplace", false)
    case "Tanh": self = .tanh
    case "Sigmoid": self = .sigmoid
    case "Softmax": self = .softmax(axis: try fields.integer("dim"), logarithm: false)
    case "LogSoftmax": self = .softmax(axis: try fields.integer("dim"), logarithm: true)
    case "LayerNorm": self = .layerNorm(try .init(&fields))
    case "Dropout":
      self = .dropout(try fields.number("p", 0.5))
      _ = try fields.flag("inplace", false)
    case "Flatten":
      self = .flatten(
        from: try fields.integer("start_dim", 1), through: try fields.integer("end_dim", -1))
    case "permute":
      self = .permute(
        try fields.required("dims", "a list of all axes", DescriptionFields.integers))
    case "reshape":
      self = .reshape(
        try fields.required(
          "shape", "the extents after that of the clips", DescriptionFields.integers))
    case "LSTM": self = .recurrent(try .init(&fields, .lstm))
    case "GRU": self = .recurrent(try .init(&fields, .gru))
    case "last_step": self = .lastStep
    default:
      self = .linear(
        .init(
          try fields.integer("in_features"), try fields.integer("out_features"),
          hasBias: try fields.flag("bias", true)))
    }
  }

  private static func outputs(
    _ fields: inout DescriptionFields, _ rank: Int
  ) throws(PortError) -> [Int?] {
    try fields.required("output_size", "an integer or a list of \(rank)") { value in
      if let one = value.int { return Array(repeating: one, count: rank) }
      guard let list = value.array, list.count == rank,
        list.allSatisfy({ $0 == .null || $0.int != nil })
      else { return nil }
      return list.map(\.int)
    }
  }
}

extension Layer.Convolution {
  fileprivate init(_ fields: inout DescriptionFields, rank: Int) throws(PortError) {
    let sizes = DescriptionFields.sizes(rank)
    let kernel = try fields.required("kernel_size", sizes) { DescriptionFields.sizes($0, rank) }
    self.init(
      try fields.integer("in_channels"), try fields.integer("out_channels"), kernel: kernel,
      stride: try fields.sizes("stride", rank), dilation: try fields.sizes("dilation", rank),
      groups: try fields.integer("groups", 1), hasBias: try fields.flag("bias", true))
    let modes = Border.allCases.map(\.rawValue).joined(separator: ", ")
    border =
      try fields.optional("padding_mode", "one of " + modes) { value in
        value.string.flatMap { Border(rawValue: $0) }
      } ?? .zeros
    let given = try fields.optional("padding", sizes + ", \"same\" or \"valid\"") { value in
      ["same", "valid"].contains(value.string) || DescriptionFields.sizes(value, rank) != nil
        ? value : Optional.none
    }
    guard let given, given != "valid" else { return }
    if let list = DescriptionFields.sizes(given, rank) {
      padding = list
      paddingAfter = list
      return
    }
    guard stride.allSatisfy({ $0 == 1 }) else {
      throw fields.fault("padding", "\"same\" goes with a stride of 1 only")
    }
    // PyTorch puts what is odd at the end. Sizes out of range are refused with the shapes, later.
    for axis in 0..<rank where kernel[axis] >= 1 && dilation[axis] >= 1 {
      let (all, overflow) = (kernel[axis] - 1).multipliedReportingOverflow(by: dilation[axis])
      if overflow { continue }
      padding[axis] = all / 2
      paddingAfter[axis] = all - all / 2
    }
  }
}

extension Layer.Pool {
  fileprivate init(
    _ fields: inout DescriptionFields, rank: Int, isMaximum: Bool
  ) throws(PortError) {
    let kernel = try fields.required("kernel_size", DescriptionFields.sizes(rank)) {
      DescriptionFields.sizes($0, rank)
    }
    self.init(
      kernel, stride: try fields.sizes("stride", rank),
      padding: try fields.sizes("padding", rank),
      dilation: isMaximum ? try fields.sizes("dilation", rank) : nil,
      rounding: try fields.flag("ceil_mode", false) ? .ceiling : .floor,
      countsPadding: isMaximum ? true : try fields.flag("count_include_pad", true),
      divisor: isMaximum || rank == 1
        ? nil : try fields.optional("divisor_override", "an integer", \.int))
  }
}

extension Layer.BatchNorm {
  fileprivate init(_ fields: inout DescriptionFields, rank: Int) throws(PortError) {
    // "BatchNorm" alone takes any number of axes.
    self.init(
      try fields.integer("num_features"), epsilon: try fields.number("eps", 1e-5),
      momentum: try fields.number("momentum", 0.1), isAffine: try fields.flag("affine", true),
      rank: rank == 0 ? nil : rank)
    guard try fields.flag("track_running_stats", true) else {
      throw fields.fault(
        "track_running_stats",
        "without running statistics the result depends on which clips are in a batch")
    }
  }
}

extension Layer.LayerNorm {
  fileprivate init(_ fields: inout DescriptionFields) throws(PortError) {
    let shape = try fields.required("normalized_shape", "an integer or a list") { value in
      value.int.map { [$0] } ?? DescriptionFields.integers(value)
    }
    let isAffine = try fields.flag("elementwise_affine", true)
    let hasBias = try fields.flag("bias", true)
    self.init(
      shape, epsilon: try fields.number("eps", 1e-5), hasWeight: isAffine,
      hasBias: isAffine && hasBias)
  }
}

extension Layer.Recurrent {
  fileprivate init(_ fields: inout DescriptionFields, _ cell: Cell) throws(PortError) {
    self.init(
      cell, try fields.integer("input_size"), hidden: try fields.integer("hidden_size"),
      layers: try fields.integer("num_layers", 1),
      isBidirectional: try fields.flag("bidirectional", false),
      hasBias: try fields.flag("bias", true))
    guard try fields.flag("batch_first", true) else {
      throw fields.fault(
        "batch_first", "sequences of clips come clip by clip",
        remedy: "set batch_first to true; a permute before it brings the steps first")
    }
    // Between layers, in train mode only.
    _ = try fields.number("dropout", 0)
    guard try fields.integer("proj_size", 0) == 0 else {
      throw fields.fault("proj_size", "projections are not supported")
    }
  }
}
