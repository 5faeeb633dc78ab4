extension ReadLimits {
  /// A limit by its name, for errors that tell which one was met and for whoever sets one by a text.
  /// ``ReadLimits/depth`` and ``ReadLimits/rank`` are not among them: stacks and PyTorch bound these.
  public enum Named: String, CaseIterable, Sendable {
    /// ``ReadLimits/objects``
    case objects
    /// ``ReadLimits/freeObjects``
    case freeObjects = "free-objects"
    /// ``ReadLimits/pickleBytes``
    case pickleBytes = "pickle-bytes"
    /// ``ReadLimits/members``
    case members
    /// ``ReadLimits/headerBytes``
    case headerBytes = "header-bytes"
    /// ``ReadLimits/pathText``
    case pathText = "path-text"
    /// ``ReadLimits/materialisedBytes``
    case materialisedBytes = "materialised-bytes"
    /// ``ReadLimits/inflateRatio``
    case inflateRatio = "inflate-ratio"
    /// ``ReadLimits/pickleInflateRatio``
    case pickleInflateRatio = "pickle-inflate-ratio"

    /// What to do about a file that met this limit.
    public var remedy: String { "raise the limit \(rawValue) if you trust the file" }

    /// The largest value that this limit may have: sums of such values cannot overflow.
    public var most: Int {
      switch self {
      case .objects, .freeObjects, .members: 1 << 31
      case .pickleBytes, .headerBytes, .pathText, .materialisedBytes: 1 << 46
      case .inflateRatio, .pickleInflateRatio: 1 << 20
      }
    }

    /// Where the limit lies.
    fileprivate var keyPath: WritableKeyPath<ReadLimits, Int> {
      switch self {
      case .objects: \.objects
      case .freeObjects: \.freeObjects
      case .pickleBytes: \.pickleBytes
      case .members: \.members
      case .headerBytes: \.headerBytes
      case .pathText: \.pathText
      case .materialisedBytes: \.materialisedBytes
      case .inflateRatio: \.inflateRatio
      case .pickleInflateRatio: \.pickleInflateRatio
      }
    }
  }

  /// A limit by its name; more than ``Named/most`` is that.
  public subscript(named: Named) -> Int {
    get { self[keyPath: named.keyPath] }
    set { self[keyPath: named.keyPath] = max(0, min(newValue, named.most)) }
  }
}
