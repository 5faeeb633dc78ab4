/// How far weights moved from one checkpoint to the next, in float64: of a tensor, a layer or a model.
public struct Movement: Hashable, Sendable {
  /// The tensor's name, the layer's, or the empty text for the whole model.
  public var name: String
  /// How many elements were compared.
  public var count: Int
  /// ||W_k-1||, the Euclidean norm before.
  public var norm: Double
  /// ||W_k - W_k-1||.
  public var update: Double
  /// The cosine of the angle between this update and the one before it: near -1 the weights swing to
  /// and fro; `nil` for the first update and where one of the two is zero.
  public var cosine: Double?
  /// ||W_k - W_1|| / ||W_1||, the distance from the first checkpoint; `nil` where ||W_1|| is zero or
  /// the first does not have it.
  public var fromFirst: Double?
  /// Whether every bit stayed.
  public var isUnmoved: Bool

  /// ||W_k - W_k-1|| / ||W_k-1||; `nil` where ||W_k-1|| is zero.
  public var relative: Double? { norm == 0 ? nil : update / norm }
}

/// The sums that a movement is made of; those of a layer are the sums of its tensors'.
struct MovementSums {
  var count = 0
  var norm = 0.0
  var update = 0.0
  var earlierUpdate = 0.0
  var product = 0.0
  var hasEarlier = true
  var isUnmoved = true

  /// Adds those of another tensor.
  mutating func add(_ other: MovementSums) {
    count += other.count
    norm += other.norm
    update += other.update
    earlierUpdate += other.earlierUpdate
    product += other.product
    hasEarlier = hasEarlier && other.hasEarlier
    isUnmoved = isUnmoved && other.isUnmoved
  }

  /// The figures; the distance from the first is added later.
  func movement(_ name: String) -> Movement {
    let lengths = update.squareRoot() * earlierUpdate.squareRoot()
    let hasCosine = hasEarlier && lengths != 0 && lengths.isFinite
    return Movement(
      name: name, count: count, norm: norm.squareRoot(), update: update.squareRoot(),
      cosine: hasCosine ? product / lengths : nil, fromFirst: nil, isUnmoved: isUnmoved)
  }

  /// Sums over one tensor, a block at a time; each block's sum is added to the whole's.
  ///
  /// - Parameter earlier: the checkpoint before `before`, where it has the tensor.
  init(from before: ElementBlocks, to after: ElementBlocks, earlier: ElementBlocks?) {
    count = after.count
    isUnmoved = before.isIdentical(to: after)
    hasEarlier = earlier != nil
    var (w, v, u): ([Double], [Double], [Double]) = ([], [], [])
    for range in ElementBlocks.ranges(after.count) {
      before.load(range, into: &w)
      if !isUnmoved { after.load(range, into: &v) }
      var part = (norm: 0.0, update: 0.0, earlier: 0.0, product: 0.0)
      for value in w { part.norm += value * value }
      if !isUnmoved {
        for index in w.indices {
          let delta = v[index] - w[index]
          part.update += delta * delta
        }
      }
      if let earlier {
        // Of what stays now the update before counts all the same, in its layer's.
        earlier.load(range, into: &u)
        for index in w.indices {
          let old = w[index] - u[index]
          part.earlier += old * old
          if !isUnmoved { part.product += old * (v[index] - w[index]) }
        }
      }
      norm += part.norm
      update += part.update
      earlierUpdate += part.earlier
      product += part.product
    }
  }

  init() {}
}
