#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// One end of a socket between two of our processes; closed at the end of its life.
package struct Channel: ~Copyable, Sendable {
  /// Why nothing comes or goes any more.
  package enum Failure: Error, Hashable, Sendable {
    /// The other end is closed: its process has ended.
    case closed
    /// The time is up.
    case late
    /// What came is not what the two ends agreed on.
    case nonsense
    /// The operating system's error number.
    case system(Int32)
  }

  let descriptor: Int32

  /// Takes over an open descriptor.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Two connected ends, neither inherited by other processes.
  static func pair() throws(PortError) -> ChannelPair {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = Int32(SOCK_STREAM)
    #endif
    let ends = try descriptorPair("a socket") { (ends: inout [Int32]) in
      unsafe socketpair(AF_UNIX, kind, 0, &ends)
    }
    #if canImport(Darwin)
      for end in ends {
        var yes: Int32 = 1
        _ = unsafe setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &yes, 4)
      }
    #endif
    return ChannelPair(
      ours: Channel(descriptor: ends[0]), theirs: Channel(descriptor: ends[1]))
  }

  /// Sends all the bytes.
  ///
  /// - Parameter deadline: by when; `nil` waits for ever.
  package func send(
    _ bytes: RawSpan, by deadline: ContinuousClock.Instant? = nil
  ) throws(Failure) {
    #if canImport(Glibc)
      var flags = Int32(MSG_NOSIGNAL)
      if deadline != nil { flags |= Int32(MSG_DONTWAIT) }
    #elseif canImport(Musl)
      let flags = deadline == nil ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_DONTWAIT
    #else
      let flags = deadline == nil ? 0 : MSG_DONTWAIT
    #endif
    var done = 0
    while done < bytes.byteCount {
      try wait(for: POLLOUT, by: deadline)
      let count = unsafe bytes.extracting(done..<bytes.byteCount).withUnsafeBytes {
        unsafe systemSend(descriptor, $0.baseAddress, min($0.count, 1 << 20), flags)
      }
      if count >= 0 { done += count } else { try judge(errno) }
    }
  }

  /// Receives as many bytes as the buffer has.
  ///
  /// - Parameter deadline: by when; `nil` waits for ever.
  package func receive(
    into buffer: UnsafeMutableRawBufferPointer, by deadline: ContinuousClock.Instant? = nil
  ) throws(Failure) {
    var done = 0
    while done < buffer.count {
      try wait(for: POLLIN, by: deadline)
      let count = unsafe recv(
        descriptor, buffer.baseAddress?.advanced(by: done), min(buffer.count - done, 1 << 20), 0)
      if count == 0 { throw .closed }
      if count > 0 { done += count } else { try judge(errno) }
    }
  }

  /// Receives `count` bytes.
  package func receive(
    _ count: Int, by deadline: ContinuousClock.Instant? = nil
  ) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: Failure?
    unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(Failure) {
        try unsafe receive(into: buffer, by: deadline)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private func wait(for event: Int32, by deadline: ContinuousClock.Instant?) throws(Failure) {
    guard let deadline else { return }
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { throw .late }
      let milliseconds =
        left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
      var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: event), revents: 0)
      let found = unsafe poll(&entry, 1, Int32(clamping: min(milliseconds, 60_000)))
      if found > 0 { return }
      if found < 0, errno != EINTR { throw .system(errno) }
    }
  }

  private func judge(_ code: Int32) throws(Failure) {
    switch code {
    case EINTR, EAGAIN: return
    case EPIPE, ECONNRESET: throw .closed
    default: throw .system(code)
    }
  }
}

/// Both ends of a socket.
struct ChannelPair: ~Copyable {
  let ours: Channel
  let theirs: Channel
}

private func systemSend(
  _ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  unsafe send(descriptor, start, count, flags)
}
