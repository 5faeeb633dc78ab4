internal import TPBytes
internal import TPCheckpoints
internal import TPTensors

/// Changes the elements of a source's tensors to what a weight file declares: through the type that
/// its precision names, into the type in which it stores them.
struct DeclaredRounding {
  /// A tensor as it should be in the file, and what was done to the source's for that.
  struct Expected {
    var tensor: Tensor
    var changes: [String] = []
  }

  private let precision: StoredPrecision
  /// What the planned numbers went through already.
  private let done: StoredPrecision
  /// The source's tensors, mapped and folded, each still of the type that the source has.
  private let planned: StateDict
  /// The same, without int8 tensors and their scales.
  private let numbers: StateDict

  init(
    _ precision: StoredPrecision, after done: StoredPrecision, of planned: StateDict
  ) throws(PortError) {
    self.precision = precision
    self.done = done
    self.planned = planned
    numbers = try planned.dequantised()
  }

  /// Names of the source's that need not be in the file: scales of what is no longer int8.
  func isConsumed(_ name: String) -> Bool { numbers[name] == nil }

  /// What should stand in the file under a name; `nil` where the source gives nothing of the kind.
  ///
  /// - Parameter stored: the file's own type for it.
  func expected(
    _ name: String, stored: DType, limits: ReadLimits
  ) throws(PortError) -> Expected? {
    if let same = planned[name], same.dtype == stored, !isRounded(name, same) {
      return Expected(tensor: same)
    }
    if name.hasSuffix(StateDict.scaleSuffix), planned[name] == nil {
      let owner = String(name.dropLast(StateDict.scaleSuffix.count))
      guard precision.type(of: owner) == .int8, let tensor = numbers[owner],
        let scale = try single(tensor, limits).quantised(limits: limits).scale
      else { return nil }
      return Expected(tensor: scale, changes: ["scales of \(owner)"])
    }
    guard let source = numbers[name] else { return planned[name].map { Expected(tensor: $0) } }
    guard let declared = precision.type(of: name), source.dtype.isFloatingPoint else {
      return Expected(tensor: source)
    }
    // What the numbers went through before is not done again on the way into yet another type.
    guard declared == done.type(of: name), declared != stored else {
      return try rounded(source, declared, stored, limits)
    }
    var result = try rounded(source, source.dtype, stored, limits)
    if planned[name]?.dtype == .int8 { result.changes.insert("int8 to float32", at: 0) }
    return result
  }

  /// Whether what the file says goes beyond what the tensor's own type and its past say: what was made
  /// of float16 numbers in float32, by folding for example, is not rounded to float16 again.
  private func isRounded(_ name: String, _ tensor: Tensor) -> Bool {
    guard let declared = precision.type(of: name), tensor.dtype.isFloatingPoint else {
      return false
    }
    return declared != tensor.dtype && declared != done.type(of: name)
  }

  private func single(_ tensor: Tensor, _ limits: ReadLimits) throws(PortError) -> Tensor {
    tensor.dtype == .int8 ? tensor : try tensor.rounded(to: .float32, limits: limits).tensor
  }

  private func rounded(
    _ source: Tensor, _ declared: DType, _ stored: DType, _ limits: ReadLimits
  ) throws(PortError) -> Expected {
    var result = Expected(tensor: source)
    if declared == .int8 {
      let quantised = try single(source, limits).quantised(limits: limits)
      result.changes.append("\(source.dtype.rawValue) to int8")
      result.tensor = quantised.tensor
      if stored == .int8 { return result }
      guard let scale = quantised.scale else { return result }
      let name = "w"
      var pair = StateDict()
      try pair.append(name, quantised.tensor)
      try pair.append(name + StateDict.scaleSuffix, scale)
      if let number = try pair.dequantised()[name] { result.tensor = number }
      result.changes.append("int8 to float32")
    } else if declared != source.dtype {
      result.tensor = try source.rounded(to: declared, limits: limits).tensor
      result.changes.append("\(source.dtype.rawValue) to \(declared.rawValue)")
    }
    let types: Set<DType> = [.float64, .float32, .float16, .bfloat16]
    if result.tensor.dtype != stored, types.contains(stored) {
      let before = result.tensor.dtype
      result.tensor = try result.tensor.rounded(to: stored, limits: limits).tensor
      result.changes.append("\(before.rawValue) to \(stored.rawValue)")
    }
    return result
  }
}
