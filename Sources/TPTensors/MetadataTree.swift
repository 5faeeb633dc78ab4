/// Everything that a file says besides tensor bytes: a graph of values in one array.
///
/// Values refer to each other by handle, so a value that occurs twice is stored once and one that
/// contains itself is representable. Walk it with a visited set or a budget, never by trust.
public struct MetadataTree: Sendable {
  /// A reference to a value of this tree.
  public struct Handle: Hashable, Sendable {
    package let index: Int32
    package init(index: Int32) { self.index = index }
  }

  /// One key of a mapping.
  public struct Entry: Hashable, Sendable {
    /// The key; any kind of value.
    public var key: Handle
    /// The value under it.
    public var value: Handle

    /// A key and its value.
    public init(key: Handle, value: Handle) {
      self.key = key
      self.value = value
    }
  }

  /// A value.
  public enum Node: Hashable, Sendable {
    /// Python's `None`.
    case none
    /// A truth value.
    case bool(Bool)
    /// An integer that fits 64 bits.
    case int(Int)
    /// Any other integer, in decimal digits.
    case bigInt(String)
    /// A number.
    case float(Double)
    /// A text.
    case string(String)
    /// A text with a surrogate that has no partner, which Unicode text cannot hold: UTF-16 units.
    case brokenString([UInt16])
    /// Bytes.
    case bytes([UInt8])
    /// A list.
    case list([Handle])
    /// A tuple.
    case tuple([Handle])
    /// A set or frozenset, in the order of the file.
    case set([Handle])
    /// A mapping in order.
    case dict([Entry])
    /// A tensor or array: its place for `Checkpoint.record(at:)`.
    case tensor(Int)
    /// A class or function by name, for example `torch.float32`.
    case global(String)
    /// An object of a class that the file names: fields, then what it contains as list or mapping.
    /// Kept apart, so that a million numbers do not take the room of a million objects.
    indirect case object(
      className: String, arguments: [Handle], fields: [Entry], items: [Handle], entries: [Entry])
  }

  /// The values; a handle is a place in it.
  public private(set) var nodes: [Node] = []
  /// The value that the file holds.
  public var root: Handle?

  /// Starts empty.
  public init() {}

  /// Adds a value.
  public mutating func add(_ node: Node) -> Handle {
    nodes.append(node)
    return Handle(index: Int32(clamping: nodes.count - 1))
  }

  /// Replaces a value, so that it can contain itself.
  public mutating func replace(_ handle: Handle, with node: Node) {
    nodes[Int(handle.index)] = node
  }

  /// The value of a handle.
  public subscript(handle: Handle) -> Node { nodes[Int(handle.index)] }

  /// The value under a text key of a mapping.
  public func value(_ key: String, of handle: Handle?) -> Handle? {
    guard let handle else { return nil }
    let entries: [Entry]
    switch self[handle] {
    case .dict(let own): entries = own
    case .object(_, _, let fields, _, let own): entries = own + fields
    default: return nil
    }
    return entries.first { self[$0.key] == .string(key) }?.value
  }

  /// The value at the end of a path of text keys from the root.
  public func value(at path: String...) -> Handle? {
    path.reduce(root) { value($1, of: $0) }
  }

  /// The node at the end of a path of text keys from the root.
  public func node(at path: String...) -> Node? {
    path.reduce(root) { value($1, of: $0) }.map { self[$0] }
  }
}
