internal import Synchronization
internal import TPBytes

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// One line on stderr that tells how far a long job is; only on a terminal, and only after a second.
final class ProgressLine: Sendable {
  private let isShown: Bool
  private let start = ContinuousClock.now
  /// How many columns the line takes now.
  private let width = Mutex(0)

  init() {
    isShown = isatty(2) == 1
  }

  /// Replaces the line.
  func show(_ text: String) {
    guard isShown, start.duration(to: .now) > .seconds(1) else { return }
    let cut = String(text.prefix(78))
    width.withLock { width in
      tell("\r" + cut + String(repeating: " ", count: max(0, width - cut.count)))
      width = cut.count
    }
  }

  /// Takes the line away, so that a report can begin where it stood.
  func remove() {
    width.withLock { width in
      if width > 0 { tell("\r" + String(repeating: " ", count: width) + "\r") }
      width = 0
    }
  }
}
