extension Layer {
  /// A convolution over one, two or three axes, as many as its lists have.
  public struct Convolution: Hashable, Sendable {
    /// What lies beyond the border, as `padding_mode` has it.
    public enum Border: String, Hashable, Sendable, CaseIterable {
      /// Zeros.
      case zeros
      /// The numbers before the border in reverse, without the outermost.
      case reflect
      /// The outermost number.
      case replicate
      /// The numbers at the other end.
      case circular
    }

    /// Channels of the input.
    public var inputs: Int
    /// Channels of the output.
    public var outputs: Int
    /// Extents of the kernel.
    public var kernel: [Int]
    /// Steps between outputs.
    public var stride: [Int]
    /// Numbers added before each axis.
    public var padding: [Int]
    /// Numbers added after each axis; other than `padding` only where PyTorch's `same` is odd.
    public var paddingAfter: [Int]
    /// Steps between the inputs under a kernel.
    public var dilation: [Int]
    /// Parts into which the channels are divided, each convolved by itself.
    public var groups: Int
    /// Whether there is a bias.
    public var hasBias: Bool
    /// What is added.
    public var border: Border

    /// A convolution with PyTorch's defaults.
    public init(
      _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil,
      paddingAfter: [Int]? = nil, dilation: [Int]? = nil, groups: Int = 1, hasBias: Bool = true,
      border: Border = .zeros
    ) {
      self.inputs = inputs
      self.outputs = outputs
      self.kernel = kernel
      self.stride = stride ?? kernel.map { _ in 1 }
      self.padding = padding ?? kernel.map { _ in 0 }
      self.paddingAfter = paddingAfter ?? self.padding
      self.dilation = dilation ?? kernel.map { _ in 1 }
      self.groups = groups
      self.hasBias = hasBias
      self.border = border
    }

    /// Whether every output is a sum over all channels of touching inputs, zeros around them.
    package var isPlain: Bool {
      groups == 1 && border == .zeros && paddingAfter == padding
        && dilation.allSatisfy { $0 == 1 }
    }

    /// The same over depth, height, width: axes that are not there have an extent of 1.
    package var inVolume: Convolution {
      var copy = self
      copy.kernel = kernel.inVolume(1)
      copy.stride = stride.inVolume(1)
      copy.padding = padding.inVolume(0)
      copy.paddingAfter = paddingAfter.inVolume(0)
      copy.dilation = dilation.inVolume(1)
      return copy
    }

    /// Extents from the first to the last input under a kernel.
    var reach: [Int] { zip(kernel, dilation).map { ($0 - 1) * $1 + 1 } }
  }

  /// Windows of a pooling over one, two or three axes.
  public struct Pool: Hashable, Sendable {
    /// What becomes of a last window that does not fit.
    public enum Rounding: Hashable, Sendable {
      /// It is left out.
      case floor
      /// It is pooled: `ceil_mode`.
      case ceiling
    }

    /// Extents of the window.
    public var kernel: [Int]
    /// Steps between windows.
    public var stride: [Int]
    /// How far windows reach beyond both ends of each axis; no maximum sees what is there, and to a
    /// sum it is 0.
    public var padding: [Int]
    /// Steps between the inputs of a window; of a maximum only.
    public var dilation: [Int]
    /// Whether a window that does not fit whole at the end is pooled all the same.
    public var rounding: Rounding
    /// Whether a mean counts the padding.
    public var countsPadding: Bool
    /// What a sum is divided by in place of the count.
    public var divisor: Int?

    /// Pooling; windows touch unless a stride is given.
    public init(
      _ kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil, dilation: [Int]? = nil,
      rounding: Rounding = .floor, countsPadding: Bool = true, divisor: Int? = nil
    ) {
      self.kernel = kernel
      self.stride = stride ?? kernel
      self.padding = padding ?? kernel.map { _ in 0 }
      self.dilation = dilation ?? kernel.map { _ in 1 }
      self.rounding = rounding
      self.countsPadding = countsPadding
      self.divisor = divisor
    }

    /// The same over depth, height, width: axes that are not there have an extent of 1.
    package var inVolume: Pool {
      var copy = self
      copy.kernel = kernel.inVolume(1)
      copy.stride = stride.inVolume(1)
      copy.padding = padding.inVolume(0)
      copy.dilation = dilation.inVolume(1)
      return copy
    }

    /// Whether every window lies whole in the input, its elements side by side.
    package var isPlain: Bool {
      rounding == .floor && padding.allSatisfy { $0 == 0 } && dilation.allSatisfy { $0 == 1 }
    }
  }
}

extension [Int] {
  /// Sizes of up to three axes as those of depth, height, width.
  func inVolume(_ missing: Int) -> [Int] {
    Array(repeating: missing, count: Swift.max(0, 3 - count)) + self
  }

  /// (channels, ...) as (channels, depth, height, width).
  package var volume: [Int] { prefix(1) + Array(dropFirst()).inVolume(1) }
}
