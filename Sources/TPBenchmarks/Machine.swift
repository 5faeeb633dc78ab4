internal import CTPKernels
internal import Dispatch
public import TPModels

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// What the processors of this machine can do at most, measured.
public struct Machine: Hashable, Sendable {
  /// The processor's own name; empty where the system does not tell.
  public let processor: String
  /// Processors that this process may use.
  public let processors: Int
  /// The kernels that ran.
  public let kernels: KernelVariant
  /// Fused multiply-adds from registers, as operations a second (two each), by number of threads.
  public let peaks: [Int: Double]
  /// Bytes a second that are copied from memory to memory, by one thread.
  public let copying: Double

  /// A machine as it was described.
  public init(
    processor: String, processors: Int, kernels: KernelVariant, peaks: [Int: Double],
    copying: Double
  ) {
    self.processor = processor
    self.processors = processors
    self.kernels = kernels
    self.peaks = peaks
    self.copying = copying
  }

  /// Measures; takes about half a second for each number of threads.
  ///
  /// - Parameters:
  ///   - threads: numbers of threads whose peak is wanted, each at least 1.
  ///   - kernels: whose instructions are to be timed.
  public static func measured(threads: [Int], kernels: KernelVariant = .best) -> Machine {
    var peaks: [Int: Double] = [:]
    for count in Set(threads).sorted() { peaks[count] = peak(threads: count, kernels) }
    return Machine(
      processor: processorName(), processors: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
      kernels: kernels, peaks: peaks, copying: copyBandwidth())
  }

  private static func peak(threads: Int, _ kernels: KernelVariant) -> Double {
    let variant = kernels.code
    let rounds = kernels == .portable ? 200_000 : 4_000_000
    _ = tp_fma_peak(variant, rounds)
    var best = 0.0
    // The fastest of some: whatever else runs can only take away.
    for _ in 0..<5 {
      let start = ContinuousClock.now
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        _ = tp_fma_peak(variant, rounds)
      }
      let operations = 2.0 * Double(tp_fma_peak(variant, 0)) * Double(rounds) * Double(threads)
      best = max(best, operations / seconds(start.duration(to: .now)))
    }
    return best
  }

  private static func copyBandwidth() -> Double {
    let count = 128 << 20
    let from = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
    let to = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
    defer {
      unsafe from.deallocate()
      unsafe to.deallocate()
    }
    unsafe memset(from, 1, count)
    unsafe memset(to, 2, count)
    var best = 0.0
    for _ in 0..<5 {
      let start = ContinuousClock.now
      unsafe memcpy(to, from, count)
      best = max(best, Double(count) / seconds(start.duration(to: .now)))
    }
    return best
  }

  private static func processorName() -> String {
    #if canImport(Darwin)
      var buffer = [CChar](repeating: 0, count: 256)
      var size = buffer.count
      guard unsafe sysctlbyname("machdep.cpu.brand_string", &buffer, &size, nil, 0) == 0 else {
        return ""
      }
      return String(
        decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #else
      guard let file = unsafe fopen("/proc/cpuinfo", "r") else { return "" }
      defer { unsafe fclose(file) }
      var line = [CChar](repeating: 0, count: 1024)
      while unsafe fgets(&line, Int32(line.count), file) != nil {
        let text = String(
          decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
        return text[text.index(after: colon)...].split(whereSeparator: \.isWhitespace)
          .joined(separator: " ")
      }
      return ""
    #endif
  }
}
