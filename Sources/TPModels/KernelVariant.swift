internal import CTPKernels

/// Which instructions the kernels use. All of them give the same bits.
public enum KernelVariant: String, Hashable, Sendable, CaseIterable {
  /// Any processor; slow where it has no fused multiply-add.
  case portable
  /// arm64, where vectors and fused multiply-adds are part of every processor.
  case neon
  /// x86-64 with AVX2 and FMA.
  case avx2
  /// x86-64 with AVX-512.
  case avx512

  /// The fastest that this processor runs.
  public static let best: KernelVariant = available.last ?? .portable

  /// Those that this processor runs, the fastest last.
  public static let available: [KernelVariant] = {
    #if arch(arm64)
      [.neon]
    #else
      [.portable] + [.avx2, .avx512].filter { $0.code <= tp_best_variant() }
    #endif
  }()

  /// The number by which the kernels in C know it.
  package var code: Int32 {
    switch self {
    case .portable, .neon: TP_PORTABLE
    case .avx2: TP_AVX2
    case .avx512: TP_AVX512
    }
  }
}
