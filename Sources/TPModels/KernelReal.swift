internal import CTPKernels

/// A type of number that the kernels are compiled for. Arrays are checked here, before C sees them;
/// they may be longer than needed, because they are reused.
protocol KernelReal: BinaryFloatingPoint, Sendable {
  /// Outputs that a linear layer computes together.
  static var linearBlock: Int { get }

  static func pad(_ sizes: tp_conv3d, _ x: [Self], into padded: inout [Self])
  static func convolve(
    _ variant: Int32, _ sizes: tp_conv3d, _ padded: [Self], _ weights: [Self], _ bias: [Self],
    into out: inout [Self])
  static func accumulate(
    _ variant: Int32, _ matrix: PackedMatrix<Self>, _ x: UnsafePointer<Self>,
    into sums: inout [Self])
  static func scale(
    _ variant: Int32, channels: Int, count: Int, _ scale: [Self], _ shift: [Self],
    _ x: inout [Self])
  static func relu(_ variant: Int32, count: Int, _ x: inout [Self])
  static func maxPool(_ variant: Int32, _ pool: Pooling, _ x: [Self], into out: inout [Self])
  static func averagePool(_ pool: Pooling, again: Bool, _ x: [Self], into out: inout [Self])
}

/// The sizes of a pooling layer; depth, height, width.
struct Pooling: Sendable {
  var channels: Int
  var input: [Int]
  var kernel: [Int] = [1, 1, 1]
  var stride: [Int] = [1, 1, 1]
  var output: [Int]

  var inputCount: Int { channels * input.reduce(1, *) }
  var outputCount: Int { channels * output.reduce(1, *) }
}

extension tp_conv3d {
  var inputCount: Int { in_channels * input.0 * input.1 * input.2 }
  var outputCount: Int { out_channels * output.0 * output.1 * output.2 }
  var paddedCount: Int {
    in_channels * (input.0 + 2 * padding.0) * (input.1 + 2 * padding.1) * stride.2 * phase
  }
}
