/// Bytes that several owners lend from: an array, a file read into memory, or a file mapped.
///
/// They never change while the object lives. A mapped file that another process shortens raises
/// SIGBUS when its lost pages are touched; that is why only large files are mapped.
@safe public final class SharedBytes: Sendable {
  private enum Origin: Sendable {
    case allocated, mapped
    case lent(SharedBytes)
  }

  // Immutable once initialised, and freed only by deinit: that is what makes Sendable true.
  nonisolated(unsafe) private let base: UnsafeRawPointer?
  private let origin: Origin
  /// How many bytes there are.
  public let count: Int
  /// Whether the bytes are a mapping of a file, rather than memory of our own.
  public var isMapped: Bool {
    switch origin {
    case .allocated: false
    case .mapped: true
    case .lent(let owner): owner.isMapped
    }
  }

  /// Copies an array.
  public init(_ array: [UInt8]) {
    count = array.count
    origin = .allocated
    if array.isEmpty {
      unsafe base = nil
    } else {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 64)
      unsafe memory.copyBytes(from: array)
      unsafe base = UnsafeRawPointer(memory.baseAddress)
    }
  }

  /// Fills `count` new bytes, aligned to 64, through a closure that must write all of them.
  ///
  /// - Parameters:
  ///   - count: at least 0.
  ///   - fill: writes all of the memory that it is given.
  public init<E: Error>(
    count: Int, filling fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    precondition(count >= 0)
    self.count = count
    origin = .allocated
    // A page fault for each 4 KiB costs more than reading what comes there.
    let alignment = count < 2 * largePage ? 64 : largePage
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: alignment)
    if alignment == largePage { unsafe adviseLargePages(memory, count) }
    do {
      unsafe try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
    } catch {
      unsafe memory.deallocate()
      throw error
    }
    unsafe base = UnsafeRawPointer(memory)
  }

  /// Takes over memory that `mmap` returned.
  package init(mapped base: UnsafeRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
    origin = .mapped
  }

  /// The bytes of a region as bytes of their own, without a copy: a file inside of a file.
  public init(lending region: ByteRegion) {
    count = region.count
    origin = .lent(region.owner)
    unsafe base = region.owner.base.map { unsafe $0 + region.range.lowerBound }
  }

  deinit {
    guard let base = unsafe base else { return }
    switch origin {
    case .allocated: unsafe base.deallocate()
    case .mapped: unsafe unmap(base, count)
    case .lent: break
    }
  }

  /// All the bytes, lent.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let buffer = unsafe UnsafeRawBufferPointer(start: base, count: count)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
    }
  }

  /// While the work runs, places of a mapped file are read as they come, and not those around them as well:
  /// the headers of a large archive lie far apart.
  package func readingHereAndThere<Result, E: Error>(
    _ work: () throws(E) -> Result
  ) throws(E) -> Result {
    guard case .mapped = origin, let base = unsafe base else { return try work() }
    unsafe adviseRandomAccess(base, count, true)
    defer { unsafe adviseRandomAccess(base, count, false) }
    return try work()
  }

  /// All of it as a region.
  public var region: ByteRegion { ByteRegion(unchecked: self, 0..<count) }
}

/// A range of shared bytes; keeps them alive.
public struct ByteRegion: Sendable {
  /// What the bytes belong to.
  public let owner: SharedBytes
  /// Where they lie in it; within its bounds.
  public let range: Range<Int>

  package init(unchecked owner: SharedBytes, _ range: Range<Int>) {
    self.owner = owner
    self.range = range
  }

  /// Copies an array into shared bytes of its own.
  public init(_ array: [UInt8]) {
    self = SharedBytes(array).region
  }

  /// How many bytes there are.
  public var count: Int { range.count }

  /// The bytes, lent.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      unsafe _overrideLifetime(owner.bytes.extracting(range), borrowing: self)
    }
  }

  /// `length` bytes from `offset` on, or `nil` where they do not lie inside.
  public func slice(offset: Int, length: Int) -> ByteRegion? {
    guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
    let start = range.lowerBound + offset
    return ByteRegion(unchecked: owner, start..<start + length)
  }

  /// Whether both have the same length and the same bytes.
  public func hasSameBytes(as other: ByteRegion) -> Bool {
    guard count == other.count else { return false }
    return unsafe bytes.withUnsafeBytes { left in
      unsafe other.bytes.withUnsafeBytes { right in unsafe equalBytes(left, right) }
    }
  }

  /// The bytes, copied.
  public func array() -> [UInt8] {
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
