internal import TPTensors

extension MetadataTree {
  /// Whether a value is a tensor, or holds tensors on every level and no other values.
  ///
  /// A quantized or sparse tensor is an object around its elements; what it is made of is its own.
  func holdsOnlyTensors(_ handle: Handle) -> Bool {
    var pending = [handle]
    var seen: Set<Handle> = [handle]
    var hasTensor = false
    while let next = pending.popLast() {
      let inside: [Handle]
      switch self[next] {
      case .tensor:
        hasTensor = true
        continue
      case .dict(let entries): inside = entries.map(\.value)
      case .list(let elements), .tuple(let elements): inside = elements
      case .object("collections.OrderedDict", let arguments, _, let items, let entries)
      where arguments.isEmpty && items.isEmpty:
        inside = entries.map(\.value)
      case .object(_, let arguments, _, _, _) where arguments.count == 1:
        guard case .tensor = self[arguments[0]] else { return false }
        inside = arguments
      default: return false
      }
      for value in inside where seen.insert(value).inserted { pending.append(value) }
    }
    return hasTensor
  }
}
