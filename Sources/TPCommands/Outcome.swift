internal import ArgumentParser
internal import TPBytes
internal import TPReports

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// The exit statuses; one table for every command.
enum Status: Int32 {
  /// Done, equal, parity holds.
  case done = 0
  /// Different, parity broken.
  case different = 1
  /// Unreadable or malformed input, input or output error.
  case failed = 2
  /// Nothing could be compared.
  case undecided = 3
  /// Wrong usage.
  case usage = 64

  /// The status of a failure.
  init(_ error: PortError) {
    switch error.kind {
    case .usage: self = .usage
    case .undecided: self = .undecided
    default: self = .failed
    }
  }
}

/// What a command found: printed as text or as JSON. Only the one that is printed is made.
struct Outcome {
  let status: Status
  let text: () -> String
  let json: () -> JSONValue
  /// Sentences for stderr that do not change the status.
  let warnings: [String]

  init(
    status: Status, text: @autoclosure @escaping () -> String,
    json: @autoclosure @escaping () -> JSONValue, warnings: [String] = []
  ) {
    self.status = status
    self.text = text
    self.json = json
    self.warnings = warnings
  }
}

/// The options that every command has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object instead of text (docs/json describes it).")
  var json = false

  /// Does the work, prints its outcome, and ends with its status.
  func report(_ command: String, _ work: () throws(PortError) -> Outcome) throws {
    let status: Status
    do throws(PortError) {
      let outcome = try work()
      status = outcome.status
      for warning in outcome.warnings { complain(sentence: "warning: \(warning)") }
      if json {
        let document = Envelope(command: command, status: status.rawValue, body: outcome.json())
        document.json.write(.indented) { emit(bytes: $0) }
        emit("\n")
      } else {
        emit(outcome.text())
      }
    } catch {
      status = Status(error)
      complain(sentence: error.description)
      if json {
        emit(
          Envelope(command: command, status: status.rawValue, error: error).json.text(.indented)
            + "\n")
      }
    }
    if status != .done { throw ExitCode(status.rawValue) }
  }
}

/// Writes to stdout, all of it or else status 2: a report that was cut is not a report.
func emit(_ text: String) {
  emit(bytes: Array(text.utf8))
}

/// The same for a piece of a report.
func emit(bytes: [UInt8]) {
  let isDone = unsafe bytes.withUnsafeBufferPointer { unsafe emit($0, to: 1) }
  if !isDone {
    complain("\(Tool.name): cannot write the report to stdout: \(systemMessage(errno))")
    finish(Status.failed.rawValue)
  }
}

/// Writes a line to stderr.
func complain(_ line: String) {
  _ = emit(line + "\n", to: 2)
}

/// Says a sentence on stderr. Names in it may come from a file: no control character of one reaches a
/// terminal.
func complain(sentence: String) {
  complain("\(Tool.name): \(printable(sentence, limit: 20_000))")
}

/// Writes to stderr as it is.
func tell(_ text: String) {
  _ = emit(text, to: 2)
}

/// Writes all of a text; false where it cannot, with `errno` set.
func emit(_ text: String, to descriptor: Int32) -> Bool {
  var text = text
  return text.withUTF8 { unsafe emit($0, to: descriptor) }
}

private func emit(_ buffer: UnsafeBufferPointer<UInt8>, to descriptor: Int32) -> Bool {
  var done = 0
  while done < buffer.count {
    let start = unsafe buffer.baseAddress?.advanced(by: done)
    let count = unsafe writeBytes(descriptor, start, buffer.count - done)
    if count < 0 {
      if errno == EINTR { continue }
      return false
    }
    done += count
  }
  return true
}

private func writeBytes(_ descriptor: Int32, _ start: UnsafePointer<UInt8>?, _ count: Int) -> Int {
  #if canImport(Glibc)
    unsafe Glibc.write(descriptor, start, count)
  #elseif canImport(Musl)
    unsafe Musl.write(descriptor, start, count)
  #else
    unsafe Darwin.write(descriptor, start, count)
  #endif
}

/// Ends the process.
func finish(_ status: Int32) -> Never {
  exit(status)
}

/// How many processors are online; at least 1.
func processorCount() -> Int {
  max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
