internal import Synchronization
internal import TPBytes

/// How many bytes the storages of one file keep of what passes over them fetched
/// (`Storage.bytes(caching:)`): a small file is inflated once, a large one is never in memory whole.
public final class CacheBudget: Sendable {
  private let left: Mutex<Int>

  /// As many bytes as a file may have that is read into memory.
  public convenience init() { self.init(SharedBytes.mappingThreshold) }

  /// A budget of so many bytes.
  public init(_ byteCount: Int) { left = Mutex(byteCount) }

  /// Whether so many bytes are left, which are then taken.
  func take(_ count: Int) -> Bool {
    left.withLock { left in
      guard count <= left else { return false }
      left -= count
      return true
    }
  }
}
