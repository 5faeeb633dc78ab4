/// Which tensors of a state_dict share memory, as every writer of weight files needs to know it.
///
/// Names with the same storage, offset, shape, strides and type are aliases: they stand for one
/// tensor, which is written once and comes back tied. Tensors without elements are never aliases.
/// Other tensors that see some of the same bytes overlap: a format without storages must write each
/// in full.
public struct TensorSharing: Hashable, Sendable {
  /// Groups of two or more names of one tensor, groups and names in the order of the state_dict; the
  /// first name of each is the one under which the tensor is written.
  public let aliases: [[String]]
  /// Groups of two or more names whose tensors overlap, directly or through others of the group,
  /// without being one tensor; of aliases only the first is listed.
  public let overlapping: [[String]]
  private let firstNames: [String: String]

  /// The name under which the tensor of a name is written: for an alias the first of its group, for
  /// any other name itself.
  public func writtenName(of name: String) -> String { firstNames[name] ?? name }

  /// Whether a name is an alias of one that is written.
  public func isAlias(_ name: String) -> Bool { writtenName(of: name) != name }

  /// Groups of two or more places of one tensor in a list, groups and places in order.
  ///
  /// Tensors without elements are never aliases.
  package static func aliases(of tensors: [Tensor]) -> [[Int]] {
    groups(of: tensors).filter { $0.count > 1 }
  }

  /// The places of each tensor that has elements.
  private static func groups(of tensors: [Tensor]) -> [[Int]] {
    var known: [TensorIdentity: Int] = [:]
    known.reserveCapacity(tensors.count)
    var groups: [[Int]] = []
    for (place, tensor) in tensors.enumerated() where tensor.shape.elementCount > 0 {
      // Made and found in one search.
      let group = number(&known[TensorIdentity(tensor), default: groups.count])
      if group == groups.count { groups.append([]) }
      groups[group].append(place)
    }
    return groups
  }

  private static func number(_ entry: inout Int) -> Int { entry }

  init(_ stateDict: StateDict) {
    let entries = stateDict.entries
    let groups = Self.groups(of: entries.map(\.tensor))
    let distinct = groups.compactMap { $0.first.map { entries[$0] } }
    aliases = groups.filter { $0.count > 1 }.map { $0.map { entries[$0].name } }
    var firstNames: [String: String] = [:]
    for group in aliases {
      for name in group.dropFirst() { firstNames[name] = group[0] }
    }
    self.firstNames = firstNames
    overlapping = OverlapSearch(distinct).groups.map { $0.map { distinct[$0].name } }
  }
}

/// What two names of one tensor have in common.
struct TensorIdentity: Hashable {
  private let storage: ObjectIdentifier
  private let offset: Int
  private let shape: Shape
  private let strides: [Int]
  private let dtype: DType
  private let layout: TensorLayout
  private let pending: PendingOperations

  init(_ tensor: Tensor) {
    storage = ObjectIdentifier(tensor.storage)
    offset = tensor.offset
    shape = tensor.shape
    strides = tensor.strides
    dtype = tensor.dtype
    layout = tensor.layout
    pending = tensor.pending
  }
}

extension StateDict {
  /// Which of the tensors share memory.
  ///
  /// - Complexity: linear in the number of entries; where views that are not contiguous lie within
  ///   each other's bounds, also in the bytes of their storages.
  public var sharing: TensorSharing { TensorSharing(self) }

  /// Groups of names that stand for one tensor (same storage, offset, shape, strides and type), in
  /// order; groups of one are left out.
  public var aliases: [[String]] { sharing.aliases }
}
