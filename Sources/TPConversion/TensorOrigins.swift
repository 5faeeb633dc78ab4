/// Where each tensor of a plan comes from, and what was done to it on the way.
public struct TensorOrigins: Sendable {
  /// The past of one tensor.
  public struct Origin: Hashable, Sendable {
    /// The names in the file of what it was made from, in order; several after a join.
    public var sources: [String]
    /// What was done, in order, each as a clause, for example `split from qkv.weight`; names that
    /// merely changed are not listed.
    public var changes: [String]

    /// A past.
    public init(sources: [String], changes: [String] = []) {
      self.sources = sources
      self.changes = changes
    }
  }

  private var origins: [String: Origin] = [:]

  /// Nothing is known yet.
  public init() {}

  /// The past of the tensor that has a name now.
  public subscript(name: String) -> Origin? {
    get { origins[name] }
    set { origins[name] = newValue }
  }

  /// The past of every tensor by the name that it has now, in no order.
  var all: [String: Origin] { origins }

  /// Adds that something was done to the tensor that has a name now.
  public mutating func note(_ change: String, on name: String) {
    origins[name, default: Origin(sources: [])].changes.append(change)
  }
}
