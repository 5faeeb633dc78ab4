#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

internal import Synchronization

/// Held while new descriptors get the mark that keeps them from other processes, and while a process
/// is started: without it one that another thread starts could get them and keep them open, and nobody
/// would see that the one they are for has ended.
let descriptorTurn = Mutex(())

/// Two descriptors from a call of the system, inherited by no other process and away from the numbers
/// of the standard streams, as which a child gets them.
///
/// - Parameters:
///   - what: what they are, for the error.
///   - make: the call; 0 where it succeeds.
/// - Throws: `PortError` where the system gives none.
func descriptorPair(
  _ what: String, _ make: (inout [Int32]) -> Int32
) throws(PortError) -> [Int32] {
  var ends: [Int32] = [-1, -1]
  let code = descriptorTurn.withLock { _ -> Int32 in
    guard make(&ends) == 0 else { return errno }
    for place in ends.indices {
      let moved = fcntl(ends[place], F_DUPFD_CLOEXEC, 3)
      close(ends[place])
      ends[place] = moved
    }
    return 0
  }
  guard code == 0 else {
    throw PortError(.inputOutput, "cannot make \(what): \(systemMessage(code))")
  }
  guard ends.allSatisfy({ $0 >= 0 }) else {
    for end in ends where end >= 0 { close(end) }
    throw PortError(.inputOutput, "cannot make \(what): too many files are open")
  }
  return ends
}
