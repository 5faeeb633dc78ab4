internal import TPTensors

/// A way from a value to one that it holds.
struct MetadataStep {
  /// How a path names it.
  enum Name {
    /// A key of a dict or a field of an object.
    case key(MetadataTree.Handle)
    /// A place in a list, tuple or set, or among an object's items.
    case index(Int)
    /// A place among the arguments of a constructor.
    case argument(Int)
    /// A place among the keys of a dict, for a key that is itself a tensor or holds one.
    case keys(Int)
    /// No component: the object stands for what it holds.
    case same
  }

  let name: Name
  let target: MetadataTree.Handle
}

/// Objects that are more to PyTorch than what they hold.
struct KnownObjects {
  /// Objects that stand for a tensor, their first argument: a storage, a Parameter with attributes.
  var wrappers: Set<MetadataTree.Handle> = []
  /// Modules: their entries are their state_dict, level by level, and what their fields hold is not.
  var modules: Set<MetadataTree.Handle> = []
  /// Places of tensors that are NumPy arrays.
  var arrays: Set<Int> = []
  /// Places of tensors that are storages of no tensor's.
  var storages: Set<Int> = []
}

extension MetadataTree {
  /// The values that a value holds, in the order of the file.
  func steps(from handle: Handle, _ known: KnownObjects) -> [MetadataStep] {
    let isWrapper = known.wrappers.contains(handle)
    switch self[handle] {
    case .object(_, _, _, _, let entries) where known.modules.contains(handle):
      return steps(entries)
    case .list(let elements), .tuple(let elements), .set(let elements):
      return elements.enumerated().map { MetadataStep(name: .index($0), target: $1) }
    case .dict(let entries): return steps(entries)
    case .object(_, let arguments, let fields, let items, let entries):
      let own = arguments.enumerated().map {
        MetadataStep(name: isWrapper ? .same : .argument($0), target: $1)
      }
      let listed = items.enumerated().map { MetadataStep(name: .index($0), target: $1) }
      return own + listed + steps(entries) + steps(fields)
    default: return []
    }
  }

  private func steps(_ entries: [Entry]) -> [MetadataStep] {
    var steps: [MetadataStep] = []
    steps.reserveCapacity(entries.count)
    for (place, entry) in entries.enumerated() {
      if self[entry.key].holdsOthers {
        steps.append(MetadataStep(name: .keys(place), target: entry.key))
      }
      steps.append(MetadataStep(name: .key(entry.key), target: entry.value))
    }
    return steps
  }

  /// The components that a step adds to a path. The arguments of a constructor, which PyTorch never
  /// shows as a dict, are marked.
  func components(of step: MetadataStep) -> [String] {
    switch step.name {
    case .key(let key): [pathComponent(key)]
    case .index(let place): [String(place)]
    case .argument(let place): ["<_args>", String(place)]
    case .keys(let place): ["<_keys>", String(place)]
    case .same: []
    }
  }
}

extension MetadataTree.Node {
  /// Whether this may hold or be a tensor.
  fileprivate var holdsOthers: Bool {
    switch self {
    case .list, .tuple, .set, .dict, .object, .tensor: true
    default: false
    }
  }
}
