#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// A program that is not ours, run for what it prints. No shell is between, it reads nothing, and it
/// ends with this process's patience.
package struct ForeignProgram: Hashable, Sendable {
  /// The path of its executable.
  package let path: String

  /// The program of a name in the folders of `PATH`; `nil` where there is none.
  ///
  /// Only folders that are named from the root are looked into: not the one where we happen to run.
  package init?(named name: String) {
    guard let folders = unsafe getenv("PATH").map({ unsafe String(cString: $0) }) else {
      return nil
    }
    let paths = folders.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
    guard let path = paths.first(where: { unsafe access($0, X_OK) == 0 && !isFolder($0) }) else {
      return nil
    }
    self.path = path
  }

  /// What came of a run.
  package struct Outcome: Hashable, Sendable {
    /// How it ended.
    package var ending: ChildProcess.Ending
    /// The first of what it printed as errors.
    package var errors: String
  }

  /// The most bytes of errors that are kept.
  private static let mostErrors = 16 << 10

  /// Runs it and hands over what it prints as it comes.
  ///
  /// - Parameters:
  ///   - seconds: how long it may take, by the clock on the wall.
  ///   - take: gets the next bytes; where it throws, the program is killed.
  /// - Throws: `PortError` where it cannot be started or takes too long, and what `take` throws.
  package func run(
    _ arguments: [String], seconds: Int, take: (ArraySlice<UInt8>) throws(PortError) -> Void
  ) throws(PortError) -> Outcome {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let output = try Pipe()
    let errors = try Pipe()
    // Messages in English, without colours, whoever asks.
    let environment = ChildProcess.environment + ["LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"]
    let (process, code) = ChildProcess.spawn(
      path, arguments, environment: environment, streams: [nil, output.writing, errors.writing])
    guard code == 0 else {
      throw PortError(.inputOutput, "cannot start \(name): \(systemMessage(code))")
    }
    output.closeWriting()
    errors.closeWriting()
    var ended = false
    defer {
      if !ended {
        kill(process, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
      }
    }
    let deadline = ContinuousClock.now + .seconds(seconds)
    var kept: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var open = [output.reading, errors.reading]
    while !open.isEmpty {
      for stream in try ForeignProgram.ready(open, name, seconds, deadline) {
        let count = unsafe buffer.withUnsafeMutableBytes {
          unsafe read(stream, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        if count <= 0 {
          open.removeAll { $0 == stream }
        } else if stream == output.reading {
          try take(buffer[..<count])
        } else {
          kept += buffer[..<min(count, ForeignProgram.mostErrors - kept.count)]
        }
      }
    }
    var status: Int32 = 0
    while true {
      let found = unsafe waitpid(process, &status, WNOHANG)
      if found == process { break }
      guard found == 0 || errno == EINTR else {
        throw PortError(.inputOutput, "lost \(name): \(systemMessage(errno))")
      }
      guard ContinuousClock.now < deadline else {
        throw ForeignProgram.late(name, seconds)
      }
      usleep(500)
    }
    ended = true
    return Outcome(
      ending: ChildProcess.Ending(waitStatus: status), errors: String(decoding: kept, as: UTF8.self)
    )
  }

  /// Those of some streams from which something can be read, or that have ended.
  private static func ready(
    _ streams: [Int32], _ name: String, _ seconds: Int, _ deadline: ContinuousClock.Instant
  ) throws(PortError) -> [Int32] {
    var waits = streams.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      let left = ContinuousClock.now.duration(to: deadline).components
      guard left.seconds >= 0, left.attoseconds >= 0 else { throw late(name, seconds) }
      let pause = min(1_000, left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000 + 1)
      let count = unsafe poll(&waits, nfds_t(waits.count), Int32(pause))
      if count > 0 { return waits.filter { $0.revents != 0 }.map(\.fd) }
      guard count == 0 || errno == EINTR else {
        throw PortError(.inputOutput, "cannot wait for \(name): \(systemMessage(errno))")
      }
    }
  }

  private static func late(_ name: String, _ seconds: Int) -> PortError {
    PortError(.limit, "\(name) took longer than \(seconds) seconds and was stopped")
  }
}

/// A pipe from a process to us, neither end inherited by others.
private final class Pipe {
  let reading: Int32
  private(set) var writing: Int32

  init() throws(PortError) {
    let ends = try descriptorPair("a pipe") { (ends: inout [Int32]) in unsafe pipe(&ends) }
    (reading, writing) = (ends[0], ends[1])
  }

  func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  deinit {
    closeWriting()
    close(reading)
  }
}
