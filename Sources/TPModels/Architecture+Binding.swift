public import TPBytes
public import TPTensors

/// The numbers of an architecture, checked against it and in float32.
public struct BoundWeights: Sendable {
  /// What they belong to.
  public let architecture: Architecture
  private var values: [String: [Float]]
  /// What the noise of folded batch norms was, by the name of the layer that they are in; of use to
  /// the truth alone, and only where an output is compared with one that was not folded.
  public var foldedNoise: [String: FoldedNoise] = [:]

  init(_ architecture: Architecture, _ values: [String: [Float]]) {
    self.architecture = architecture
    self.values = values
  }

  /// The elements of a floating-point entry in row-major order; empty for any other name.
  public subscript(name: String) -> [Float] { values[name] ?? [] }

  /// The same with other numbers in some entries.
  ///
  /// - Precondition: each has as many elements as the entry that it replaces.
  package func replacing(_ changes: [String: [Float]]) -> BoundWeights {
    var copy = self
    for (name, numbers) in changes {
      precondition(copy.values[name]?.count == numbers.count)
      copy.values[name] = numbers
    }
    return copy
  }

  /// The same numbers for a network that has some of the layers.
  ///
  /// - Precondition: every entry of `part` is one of these.
  package func restricted(to part: Architecture) -> BoundWeights {
    var own: [String: [Float]] = [:]
    for spec in part.parameterTable where spec.dtype.isFloatingPoint {
      precondition(values[spec.name] != nil)
      own[spec.name] = values[spec.name]
    }
    return BoundWeights(part, own)
  }
}

extension Architecture {
  /// How a state_dict fits, with every problem and the names that may be meant.
  ///
  /// Parameters may be float32, float16 or bfloat16, which float32 holds exactly, int8 with scales
  /// beside them (`StateDict.quantisedNames`), and float64, of which `bind(_:)` takes only numbers
  /// that float32 has; any other type of integer is wrong. `num_batches_tracked` is an int64
  /// scalar, and as in PyTorch's strict loading it may not be missing.
  public func match(_ stateDict: StateDict) -> BindingReport {
    // A tensor too large to be float32 has no fitting shape either: it is told as int8 then.
    let stateDict = (try? stateDict.dequantised()) ?? stateDict
    var report = BindingReport(architecture: label)
    let expected = Set(parameterTable.map(\.name))
    let surplus = stateDict.entries.filter { !expected.contains($0.name) }
    let lacking = parameterTable.filter { stateDict[$0.name] == nil }
    var missing = ComparedNames()
    var unexpected = ComparedNames()
    var misshapen = ComparedNames()
    let wanted = lacking.filter { missing.take($0.name) }.map { ($0.name, $0.shape) }
    let candidates = surplus.filter { unexpected.take($0.name) }.map { ($0.name, $0.tensor.shape) }
    report.missing = lacking.map { spec in
      guard missing.names.contains(spec.name) else {
        return .init(name: spec.name, shape: spec.shape, suggestions: [])
      }
      let near = suggestions(for: (spec.name, spec.shape), among: candidates, atMost: 3)
      return .init(
        name: spec.name, shape: spec.shape, suggestions: near,
        sameShape: sameShape(for: (spec.name, spec.shape), among: candidates, except: near))
    }
    report.unexpected = surplus.map { entry in
      let own = (entry.name, entry.tensor.shape)
      guard unexpected.names.contains(entry.name) else {
        return .init(name: own.0, shape: own.1, suggestion: nil)
      }
      let near = suggestions(for: own, among: wanted, atMost: 1)
      return .init(
        name: own.0, shape: own.1, suggestion: near.first,
        sameShape: sameShape(for: own, among: wanted, except: near))
    }
    for spec in parameterTable {
      guard let tensor = stateDict[spec.name] else { continue }
      if tensor.shape != spec.shape {
        let near =
          misshapen.take(spec.name)
          ? sameShape(for: (spec.name, spec.shape), among: candidates, except: []) : []
        report.misshapen.append(
          .init(name: spec.name, expected: spec.shape, found: tensor.shape, sameShape: near))
      }
      if !holds(spec.dtype, tensor.dtype) {
        report.wrongType.append(.init(name: spec.name, expected: spec.dtype, found: tensor.dtype))
      }
    }
    return report
  }

