internal import CTPKernels

/// Which instructions the kernels use. All of them give the same bits.
public enum KernelVariant: String, Hashable, Sendable, CaseIterable {
  /// Any processor; slow where it has no fused multiply-add.
  case portable
  /// x86-64 with AVX2 and FMA.
  case avx2

  /// The fastest that this processor runs.
  public static let best: KernelVariant = tp_best_variant() == TP_AVX2 ? .avx2 : .portable

  /// Those that this processor runs.
  public static var available: [KernelVariant] { best == .avx2 ? [.portable, .avx2] : [.portable] }

  var code: Int32 { self == .avx2 ? TP_AVX2 : TP_PORTABLE }
}
