/// The memo of a pickle: numbers to values. Numbers that follow each other lie in an array, others
/// in a dictionary, so that one `LONG_BINPUT` of 2^31 costs one entry.
struct PickleMemo {
  private var dense: [PickleArena.Handle] = []
  private var sparse: [Int: PickleArena.Handle] = [:]

  /// How many numbers are in use; the number that `MEMOIZE` takes.
  var count: Int { dense.count + sparse.count }

  subscript(key: Int) -> PickleArena.Handle? {
    key >= 0 && key < dense.count ? dense[key] : sparse[key]
  }

  /// - Precondition: `key` is not negative.
  mutating func set(_ key: Int, to handle: PickleArena.Handle) {
    if key < dense.count {
      dense[key] = handle
    } else if key == dense.count {
      // An earlier, larger number may lie in the dictionary and be reached only now.
      if !sparse.isEmpty { sparse[key] = nil }
      dense.append(handle)
    } else {
      sparse[key] = handle
    }
  }
}
