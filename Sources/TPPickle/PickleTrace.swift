public import TPBytes

/// One opcode that the machine carried out.
public struct PickleStep: Hashable, Sendable {
  /// What it is.
  public let opcode: PickleOpcode
  /// Where it lies with its operand: bytes from the start of what the machine was given.
  public let range: Range<Int>
  /// The value on top of the stack after it, where it left one.
  public let top: PickleArena.Handle?
  /// How many MARKs are open after it.
  public let marks: Int
}

/// A run of the machine that keeps what was built up to an error, for who judges what a file would
/// do rather than what it holds: Python carries out every opcode before the one that fails, too.
public struct PickleTrace: Sendable {
  /// The pickle, where it was run to its STOP.
  public let pickle: Pickle?
  /// Why it was not.
  public let error: PortError?
  /// Everything that was built, whether the run came to its end or not.
  public let arena: PickleArena
  /// The number that its PROTO opcode gives, or 0 without one.
  public let protocolNumber: Int
  /// Where the first opcode that was not carried out begins; behind STOP, where there is no error.
  public let end: Int
  /// Frames that end inside of an opcode, or begin inside of another frame. Python's two unpicklers
  /// read such a pickle differently.
  public let oddFrames: [Pickle.Frame]
}

extension PickleMachine {
  /// Runs the pickle that begins at `offset`, opcode by opcode, to its STOP or to the first error.
  ///
  /// - Parameters:
  ///   - bytes: a file or record; every offset counts from its start.
  ///   - offset: where the pickle begins.
  ///   - limits: the bounds on what the pickle may build.
  ///   - observe: is told of every opcode that was carried out, with the values built so far.
  /// - Throws: `PortError` where `offset` lies outside of the bytes; every other error is part of
  ///   the result.
  public static func trace(
    _ bytes: RawSpan, from offset: Int = 0, limits: ReadLimits = ReadLimits(),
    observe: (PickleStep, borrowing PickleArena) -> Void = { _, _ in }
  ) throws(PortError) -> PickleTrace {
    var machine = try PickleMachine(bytes, from: offset, limits: limits)
    return machine.trace(observe)
  }

  private mutating func trace(
    _ observe: (PickleStep, borrowing PickleArena) -> Void
  ) -> PickleTrace {
    var watch = FrameWatch()
    var pickle: Pickle?
    var failure: PortError?
    repeat {
      do throws(PortError) {
        pickle = try step(&watch, observe)
      } catch {
        failure = error
      }
    } while pickle == nil && failure == nil
    return PickleTrace(
      pickle: pickle, error: failure, arena: arena, protocolNumber: protocolNumber,
      end: pickle?.range.upperBound ?? opcodeOffset, oddFrames: watch.odd)
  }

  /// One turn of the loop in `run`, observed.
  private mutating func step(
    _ watch: inout FrameWatch, _ observe: (PickleStep, borrowing PickleArena) -> Void
  ) throws(PortError) -> Pickle? {
    let opcode = try nextOpcode()
    guard opcode != .stop else {
      let pickle = try finish()
      observe(
        PickleStep(
          opcode: opcode, range: opcodeOffset..<cursor.offset, top: pickle.root,
          marks: marks.count), arena)
      return pickle
    }
    do throws(PortError) {
      try execute(opcode)
    } catch {
      throw explained(error, opcode)
    }
    let range = opcodeOffset..<cursor.offset
    watch.pass(range)
    if opcode == .frame, let frame = frames.last { watch.begin(frame) }
    let top = stack.count > marks.last ?? 0 ? stack.last : nil
    observe(PickleStep(opcode: opcode, range: range, top: top, marks: marks.count), arena)
    return nil
  }
}

/// Follows the frames that are open.
private struct FrameWatch {
  private(set) var odd: [Pickle.Frame] = []
  private var open: Pickle.Frame?

  mutating func begin(_ frame: Pickle.Frame) {
    // The frame that is open must have ended before another begins.
    if let outer = open { note(outer) }
    open = frame.range.isEmpty ? nil : frame
  }

  mutating func pass(_ range: Range<Int>) {
    guard let frame = open, frame.range.upperBound <= range.upperBound else { return }
    if frame.range.upperBound != range.upperBound { note(frame) }
    open = nil
  }

  private mutating func note(_ frame: Pickle.Frame) {
    if odd.count < 16 { odd.append(frame) }
  }
}