  /// Whether a state_dict fits: whether `match(_:)` finds nothing.
  func fits(_ stateDict: StateDict) -> Bool {
    let stateDict = (try? stateDict.dequantised()) ?? stateDict
    // As many entries as there should be, and each there: then none is too many.
    return stateDict.entries.count == parameterTable.count
      && parameterTable.allSatisfy { spec in
        guard let tensor = stateDict[spec.name] else { return false }
        return tensor.shape == spec.shape && holds(spec.dtype, tensor.dtype)
      }
  }

  /// Reads the weights, once they are known to fit.
  ///
  /// - Throws: `PortError` of kind `mismatch` that lists every problem, or names a tensor of float64
  ///   that would have to be rounded, or whatever keeps a tensor's bytes from being read.
  public func bind(_ stateDict: StateDict) throws(PortError) -> BoundWeights {
    if !fits(stateDict), let error = match(stateDict).error { throw error }
    let numbers = try stateDict.dequantised()
    var values: [String: [Float]] = [:]
    for spec in parameterTable where spec.dtype.isFloatingPoint {
      do throws(PortError) {
        values[spec.name] = try numbers[spec.name]?.exactFloats()
      } catch {
        throw error.at(key: spec.name)
      }
    }
    return BoundWeights(self, values)
  }

  /// Whether elements of `found` can be elements of `expected` without rounding.
  private func holds(_ expected: DType, _ found: DType) -> Bool {
    expected == .float32
      ? [.float64, .float32, .float16, .bfloat16].contains(found) : expected == found
  }

  /// At most three names of the same shape, however far, the nearest first.
  private func sameShape(
    for wanted: (name: String, shape: Shape), among entries: [(name: String, shape: Shape)],
    except known: [String]
  ) -> [String] {
    let names = entries.filter { $0.shape == wanted.shape && !known.contains($0.name) }
    return nearest(
      wanted.name, among: names.map { ($0.name, $0.name) }, atMost: 3, anyDistance: true)
  }

  /// Names of the same shape, nearest first, then near names of any shape.
  private func suggestions(
    for wanted: (name: String, shape: Shape), among entries: [(name: String, shape: Shape)],
    atMost limit: Int
  ) -> [String] {
    func names(_ sameShape: Bool) -> [(name: String, compared: String)] {
      entries.filter { ($0.shape == wanted.shape) == sameShape }.map { ($0.name, $0.name) }
    }
    let first = nearest(wanted.name, among: names(true), atMost: limit)
    return first
      + nearest(wanted.name, among: names(false), atMost: limit - first.count)
  }
}

/// Those names of a list that are compared with other names: the first ones.
///
/// A hostile file may have a million entries, and describe a network of twenty thousand. To compare
/// two names takes as many steps as the product of their lengths, so all names together are bounded:
/// a few hundred of the usual length are enough to suggest from.
private struct ComparedNames {
  private(set) var names: Set<String> = []
  private var bytes = 0

  /// Takes a name where there is room for it, and says whether there was.
  mutating func take(_ name: String) -> Bool {
    let (sum, overflow) = bytes.addingReportingOverflow(name.utf8.count)
    guard !overflow, sum <= 1 << 14 else { return false }
    bytes = sum
    names.insert(name)
    return true
  }
}

extension Tensor {
  /// The elements as float32, all of them exactly.
  ///
  /// - Throws: `PortError` of kind `mismatch` where a float64 element is not a float32 number, or
  ///   where the bytes cannot be had.
  fileprivate func exactFloats() throws(PortError) -> [Float] {
    let values = try floats()
    guard dtype == .float64 else { return values }
    for (value, exact) in zip(values, try doubles()) where Double(value) != exact && !exact.isNaN {
      throw PortError(
        .mismatch,
        "\(exact) in float64 would be rounded to be computed with in float32",
        remedy: "convert the weights with --dtype float32, which tells what the rounding does")
    }
    return values
  }
}
