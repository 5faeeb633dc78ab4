internal import TPBytes
internal import TPModels
public import TPTensors

/// A batch norm that was taken into the layer before it, and what rounding the new weights did.
public struct FoldedLayer: Hashable, Sendable {
  /// The layer, for example `conv3d1`.
  public let layer: String
  /// The batch norm, for example `bn3d1`.
  public let norm: String
  /// From the weights in float64 to those in float32.
  public let weight: RoundingLoss
  /// From the biases in float64 to those in float32.
  public let bias: RoundingLoss
}

/// A state_dict with its batch norms folded.
///
/// With a = gamma / sqrt(running_var + eps), one for each output channel: w' = w a and
/// b' = (b - running_mean) a + beta, in float64 from the exact values of the stored numbers, each
/// result rounded once to float32. The norm's own entries are dropped.
struct FoldedWeights {
  /// The network without those norms.
  let architecture: Architecture
  /// Its entries, in the order that they had.
  let stateDict: StateDict
  /// The layers that changed.
  let layers: [FoldedLayer]
  /// What the norms' rounding noise was made of, by layer.
  let noise: [String: FoldedNoise]

  /// Folds what can be folded.
  ///
  /// - Throws: `PortError` with the key where the result is not finite, or bytes cannot be had.
  init(
    _ stored: StateDict, _ original: Architecture, limits: ReadLimits
  ) throws(PortError) {
    let folded = original.foldingBatchNorm()
    let weights = try original.bind(stored)
    var changed: [String: Tensor] = [:]
    var dropped: Set<String> = []
    /// Biases that a layer did not have, by the weight that they follow.
    var added: [String: String] = [:]
    var layers: [FoldedLayer] = []
    var noise: [String: FoldedNoise] = [:]
    for layer in folded.layers {
      guard let name = layer.name, let norm = layer.foldedNorm,
        let old = original.layers.first(where: { $0.name == norm }),
        case .batchNorm(let sizes) = old.kind
      else { continue }
      for spec in original.parameterTable where spec.name.hasPrefix(norm + ".") {
        dropped.insert(spec.name)
      }
      let keys = (weight: layer.key("weight"), bias: layer.key("bias"))
      func values(_ key: String, missing: Float) -> [Float] {
        let given = weights[key]
        return given.isEmpty ? Array(repeating: missing, count: sizes.features) : given
      }
      let part = FoldedPart(
        weight: weights[keys.weight], bias: values(keys.bias, missing: 0),
        gamma: values(old.key("weight"), missing: 1), beta: values(old.key("bias"), missing: 0),
        mean: weights[old.key("running_mean")], variance: weights[old.key("running_var")],
        epsilon: sizes.epsilon)
      let weight = try part.tensor(part.weights, stored[keys.weight]?.shape, keys.weight, limits)
      let bias = try part.tensor(
        part.biases, try Shape([sizes.features]), keys.bias, limits)
      if stored[keys.bias] == nil { added[keys.weight] = keys.bias }
      changed[keys.weight] = weight.tensor
      changed[keys.bias] = bias.tensor
      noise[name] = part.noise
      layers.append(FoldedLayer(layer: name, norm: norm, weight: weight.loss, bias: bias.loss))
    }
    let quantised = Set(stored.quantisedNames)
    for name in changed.keys where quantised.contains(name) {
      dropped.insert(name + StateDict.scaleSuffix)
    }
    var stateDict = StateDict()
    for entry in stored.entries where !dropped.contains(entry.name) {
      try stateDict.append(entry.name, changed[entry.name] ?? entry.tensor)
      if let bias = added[entry.name], let tensor = changed[bias] {
        try stateDict.append(bias, tensor)
      }
    }
    architecture = folded
    self.stateDict = stateDict
    self.layers = layers
    self.noise = noise
  }
}

/// The numbers of one layer and its norm.
private struct FoldedPart {
  let weight: [Float]
  let bias: [Float]
  let gamma: [Float]
  let beta: [Float]
  let mean: [Float]
  let variance: [Float]
  let epsilon: Double

  /// gamma / sqrt(var + eps).
  private var factors: [Double] {
    gamma.indices.map { Double(gamma[$0]) / (Double(variance[$0]) + epsilon).squareRoot() }
  }

  var weights: [Double] {
    let factors = factors
    let each = factors.isEmpty ? 1 : max(weight.count / factors.count, 1)
    return weight.indices.map { Double(weight[$0]) * factors[$0 / each] }
  }

  var biases: [Double] {
    let factors = factors
    return bias.indices.map {
      (Double(bias[$0]) - Double(mean[$0])) * factors[$0] + Double(beta[$0])
    }
  }

  var noise: FoldedNoise {
    let means = zip(factors, mean).map { $0 * Double($1) }
    return FoldedNoise(
      mean: means.map { Float($0) }, shift: zip(beta, means).map { Float(Double($0) - $1) })
  }

  /// Numbers as a float32 tensor.
  func tensor(
    _ values: [Double], _ shape: Shape?, _ key: String, _ limits: ReadLimits
  ) throws(PortError) -> RoundedTensor {
    guard let shape else {
      throw PortError(.mismatch, "the weights have no such entry", key: key)
    }
    let region = unsafe values.withUnsafeBytes { unsafe ByteRegion(Array($0)) }
    let rounded = try Tensor(
      dtype: .float64, shape: shape, storage: Storage(key: key, region: region)
    ).rounded(to: .float32, limits: limits)
    guard rounded.loss.overflow == 0, values.allSatisfy(\.isFinite) else {
      throw PortError(
        .unsupported, "with its batch norm folded in, an element is not finite any more", key: key,
        remedy: "convert without --fold-batch-norm")
    }
    return rounded
  }
}
