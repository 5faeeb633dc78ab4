internal import Synchronization
internal import TPBytes
internal import TPTensors

// What parent and child say to each other, little-endian. Requests, of one fixed size each:
//   open      u8 1, then the fields of ReadLimits as 8 x i64
//   storage   u8 2, then i64 the storage's place, then zeros
// Answers:
//   u8 kind (0 failure, 1 done), u64 length, as many bytes: see CheckpointEncoder, or the elements

/// A request to the child.
enum HDF5Message {
  static let byteCount = 65

  static func open(_ limits: ReadLimits) -> [UInt8] {
    request(
      1,
      [
        limits.depth, limits.objects, limits.pickleBytes, limits.members, limits.headerBytes,
        limits.materialisedBytes, limits.inflateRatio, limits.rank,
      ])
  }

  static func storage(_ place: Int) -> [UInt8] { request(2, [place]) }

  private static func request(_ kind: UInt8, _ fields: [Int]) -> [UInt8] {
    var writer = ByteWriter(capacity: byteCount)
    writer.append([kind])
    for field in fields { writer.little(Int64(field)) }
    return writer.bytes + Array(repeating: 0, count: byteCount - writer.bytes.count)
  }

  /// The kind and the fields of a request.
  static func parse(_ bytes: [UInt8]) throws(PortError) -> (kind: UInt8, fields: [Int]) {
    var cursor = ByteCursor(bytes.span.bytesView)
    let kind = try cursor.byte()
    var fields: [Int] = []
    while cursor.remaining >= 8 { fields.append(Int(try cursor.little(Int64.self))) }
    return (kind, fields)
  }
}

extension ReadLimits {
  /// The limits that `HDF5Message.open` carries.
  init(fields: [Int]) {
    self.init()
    guard fields.count == 8 else { return }
    (depth, objects, pickleBytes, members) = (fields[0], fields[1], fields[2], fields[3])
    (headerBytes, materialisedBytes) = (fields[4], fields[5])
    (inflateRatio, rank) = (fields[6], fields[7])
  }
}

/// The parent's side of one child: a question, an answer, one at a time.
final class HDF5Session: Sendable {
  private struct Child: ~Copyable {
    var process: ChildProcess
    /// Set once, when the child is of no more use.
    var failure: PortError?
  }

  private let child: Mutex<Child>
  private let launcher: HDF5Launcher

  init(_ launcher: HDF5Launcher, path: String) throws(PortError) {
    self.launcher = launcher
    child = Mutex(
      Child(
        process: try ChildProcess(
          executable: launcher.executable, arguments: launcher.arguments + [path])))
  }

  /// An answer of at most so many bytes, on a file of `byteCount` bytes.
  func ask(
    _ request: [UInt8], atMost limit: Int, for byteCount: Int
  ) throws(PortError) -> ByteRegion {
    try ask(request, 0...limit, seconds: launcher.seconds(for: byteCount))
  }

  /// An answer of exactly so many bytes.
  func ask(_ request: [UInt8], exactly count: Int) throws(PortError) -> ByteRegion {
    try ask(request, count...count, seconds: launcher.seconds(for: count))
  }

  private func ask(
    _ request: [UInt8], _ counts: ClosedRange<Int>, seconds: Int
  ) throws(PortError) -> ByteRegion {
    let result = child.withLock { child -> Result<ByteRegion, PortError> in
      if let failure = child.failure { return .failure(failure) }
      do throws(Channel.Failure) {
        return try exchange(
          request, counts, child.process.channel, by: ContinuousClock.now + .seconds(seconds))
      } catch {
        let failure = explain(error, &child.process)
        child.failure = failure
        return .failure(failure)
      }
    }
    return try result.get()
  }

  /// The inner failure is the child's own sentence, after which it can be asked again.
  private func exchange(
    _ request: [UInt8], _ counts: ClosedRange<Int>, _ channel: borrowing Channel,
    by deadline: ContinuousClock.Instant
  ) throws(Channel.Failure) -> Result<ByteRegion, PortError> {
    try channel.send(request.span.bytesView, by: deadline)
    let head = try channel.receive(9, by: deadline)
    let count = head[1...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let isDone = head[0] == 1
    guard head[0] <= 1, let count = Int(exactly: count),
      isDone ? counts.contains(count) : count <= 1 << 20
    else {
      throw .nonsense
    }
    let bytes = try unsafe SharedBytes(count: count) {
      (buffer: UnsafeMutableRawBufferPointer) throws(Channel.Failure) in
      try unsafe channel.receive(into: buffer, by: deadline)
    }
    if isDone { return .success(bytes.region) }
    do throws(PortError) {
      return .failure(try PortError(encoded: bytes.bytes))
    } catch {
      throw .nonsense
    }
  }

  private func explain(
    _ failure: Channel.Failure, _ process: inout ChildProcess
  ) -> PortError {
    let damaged = "the file is damaged or made to crash its reader; fetch it again"
    switch failure {
    case .late:
      return PortError(
        .limit, "libhdf5 takes longer than \(launcher.seconds) seconds to read it",
        remedy: damaged)
    case .nonsense:
      return PortError(
        .malformed, "libhdf5 was led astray by the file: its process gives no sensible answer",
        remedy: damaged)
    case .system(let code):
      return PortError(
        .inputOutput, "the process that reads the file cannot be asked: \(systemMessage(code))")
    case .closed:
      guard let ending = process.end() else {
        return PortError(.malformed, "libhdf5 crashed while it read the file", remedy: damaged)
      }
      if ending.isOutOfTime {
        return PortError(
          .limit, "libhdf5 needs more processor time than a file may take", remedy: damaged)
      }
      return PortError(
        .malformed, "libhdf5 crashed while it read the file (\(ending))", remedy: damaged)
    }
  }
}
