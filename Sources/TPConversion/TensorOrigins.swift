/// Where each tensor of a plan comes from, and what was done to it on the way.
struct TensorOrigins: Sendable {
  /// The past of one tensor.
  struct Origin: Hashable, Sendable {
    /// The names in the file of what it was made from, in order; several after a join.
    var sources: [String]
    /// What was done, in order, each as a clause, for example `0 to 4 of axis 0 of qkv.weight`; names
    /// that merely changed are not listed.
    var changes: [String] = []
  }

  private var origins: [String: Origin] = [:]

  /// The past of the tensor that has a name now.
  subscript(name: String) -> Origin? {
    get { origins[name] }
    set { origins[name] = newValue }
  }

  /// The past of every tensor by the name that it has now, in no order.
  var all: [String: Origin] { origins }

  /// Adds that something was done to the tensor that has a name now.
  mutating func note(_ change: String, on name: String) {
    origins[name, default: Origin(sources: [])].changes.append(change)
  }
}
