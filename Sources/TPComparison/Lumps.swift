private import Dispatch
internal import Synchronization

/// What takes long is done in lumps of a fixed size, on as many processors as there are; their results
/// are put together in their order, so that neither threads nor processors change a bit.
enum Lumps {
  /// Elements of a lump: 32 runs.
  static let elements = 1 << 20

  /// What `body` gives for each lump of so many elements, in their order.
  static func map<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Range<Int>) -> Value
  ) -> [Value] {
    perform((count + elements - 1) / elements) { lump in
      body(lump * elements..<min(count, (lump + 1) * elements))
    }
  }

  /// What `body` gives for each number below `count`, in their order.
  static func perform<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) -> Value
  ) -> [Value] {
    if count <= 1 { return (0..<count).map(body) }
    let results = Mutex<[Value?]>(Array(repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: count) { place in
      let value = body(place)
      results.withLock { $0[place] = value }
    }
    return results.withLock { $0.compactMap { $0 } }
  }
}

extension Range<Int> {
  /// The runs of a range, each of `length` but the last.
  func runs(_ length: Int) -> some Sequence<Range<Int>> {
    stride(from: lowerBound, to: upperBound, by: length).lazy.map {
      $0..<Swift.min(upperBound, $0 + length)
    }
  }
}
