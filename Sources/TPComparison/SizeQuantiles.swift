internal import CTPKernels
internal import Synchronization
internal import TPBytes

/// How many differences have which high bits of their sizes, counted by several threads.
final class SizeHistogram: Sendable {
  private let bins = Mutex([Int](repeating: 0, count: Int(TP_SIZE_BINS)))

  /// Counts with memory of its own, and adds what it holds.
  func counting<Result>(_ body: (UnsafeMutablePointer<UInt32>) -> Result) -> Result {
    let size = Int(TP_SIZE_BINS)
    let rows = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * size)
    defer { unsafe rows.deallocate() }
    unsafe rows.initialize(repeating: 0, count: 2 * size)
    let result = unsafe body(rows)
    bins.withLock { bins in
      for bin in 0..<size {
        bins[bin] += Int(unsafe rows[bin]) + Int(unsafe rows[size + bin])
      }
    }
    return result
  }

  /// Those of finite sizes.
  var counts: [Int] { bins.withLock { Array($0[..<Int(TP_SIZE_INFINITE)]) } }
}

/// The sizes of the differences of two tensors, gone through by the kernels in C.
struct Sizes<Element: MeasuredElement> {
  let kernel: MeasureKernel<Element>
  let type: Int32
  let variant: Int32

  /// Up to this many elements all sizes are simply gathered.
  static var few: Int { 1 << 13 }
  static var all: ClosedRange<UInt64> { 0...UInt64(TP_SIZE_INFINITE) << UInt64(TP_SIZE_SHIFT) - 1 }

  /// The sizes whose bits lie in each of at most two ranges, in any order.
  ///
  /// - Parameter counts: how many there are at most.
  func gather(_ ranges: [ClosedRange<UInt64>], _ counts: [Int]) -> [[Double]] {
    let parts = Lumps.map(kernel.count) { lump in
      var found = ranges.map { _ in [Double]() }
      unsafe pass(ranges, lump) { place, numbers in unsafe found[place].append(contentsOf: numbers)
      }
      return found
    }
    if parts.count == 1 { return parts[0] }
    return ranges.indices.map { place in parts.flatMap { $0[place] } }
  }

  /// Hands over the sizes in each of at most two ranges, run by run.
  private func pass(
    _ ranges: [ClosedRange<UInt64>], _ elements: Range<Int>,
    _ body: (Int, UnsafeBufferPointer<Double>) -> Void
  ) {
    let none = tp_range(first: 1 << 63, last: 1 << 63)
    var wanted = [none, none]
    for (place, range) in ranges.prefix(2).enumerated() {
      wanted[place] = tp_range(first: range.lowerBound, last: range.upperBound)
    }
    let room = MeasureKernel<Element>.run + 8
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: 2 * room)
    defer { unsafe memory.deallocate() }
    for run in elements.runs(MeasureKernel<Element>.run) {
      let targets: [UnsafeMutablePointer<Double>?] = unsafe [memory, memory + room]
      var found = [0, 0]
      _ = unsafe kernel.withElements(run) { a, b in
        unsafe targets.withUnsafeBufferPointer { targets in
          unsafe tp_sizes(variant, type, run.count, a, b, wanted, targets.baseAddress, &found)
        }
      }
      for place in ranges.indices where found[place] > 0 {
        unsafe body(
          place, UnsafeBufferPointer(start: memory + place * room, count: found[place]))
      }
    }
  }

  /// Quantiles of the finite sizes, as `OrderStatistics.quantiles` has them.
  ///
  /// - Parameter histogram: `nil` where there are few.
  func quantiles(_ shares: [Double], finite: Int, _ histogram: SizeHistogram?) -> [Double] {
    guard let histogram else {
      let numbers = gather([Self.all], [finite])[0]
      return OrderStatistics.quantiles(shares, count: finite) { ranks in
        OrderStatistics.selected(ranks, of: numbers)
      }
    }
    let source = OrderStatistics.Source(
      counts: histogram.counts, shift: Int(TP_SIZE_SHIFT),
      gather: { ranges, counts in gather(ranges, counts) },
      pass: { range, body in
        unsafe pass([range], 0..<kernel.count) { _, numbers in
          for index in 0..<numbers.count { body(unsafe numbers[index]) }
        }
      })
    return OrderStatistics.quantiles(shares, count: finite) { ranks in
      OrderStatistics.values(ranks, of: source)
    }
  }
}
