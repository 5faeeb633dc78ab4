public import TPBytes

/// The extents of a tensor, outermost first; `[]` is a scalar. None is negative and their product
/// fits an `Int`: a `Shape` exists only when both hold.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// The extent of each dimension.
  public let extents: [Int]
  /// The number of elements; 1 for a scalar.
  public let elementCount: Int

  /// Checks extents that come from a file.
  ///
  /// - Throws: `PortError` for a negative extent, a product beyond `Int`, or a rank over `limits.rank`.
  public init(_ extents: [Int], limits: ReadLimits = ReadLimits()) throws(PortError) {
    guard extents.count <= limits.rank else {
      throw PortError(
        .limit, "a tensor has \(extents.count) dimensions, more than \(limits.rank)")
    }
    var count = 1
    var isEmpty = false
    for extent in extents {
      guard extent >= 0 else {
        throw PortError(.malformed, "a tensor has a dimension of \(extent) elements")
      }
      // (0, 2^62, 2^62) has no elements; the other extents still may not overflow together.
      if extent == 0 { isEmpty = true }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else {
        throw PortError(
          .limit, "a tensor of shape \(extents) has more elements than can be counted")
      }
      count = product
    }
    self.extents = extents
    elementCount = isEmpty ? 0 : count
  }

  /// A shape of our own making.
  ///
  /// - Precondition: no extent is negative and the product fits an `Int`.
  public init(known extents: [Int]) {
    self.extents = extents
    elementCount = extents.reduce(1, *)
    precondition(extents.allSatisfy { $0 >= 0 })
  }

  /// The number of dimensions.
  public var rank: Int { extents.count }

  /// The extent of one dimension.
  public subscript(dimension: Int) -> Int { extents[dimension] }

  /// The strides, in elements, of a contiguous row-major tensor, as PyTorch reports them.
  public var contiguousStrides: [Int] {
    var strides = Array(repeating: 1, count: extents.count)
    var step = 1
    for dimension in extents.indices.reversed() {
      strides[dimension] = step
      step *= max(extents[dimension], 1)
    }
    return strides
  }

  /// As in PyTorch's messages: `(16, 1, 3, 3, 3)`, `(512,)`, `()`.
  public var description: String {
    extents.count == 1
      ? "(\(extents[0]),)" : "(" + extents.map(String.init).joined(separator: ", ") + ")"
  }
}
