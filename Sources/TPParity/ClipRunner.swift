private import Dispatch
internal import Synchronization
internal import TPBytes

/// Runs `body` for every clip, on at most `threads` threads, and gives the results in clip order.
///
/// - Throws: the error of the first clip in order that has one.
func mapClips<Value: Sendable>(
  _ count: Int, threads: Int, _ body: @Sendable (Int) throws(PortError) -> Value
) throws(PortError) -> [Value] {
  let next = Atomic<Int>(0)
  let results = Mutex<[Result<Value, PortError>?]>(Array(repeating: nil, count: count))
  DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
    while true {
      let clip = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard clip < count else { return }
      let result: Result<Value, PortError>
      do throws(PortError) {
        result = .success(try body(clip))
      } catch {
        result = .failure(error)
      }
      results.withLock { $0[clip] = result }
    }
  }
  var values: [Value] = []
  for result in results.withLock({ $0 }) {
    if let result { values.append(try result.get()) }
  }
  return values
}
