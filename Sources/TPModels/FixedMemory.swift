/// Numbers at a fixed address, aligned to 64 bytes and 0 at first.
///
/// Who holds one decides who writes it: a program's weights are written before it is shared, a
/// workspace belongs to one pass at a time. That is what makes Sendable true.
@safe final class FixedMemory<Number: BitwiseCopyable & Numeric>: Sendable {
  nonisolated(unsafe) let base: UnsafeMutablePointer<Number>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Number>.stride, alignment: 64)
    unsafe base = bytes.bindMemory(to: Number.self, capacity: max(count, 1))
    unsafe base.initialize(repeating: 0, count: max(count, 1))
  }

  deinit { unsafe base.deallocate() }
}
