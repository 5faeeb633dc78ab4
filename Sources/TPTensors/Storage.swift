internal import Synchronization
public import TPBytes

/// The bytes behind one or more tensors, as `torch.UntypedStorage`: shared by every view of it.
///
/// The bytes are fetched on first use (a checksum is verified, a compressed member inflated) and
/// then kept, unless a pass that does not need them twice used them; two tensors share memory exactly
/// when their storages are the same object.
public final class Storage: Sendable {
  /// Which end of a number comes first in the bytes.
  public enum ByteOrder: String, Hashable, Sendable { case little, big }

  private enum State: Sendable {
    case ready(ByteRegion)
    case failed(PortError)
    case pending(@Sendable () throws(PortError) -> ByteRegion)
  }

  /// The name of the storage in its file, for example `17`, or the name of a dataset.
  public let key: String
  /// The device that it was saved from, for example `cpu` or `cuda:0`.
  public let location: String
  /// The order of the bytes of each number.
  public let byteOrder: ByteOrder
  /// How many bytes it has.
  public let byteCount: Int
  private let budget: CacheBudget?
  private let state: Mutex<State>
  private let knownDigest = Mutex<[UInt8]?>(nil)

  /// A storage whose bytes are there.
  public init(
    key: String, location: String = "cpu", byteOrder: ByteOrder = .little, region: ByteRegion
  ) {
    self.key = key
    self.location = location
    self.byteOrder = byteOrder
    byteCount = region.count
    budget = nil
    state = Mutex(.ready(region))
  }

  /// A storage whose bytes are fetched on first use.
  ///
  /// - Parameters:
  ///   - key: its name in the file.
  ///   - location: the device that it was saved from.
  ///   - byteOrder: the order of the bytes of an element.
  ///   - byteCount: how many bytes `fetch` will give; checked then.
  ///   - budget: what bounds how much `bytes(caching: false)` keeps, for bytes that are made in memory
  ///     and can be made again; `nil` keeps them always.
  ///   - fetch: gives the bytes or says why it cannot; without a budget called at most once, and never
  ///     again after a failure.
  public init(
    key: String, location: String = "cpu", byteOrder: ByteOrder = .little, byteCount: Int,
    budget: CacheBudget? = nil,
    fetch: @escaping @Sendable () throws(PortError) -> ByteRegion
  ) {
    self.key = key
    self.location = location
    self.byteOrder = byteOrder
    self.byteCount = byteCount
    self.budget = budget
    state = Mutex(.pending(fetch))
  }

  /// The bytes, fetched if they are not there.
  ///
  /// - Parameter caching: whether what is fetched is kept for the next call. A pass over all tensors of
  ///   a file that uses each once has no need of it; then it is kept only where the budget allows.
  /// - Throws: `PortError` where they cannot be had; once it was thrown, the same one on every call.
  public func bytes(caching: Bool = true) throws(PortError) -> ByteRegion {
    let result: Result<ByteRegion, PortError> = state.withLock { state in
      switch state {
      case .ready(let region): return .success(region)
      case .failed(let error): return .failure(error)
      case .pending(let fetch):
        do throws(PortError) {
          let region = try fetch()
          guard region.count == byteCount else {
            throw PortError(
              .malformed, "a storage of \(byteCount) bytes came with \(region.count)", record: key)
          }
          if caching || budget?.take(byteCount) ?? true { state = .ready(region) }
          return .success(region)
        } catch {
          state = .failed(error)
          return .failure(error)
        }
      }
    }
    return try result.get()
  }

  /// The SHA-256 of all the bytes, where somebody computed it: 32 bytes. What was let go need not be
  /// fetched once more to be hashed once more.
  package var digest: [UInt8]? {
    get { knownDigest.withLock { $0 } }
    set { knownDigest.withLock { $0 = newValue } }
  }
}
