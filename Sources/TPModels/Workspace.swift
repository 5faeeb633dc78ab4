internal import Synchronization

/// The buffers of one forward pass. They are large, and new memory costs as much as a convolution
/// of it, so they are kept and lent again.
struct Workspace: Sendable {
  /// What the last layer gave, from the start.
  var current: [Double]
  /// What the next layer may write.
  var next: [Double]
  /// An input with its padding.
  var padded: [Double]

  init(elements: Int, padded paddedCount: Int) {
    current = Array(repeating: 0, count: elements)
    next = Array(repeating: 0, count: elements)
    padded = Array(repeating: 0, count: paddedCount)
  }
}

/// Buffers that no pass uses at the moment.
final class Lent<Value: Sendable>: Sendable {
  private let free = Mutex<[Value]>([])

  /// One that was returned, or a new one.
  func take(_ make: () -> Value) -> Value {
    free.withLock { $0.popLast() } ?? make()
  }

  /// Keeps one for the next pass; one is enough for each thread that runs at the same time.
  func give(_ value: Value) {
    free.withLock { $0.append(value) }
  }
}
