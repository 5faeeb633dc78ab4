internal import TPBytes
public import TPComparison
internal import TPTensors

/// What `diff` tells about two files.
public struct DiffReport: Sendable {
  /// The order of the tensors; the raw value is what the user writes.
  public enum Order: String, Hashable, Sendable, CaseIterable {
    /// That of the first file.
    case file
    /// By name.
    case name
    /// The largest ||dW|| / ||W|| first.
    case moved
    /// The largest |d| first.
    case max
    /// The smallest cosine first.
    case cosine
    /// The largest share of changed elements first.
    case changed
  }

  /// A rule of `--fail-on` that was held against the difference.
  public struct Verdict: Hashable, Sendable {
    /// The rule, as it is written.
    public var rule: String
    /// What speaks for it; `nil` where it did not fire.
    public var evidence: String?
  }

  /// The first file, as the user gave it.
  public var a: String
  /// The second.
  public var b: String
  /// What separates them.
  public var difference: CheckpointDifference
  /// The names of the tensors that are told of; all where it is `nil`.
  public var only: Glob?
  /// Their order.
  public var order = Order.file
  /// The most tensors that are told of; all where it is `nil`.
  public var top: Int?
  /// How many columns the text may have.
  public var width = 80
  /// The names of the clips of each golden and dataset, in the order of the difference's behaviours;
  /// `nil` where they have none.
  public var clipNames: [[String]?] = []
  /// What became of the rules, in their order.
  public var verdicts: [Verdict] = []

  /// A report on two compared files.
  public init(a: String, b: String, difference: CheckpointDifference) {
    self.a = a
    self.b = b
    self.difference = difference
  }

  /// Holds rules against the difference.
  public mutating func hold(_ rules: [DiffRule]) {
    verdicts = rules.map { Verdict(rule: $0.description, evidence: $0.evidence(difference)) }
  }

  /// The tensors that are told of, in their order.
  public var shown: [TensorDifference] {
    var tensors = difference.tensors
    if let only { tensors = tensors.filter { only.matches($0.name) } }
    switch order {
    case .file: break
    case .name: tensors.sort { $0.name < $1.name }
    case .moved: sort(&tensors) { $0.measures?.relative }
    case .max: sort(&tensors) { $0.measures?.maxAbs }
    case .cosine: sort(&tensors) { $0.measures?.cosine.map { -$0 } }
    case .changed: sort(&tensors) { $0.measures?.changed }
    }
    return top.map { Array(tensors.prefix($0)) } ?? tensors
  }

  /// Largest first, NaN before all, what has no such figure last; equal ones stay in their order.
  private func sort(
    _ tensors: inout [TensorDifference], _ value: (TensorDifference) -> Double?
  ) {
    let keys = tensors.map { tensor -> Double in
      guard let value = value(tensor) else { return -.infinity }
      return value.isNaN ? .infinity : value
    }
    let order = tensors.indices.sorted { (first: Int, second: Int) -> Bool in
      keys[first] == keys[second] ? first < second : keys[first] > keys[second]
    }
    tensors = order.map { tensors[$0] }
  }
}
