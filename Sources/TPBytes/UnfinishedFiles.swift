#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

internal import Synchronization

/// The temporary files that are being written, and their folders, so that a signal can remove them.
///
/// A signal handler may not allocate or lock: names lie in fixed slots of C memory, and a slot is
/// published by one pointer store. Threads that write take turns at the slots.
package enum UnfinishedFiles {
  private static let slots = 64
  private static let turn = Mutex(())
  nonisolated(unsafe) private static let names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> =
    {
      let names = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: slots)
      unsafe names.initialize(repeating: nil, count: slots)
      return unsafe names
    }()

  package static func add(_ path: String) {
    turn.withLock { _ in
      for slot in 0..<slots where unsafe names[slot] == nil {
        unsafe names[slot] = strdup(path)
        return
      }
    }
  }

  package static func remove(_ path: String) {
    turn.withLock { _ in
      for slot in 0..<slots {
        guard let name = unsafe names[slot], unsafe strcmp(name, path) == 0 else { continue }
        unsafe names[slot] = nil
        unsafe free(name)
        return
      }
    }
  }

  /// On SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU: remove what is unfinished, then die of that
  /// signal as usual; one that is ignored, as SIGHUP under nohup, stays so. A file that grows beyond the process's limit becomes an error of `write`, not a signal.
  package static func removeOnSignals() {
    _ = unsafe names  // made now: a handler must not run the initialiser
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU] where !isIgnored(number) {
      signal(number) { number in
        for slot in 0..<UnfinishedFiles.slots {
          if let name = unsafe UnfinishedFiles.names[slot] {
            if unsafe unlink(name) != 0 { unsafe rmdir(name) }
          }
        }
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    #if canImport(Darwin)
      let handler = unsafe action.__sigaction_u.__sa_handler
    #else
      let handler = unsafe action.__sigaction_handler.sa_handler
    #endif
    // SIG_IGN is the number 1 in the place of a function.
    return unsafe unsafeBitCast(handler, to: Int.self) == 1
  }
}
