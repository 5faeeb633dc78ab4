internal import TPBytes
internal import TPTensors

/// An output unit that says nothing any more.
public struct DeadUnit: Hashable, Sendable {
  /// Why it is called dead; the raw value stands in JSON.
  public enum Reason: String, Hashable, Sendable {
    /// The running variance of its batch norm is below ``BatchNormDrift/deadVariance``.
    case variance
    /// Every weight that leads to it is zero: a slice along the first axis of a tensor whose name ends
    /// in `weight` and which has two axes or more.
    case zeroWeights = "zero_weights"
  }

  /// The tensor that shows it.
  public var tensor: String
  /// The channel: the index along the first axis.
  public var channel: Int
  /// Why.
  public var reason: Reason
  /// The first file in which it is dead: a place in ``RunHistory/files``.
  public var firstFile: Int
  /// Whether it is dead in the last file, too.
  public var isDeadAtLast: Bool
}

/// A tensor with elements that are no numbers or infinite.
public struct NonFiniteTensor: Hashable, Sendable {
  /// The file: a place in ``RunHistory/files``.
  public var file: Int
  /// The tensor.
  public var tensor: String
  /// How many elements are NaN.
  public var nan: Int
  /// How many are infinite.
  public var infinite: Int
}

/// What one checkpoint's tensors show by themselves.
struct TensorCondition {
  var nan = 0
  var infinite = 0
  /// The channels that are dead, at most ``mostUnits`` of them.
  var dead: [Int] = []
  var reason = DeadUnit.Reason.variance
  static let mostUnits = 10_000

  /// - Returns: `nil` for tensors of other numbers than floating-point ones.
  init?(name: String, _ tensor: Tensor, _ limits: ReadLimits) throws(PortError) {
    guard tensor.dtype.isFloatingPoint, let blocks = try ElementBlocks(tensor, limits) else {
      return nil
    }
    let last = name.split(separator: ".").last ?? ""
    let isVariance = last == "running_var"
    let channels = tensor.shape.rank > 0 ? tensor.shape[0] : 0
    let width =
      last == "weight" && tensor.shape.rank > 1 && channels > 0 ? blocks.count / channels : 0
    if !isVariance { reason = .zeroWeights }
    var values: [Double] = []
    var isZero = true
    var place = 0
    for range in ElementBlocks.ranges(blocks.count) {
      blocks.load(range, into: &values)
      for value in values {
        if !value.isFinite { if value.isNaN { nan += 1 } else { infinite += 1 } }
        if isVariance, value < BatchNormDrift.deadVariance { add(place) }
        if width > 0 {
          if value != 0 { isZero = false }
          if (place + 1).isMultiple(of: width) {
            if isZero { add(place / width) }
            isZero = true
          }
        }
        place += 1
      }
    }
  }

  private mutating func add(_ channel: Int) {
    if dead.count < Self.mostUnits { dead.append(channel) }
  }
}
