internal import TPBytes
internal import TPCheckpoints
public import TPTensors

/// A tensor that was stored in another type, and what that did to it.
public struct TensorRounding: Sendable {
  /// Its name.
  public let name: String
  /// Its extents.
  public let shape: Shape
  /// The type before.
  public let from: DType
  /// The type now; int8 has scales beside it.
  public let to: DType
  /// Bytes now, scales included.
  public let byteCount: Int
  /// What was lost.
  public let loss: RoundingLoss
}

/// A state_dict in other element types.
struct RoundedWeights {
  /// The entries; an int8 tensor is followed by its scales.
  private(set) var stateDict = StateDict()
  /// The tensors whose type changed, in order.
  private(set) var changes: [TensorRounding] = []

  /// The type that each tensor gets under `--dtype TYPE`; `nil` for what stays: integers, booleans,
  /// complex numbers.
  ///
  /// int8 is for weight matrices and kernels, of two dimensions or more; norms, biases and other
  /// vectors become float32.
  static func target(_ dtype: DType, for tensor: Tensor, isQuantised: Bool) -> DType? {
    guard tensor.dtype.isFloatingPoint || isQuantised else { return nil }
    return dtype == .int8 && tensor.shape.rank < 2 ? .float32 : dtype
  }

  /// Stores each tensor in the type that `target` names, or as it is where that is `nil`.
  ///
  /// Names of one tensor stay names of one tensor.
  ///
  /// - Parameter target: gets the name, the stored tensor, and whether it is int8 with scales.
  /// - Throws: `PortError` with the key of a tensor that the type cannot hold.
  init(
    _ stored: StateDict, limits: ReadLimits,
    target: (_ name: String, _ tensor: Tensor, _ isQuantised: Bool) -> DType?
  ) throws(PortError) {
    let quantised = Set(stored.quantisedNames)
    let scales = Set(quantised.map { $0 + StateDict.scaleSuffix })
    let numbers = try stored.dequantised()
    var firstNames: [String: String] = [:]
    for group in stored.aliases {
      for name in group.dropFirst() { firstNames[name] = group[0] }
    }
    var made: [String: (dtype: DType, result: RoundedTensor)] = [:]
    for entry in stored.entries where !scales.contains(entry.name) {
      let name = entry.name
      let isQuantised = quantised.contains(name)
      guard let dtype = target(name, entry.tensor, isQuantised), dtype != entry.tensor.dtype else {
        try stateDict.append(name, entry.tensor)
        if let scale = isQuantised ? stored[name + StateDict.scaleSuffix] : nil {
          try stateDict.append(name + StateDict.scaleSuffix, scale)
        }
        continue
      }
      do throws(PortError) {
        let scaleName = name + StateDict.scaleSuffix
        guard dtype != .int8 || stored[scaleName] == nil else {
          throw PortError(
            .unsupported, "the scales of int8 need the name \(printable(scaleName)), which is taken"
          )
        }
        let first = firstNames[name] ?? name
        let result: RoundedTensor
        // Scales of int8 are no part of what makes two names one tensor.
        if !isQuantised, let earlier = made[first], earlier.dtype == dtype {
          result = earlier.result
        } else {
          let tensor = numbers[name] ?? entry.tensor
          result =
            dtype == .int8
            ? try tensor.quantised(limits: limits) : try tensor.rounded(to: dtype, limits: limits)
          made[first] = (dtype, result)
        }
        try append(name, entry.tensor, result)
      } catch {
        throw error.at(key: name)
      }
    }
  }

  private mutating func append(
    _ name: String, _ old: Tensor, _ new: RoundedTensor
  ) throws(PortError) {
    try stateDict.append(name, new.tensor)
    if let scale = new.scale {
      try stateDict.append(name + StateDict.scaleSuffix, scale)
    }
    changes.append(
      TensorRounding(
        name: name, shape: old.shape, from: old.dtype, to: new.tensor.dtype,
        byteCount: (new.tensor.byteCount ?? 0) + (new.scale?.byteCount ?? 0), loss: new.loss))
  }
}

extension StoredPrecision {
  /// The same under the names that the tensors have on the way: of a tensor that was joined from
  /// several, the least precise type of them.
  ///
  /// - Parameter prefix: what wrappers had put before each name.
  func moved(_ origins: TensorOrigins, prefix: String) -> StoredPrecision {
    guard case .mixed = self else { return self }
    var types: [String: DType?] = [:]
    for (name, origin) in origins.all {
      var type: DType?
      for source in origin.sources {
        let own = source.hasPrefix(prefix) ? String(source.dropFirst(prefix.count)) : source
        type = Self.coarser(type, self.type(of: source) ?? self.type(of: own))
      }
      types.updateValue(type, forKey: name)
    }
    return .mixed(types)
  }

  /// What is to be stated of a state_dict that was made from one of which this is stated.
  ///
  /// - Parameters:
  ///   - changed: the type that a tensor was rounded to on the way, by name.
  ///   - stateDict: the result.
  func after(_ changed: [String: DType], in stateDict: StateDict) -> StoredPrecision {
    let quantised = Set(stateDict.quantisedNames)
    let scales = Set(quantised.map { $0 + StateDict.scaleSuffix })
    var types: [String: DType?] = [:]
    for entry in stateDict.entries where !scales.contains(entry.name) {
      guard entry.tensor.dtype.isFloatingPoint || quantised.contains(entry.name) else { continue }
      types.updateValue(
        Self.coarser(type(of: entry.name), changed[entry.name]), forKey: entry.name)
    }
    return StoredPrecision(types)
  }
}
