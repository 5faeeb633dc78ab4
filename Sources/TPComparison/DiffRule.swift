public import TPBytes
internal import TPModels
internal import TPTensors

/// What `--fail-on` holds a difference against.
public struct DiffRule: Hashable, Sendable {
  /// What is looked at; the raw value is what the user writes.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case changed, unchanged, shape, dtype, added, removed, renamed, nan, metadata, classes
    case other, dead, frozen
    case moved, max, flips, drift
    case accuracyDrop = "accuracy-drop"

    /// Whether a number follows it.
    public var takesNumber: Bool {
      switch self {
      case .moved, .max, .flips, .drift, .accuracyDrop: true
      default: false
      }
    }
  }

  /// What is looked at.
  public let name: Name
  /// Above which number it fires; 0 for rules without.
  public let limit: Double

  /// A rule as the user wrote it.
  public var description: String {
    guard name.takesNumber else { return name.rawValue }
    let whole = Int(exactly: limit)
    return "\(name.rawValue)>\(whole.map(String.init) ?? "\(limit)")"
  }

  /// Rules as typed: names, or `NAME>NUMBER`, with commas between them.
  ///
  /// - Throws: `PortError` of kind `usage` for what is no rule, with the nearest one.
  public static func parse(_ text: String) throws(PortError) -> [DiffRule] {
    var rules: [DiffRule] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      rules.append(try DiffRule(String(part)))
    }
    return rules
  }

  private init(_ text: String) throws(PortError) {
    let typed = text.filter { $0 != " " }
    let parts = typed.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
    let known = Name.allCases.map(\.rawValue)
    guard let name = parts.first.flatMap({ Name(rawValue: String($0)) }) else {
      let wanted = parts.first.map(String.init) ?? ""
      let near = nearest(wanted, among: known.map { ($0, $0) }, atMost: 1)
      throw PortError(
        .usage,
        "\(typed.isEmpty ? "an empty text" : printable(typed, limit: 40)) is no rule of --fail-on",
        remedy: near.first.map { "did you mean \($0)?" }
          ?? "the rules are " + known.joined(separator: ", "))
    }
    self.name = name
    guard parts.count == 2 else {
      guard !name.takesNumber else {
        throw PortError(
          .usage, "the rule \(name.rawValue) needs a number",
          remedy: "write it as \(name.rawValue)>0.05")
      }
      limit = 0
      return
    }
    guard name.takesNumber, let number = Double(parts[1]), number >= 0, number.isFinite else {
      throw PortError(
        .usage, "\(printable(typed, limit: 40)) is no rule of --fail-on",
        remedy: name.takesNumber
          ? "a number of at least 0 follows >" : "write \(name.rawValue) alone")
    }
    limit = number
  }

  /// What speaks for it, as a clause; `nil` where it does not fire.
  public func evidence(_ difference: CheckpointDifference) -> String? {
    let tensors = difference.tensors
    switch name {
    case .changed: return first(tensors.filter { $0.status == .changed })
    case .unchanged:
      // A counter may well stay as it is; weights that did not move are asked for.
      return first(
        tensors.filter { $0.status == .identical && $0.a?.dtype.isFloatingPoint == true })
    case .shape: return first(tensors.filter { $0.status == .shape })
    case .dtype: return first(tensors.filter { $0.status == .dtype })
    case .added: return first(tensors.filter { $0.status == .added })
    case .removed: return first(tensors.filter { $0.status == .removed })
    case .renamed: return first(tensors.filter { $0.status == .renamed })
    case .nan: return first(tensors.filter { $0.nanInB > 0 })
    case .metadata:
      guard let change = difference.metadata.first else { return nil }
      let path = change.path.map { printable($0, limit: 40) }.joined(separator: ".")
      return more(path, difference.metadata.count)
    case .classes:
      return difference.headers[0].classes != difference.headers[1].classes
        ? "the classes or their order differ" : nil
    case .other:
      let counts = difference.otherTensors
      let sum = counts.changed + counts.added + counts.removed
      return sum > 0 ? "\(sum) tensors beside the model's" : nil
    case .dead:
      let norms = difference.batchNorms.filter { $0.deadInB > 0 }
      return norms.first.map { more(printable($0.name, limit: 80), norms.count) }
    case .frozen:
      let names = difference.optimizer?.frozen ?? []
      return names.first.map { more(printable($0, limit: 80), names.count) }
    case .moved:
      return largest(tensors) { $0.a?.dtype.isFloatingPoint == true ? $0.measures?.relative : nil }
    case .max: return largest(tensors) { $0.measures?.maxAbs }
    case .flips, .drift, .accuracyDrop: return behaviour(difference)
    }
  }

  private func first(_ tensors: [TensorDifference]) -> String? {
    tensors.first.map { more(printable($0.name, limit: 80), tensors.count) }
  }

  private func more(_ name: String, _ count: Int) -> String {
    count > 1 ? "\(name) and \(count - 1) more" : name
  }

  private func largest(
    _ tensors: [TensorDifference], _ value: (TensorDifference) -> Double?
  ) -> String? {
    var found: (name: String, value: Double)?
    var count = 0
    for tensor in tensors {
      // NaN is above every limit.
      guard let value = value(tensor), !(value <= limit) else { continue }
      count += 1
      if found.map({ value.isNaN && !$0.value.isNaN || value > $0.value }) != false {
        found = (tensor.name, value)
      }
    }
    return found.map { more("\(printable($0.name, limit: 80)) with \($0.value)", count) }
  }

  private func behaviour(_ difference: CheckpointDifference) -> String? {
    for change in difference.behaviours {
      let source = printable(change.source, limit: 80)
      switch name {
      case .flips:
        let flips = change.flips
        if Double(flips.count) > limit, let clip = flips.first {
          return "\(flips.count) of \(change.clips.count) predictions on \(source), clip"
            + " \(clip.clip) first"
        }
      case .drift:
        if !(change.maxDrift <= limit) { return "\(change.maxDrift) on \(source)" }
      default:
        guard let right = change.right else { continue }
        let drop = Double(right.before - right.after) / Double(max(change.clips.count, 1))
        if drop > limit {
          return "\(right.before) right before and \(right.after) after of \(change.clips.count)"
            + " on \(source)"
        }
      }
    }
    return nil
  }
}
