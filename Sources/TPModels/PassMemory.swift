/// The memory of forward passes of one program: one block for each thread.
///
/// Large, and new memory costs as much as a convolution of it, so it is kept and lent again.
@safe final class PassMemory: Sendable {
  private let blocks: [FixedMemory<Float>]
  /// Where each block begins, as C takes them.
  nonisolated(unsafe) let pointers: [UnsafeMutablePointer<Float>?]

  init(count: Int, threads: Int) {
    blocks = (0..<max(1, threads)).map { _ in FixedMemory(count: count) }
    unsafe pointers = blocks.map { unsafe $0.base }
  }

  var threads: Int { blocks.count }
}
