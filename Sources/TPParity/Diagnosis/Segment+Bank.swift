internal import TPCheckpoints
internal import TPModels
internal import TPTensors

/// Where hypotheses about any layer of a model come from.
struct ModelBank: Sendable {
  let model: LoadedModel
  /// The sizes of batches that may have mattered.
  let batches: [Int]

  init(_ model: LoadedModel, _ golden: Golden) {
    self.model = model
    batches = Set([1, 2, 4, 8, 16, 24, 32, 64, 128] + (golden.provenance?.batches ?? []))
      .sorted()
  }

  /// The hypotheses about one step of a segment that need nothing fitted.
  ///
  /// - Parameter recorded: the extents that the golden recorded, where they are not the model's.
  func hypotheses(_ segment: Segment, step: Int, recorded: [Int]?) -> [Hypothesis] {
    let place = segment.layers.lowerBound + step
    // After the last layer only what is done to the logits is left.
    if segment.layers.isEmpty { return Bank.outputs(step: step, .reshape(segment.extents)) }
    guard segment.layers.contains(place) else { return [] }
    let architecture = model.architecture
    let layer = architecture.layers[place]
    let input = place == 0 ? architecture.input : architecture.outputs[place - 1]
    let context = BankContext(
      layerName: segment.layerName(step, architecture), input: input,
      output: architecture.outputs[place],
      recorded: step == segment.steps.count - 1 ? recorded : nil, batches: batches,
      tensors: { suffix, count in candidates("\(layer.name ?? "").\(suffix)", count) },
      norms: norms(besides: place), readsInput: place == 0 && segment.source == "input",
      isLast: place == architecture.layers.count - 1,
      backward: place == 0 ? 0 : architecture.layers[place - 1].backwardFeatures)
    if case .dropout(let p) = layer.kind { return Bank.dropout(p, step: step, context) }
    switch segment.steps[step] {
    case .convolution(let conv): return Bank.convolution(conv, step: step, context)
    case .affine:
      return normParameters(place).map { Bank.norm($0, step: step, context) } ?? []
    case .pointwise(let own): return Bank.activation(own, step: step)
    case .pool(let pool):
      return Bank.pool(pool, layer.kind.pool, step: step, context)
    case .gather(let order, _):
      if case .lastStep = layer.kind { return Bank.lastStep(step: step, context) }
      return Bank.order(step: step, context, isPermute: true, current: order)
    case .reshape:
      let count = input.reduce(1, *)
      // What a permute decides need not be tried again at the flatten after it.
      if step > 0, case .gather = segment.steps[step - 1] { return [] }
      return Bank.order(
        step: step, context, isPermute: false, current: (0..<Int32(count)).map { $0 })
    case .linear(let linear): return Bank.linear(linear, step: step, context)
    case .recurrent, .whole: return whole(layer, step: step, context)
    case .meanOfSteps, .softmax, .layerNorm: return []
    }
  }

  /// Of the layers that are judged as a whole, those with known faults.
  private func whole(_ layer: Layer, step: Int, _ context: BankContext) -> [Hypothesis] {
    switch layer.kind {
    case .recurrent(let recurrent):
      let stack = RecurrentStack(recurrent, layer, model.weights)
      return Bank.recurrent(stack, recurrent, step: step, context)
    case .layerNorm(let norm):
      return Bank.layerNorm(LayerNormStep(norm, layer, model.weights), step: step, context)
    default: return []
    }
  }

  func normParameters(_ place: Int) -> NormParameters? {
    let layer = model.architecture.layers[place]
    guard case .batchNorm(let norm) = layer.kind else { return nil }
    func values(_ suffix: String) -> [Double] {
      model.weights["\(layer.name ?? "").\(suffix)"].map { Double($0) }
    }
    return NormParameters(
      gamma: values("weight"), beta: values("bias"), mean: values("running_mean"),
      variance: values("running_var"), epsilon: norm.epsilon)
  }

  private func norms(besides place: Int) -> [(name: String, parameters: NormParameters)] {
    guard let own = normParameters(place) else { return [] }
    return model.architecture.layers.indices.compactMap { index in
      guard index != place, let norm = normParameters(index), norm.mean.count == own.mean.count
      else { return nil }
      return (model.architecture.layers[index].name ?? "", norm)
    }
  }

  /// Other tensors of the file that have as many elements, and other places of the same storage.
  private func candidates(_ key: String, _ count: Int) -> [(name: String, values: [Double])] {
    let own = model.weights[key].map { Double($0) }
    var found: [(name: String, values: [Double])] = []
    for record in model.checkpoint.tensors {
      guard found.count < 64, record.tensor.shape.elementCount == count,
        record.tensor.dtype.isFloatingPoint, let values = try? record.tensor.doubles(),
        values != own
      else { continue }
      found.append((record.name, values))
    }
    guard let tensor = model.unwrapped.stateDict[key], tensor.dtype == .float32 else {
      return found
    }
    for (name, view) in views(tensor, key) {
      guard let values = try? view.doubles(), values != own else { continue }
      found.append(("storage " + name, values))
    }
    return found
  }

  /// The tensor at other offsets of its storage, and without its strides: at its start, where the
  /// parameters before it would end, where other tensors of the storage begin and end, and at whole
  /// multiples of its own size.
  private func views(_ tensor: Tensor, _ key: String) -> [(String, Tensor)] {
    let size = tensor.shape.elementCount
    guard size > 0 else { return [] }
    var offsets: Set<Int> = [0, tensor.offset]
    var sum = 0
    for spec in model.architecture.parameterTable where spec.dtype.isFloatingPoint {
      if spec.name == key { offsets.insert(sum) }
      sum += spec.shape.elementCount
    }
    for record in model.checkpoint.tensors where record.tensor.storage === tensor.storage {
      let (end, overflow) = record.tensor.offset.addingReportingOverflow(
        record.tensor.shape.elementCount)
      offsets.insert(record.tensor.offset)
      if !overflow { offsets.insert(end) }
    }
    let whole = tensor.storage.byteCount / tensor.dtype.byteCount / size
    for place in 0..<min(whole, 64) { offsets.insert(place * size) }
    return offsets.sorted().prefix(128).compactMap { offset in
      guard
        let view = try? Tensor(
          dtype: tensor.dtype, shape: tensor.shape, strides: contiguous(tensor.shape),
          offset: offset, storage: tensor.storage)
      else { return nil }
      return ("of \(key) at offset \(offset)", view)
    }
  }

  private func contiguous(_ shape: Shape) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.extents.count)
    for axis in shape.extents.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape.extents[axis + 1]
    }
    return strides
  }
}

extension Layer {
  /// Features of each step of the output that a backward direction gives; 0 where there is none.
  fileprivate var backwardFeatures: Int {
    guard case .recurrent(let recurrent) = kind, recurrent.isBidirectional else { return 0 }
    return recurrent.hidden
  }
}

extension Layer.Kind {
  /// The windows of a pooling that is not adaptive.
  fileprivate var pool: Layer.Pool? {
    switch self {
    case .maxPool(let pool), .averagePool(let pool): pool
    default: nil
    }
  }
}

extension Segment {
  /// The module that a step belongs to: its own name, or that of the module it leads to.
  func layerName(_ step: Int, _ architecture: Architecture) -> String {
    if layers.isEmpty { return target }
    let place = layers.lowerBound + min(step, layers.count - 1)
    for index in place..<architecture.layers.count {
      if let name = architecture.layers[index].activation { return name }
    }
    return target
  }
}
