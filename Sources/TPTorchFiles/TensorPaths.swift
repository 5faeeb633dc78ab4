internal import TPBytes
internal import TPTensors

/// Names the tensors of a metadata tree: a record for every path that leads to one.
///
/// A file can describe more paths than could ever be written down (a dict of two references to a
/// dict of two references to ...). So the walk enters only what leads to a tensor, never enters a
/// value that it is inside of, and counts paths, their text and its own steps against the limits.
struct TensorPaths {
  /// A record per path, in the order of the walk.
  private(set) var records: [TensorRecord] = []
  /// The same for what is no tensor to PyTorch.
  private(set) var arrays: [TensorRecord] = []
  /// The first record of each tensor or array, by its place.
  private var firstRecords: [Int: Int] = [:]
  private var arrayPlaces: Set<Int> = []
  private let tree: MetadataTree
  private let known: KnownObjects
  private let limits: ReadLimits

  /// - Throws: `PortError` where values are nested deeper than `limits.depth`, or paths are too many.
  init(
    _ tree: MetadataTree, tensors: [Tensor], known: KnownObjects,
    _ limits: ReadLimits
  ) throws(PortError) {
    self.tree = tree
    self.known = known
    self.limits = limits
    guard let root = tree.root else { return }
    let leads = try survey(root)
    if leads[Int(root.index)] { try walk(root, tensors, leads) }
  }

  /// Where a tensor or array is listed first, the tensors coming before the arrays.
  func place(of place: Int) -> Int? {
    firstRecords[place].map { arrayPlaces.contains(place) ? records.count + $0 : $0 }
  }

  private func steps(_ handle: MetadataTree.Handle) -> [MetadataStep] {
    tree.steps(from: handle, known)
  }

  /// Which values lead to a tensor; and no nesting, repeated values included, is too deep.
  ///
  /// A value that contains itself is taken to lead to one: the walk finds out.
  private func survey(_ root: MetadataTree.Handle) throws(PortError) -> [Bool] {
    var leads = Array(repeating: false, count: tree.nodes.count)
    // How many values are nested in each that is done; 0 is new, -1 is on the way.
    var heights = Array(repeating: 0, count: tree.nodes.count)
    var stack = [(handle: root, steps: steps(root), next: 0, height: 0)]
    heights[Int(root.index)] = -1
    while let top = stack.last {
      let index = Int(top.handle.index)
      guard top.next < top.steps.count else {
        if case .tensor = tree[top.handle] { leads[index] = true }
        heights[index] = top.height + 1
        stack.removeLast()
        if let parent = stack.indices.last {
          if leads[index] { leads[Int(stack[parent].handle.index)] = true }
          stack[parent].height = max(stack[parent].height, top.height + 1)
          if stack[parent].height > limits.depth { throw tooDeep }
        }
        continue
      }
      let place = stack.count - 1
      stack[place].next += 1
      let target = top.steps[top.next].target
      switch heights[Int(target.index)] {
      case 0:
        guard stack.count <= limits.depth else { throw tooDeep }
        heights[Int(target.index)] = -1
        stack.append((handle: target, steps: steps(target), next: 0, height: 0))
      case -1: leads[index] = true
      case let height:
        if leads[Int(target.index)] { leads[index] = true }
        stack[place].height = max(stack[place].height, height)
        if stack[place].height > limits.depth { throw tooDeep }
      }
    }
    return leads
  }

  private var tooDeep: PortError { Self.tooDeep(limits) }

  static func tooDeep(_ limits: ReadLimits) -> PortError {
    PortError(
      .limit, "values are nested more than \(limits.depth) deep",
      remedy: "no checkpoint needs that; do not trust the file")
  }

  private mutating func walk(
    _ root: MetadataTree.Handle, _ tensors: [Tensor], _ leads: [Bool]
  ) throws(PortError) {
    var path: [String] = []
    var inside = Array(repeating: false, count: tree.nodes.count)
    var visits = 0
    var text = 0
    var paths = 0
    var stack = [(handle: root, steps: steps(root), next: 0, components: 0)]
    inside[Int(root.index)] = true
    try note(root, path, tensors)
    while let top = stack.last {
      guard top.next < top.steps.count else {
        inside[Int(top.handle.index)] = false
        path.removeLast(top.components)
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      let step = top.steps[top.next]
      let index = Int(step.target.index)
      guard leads[index], !inside[index] else { continue }
      let components = tree.components(of: step)
      visits += 1 + path.count
      guard visits <= limits.objects, stack.count <= limits.depth else { throw tooMany }
      path += components
      if case .tensor = tree[step.target] {
        paths += 1
        // Counting the components with their dots: a path may consist of empty ones.
        text += path.reduce(0) { $0 + $1.utf8.count + 1 }
        try limits.checkPathText(text, paths: paths)
        try note(step.target, path, tensors)
        path.removeLast(components.count)
      } else {
        inside[index] = true
        let further = steps(step.target)
        visits += further.count
        stack.append(
          (handle: step.target, steps: further, next: 0, components: components.count))
      }
    }
  }

  private mutating func note(
    _ handle: MetadataTree.Handle, _ path: [String], _ tensors: [Tensor]
  ) throws(PortError) {
    guard case .tensor(let place) = tree[handle] else { return }
    guard records.count + arrays.count < limits.members else { throw tooMany }
    let record = TensorRecord(path: path, tensor: tensors[place])
    // A file that is a bare storage and nothing else is read as a tensor.
    if known.arrays.contains(place) || known.storages.contains(place) && !path.isEmpty {
      if firstRecords[place] == nil { firstRecords[place] = arrays.count }
      arrayPlaces.insert(place)
      arrays.append(record)
    } else {
      if firstRecords[place] == nil { firstRecords[place] = records.count }
      records.append(record)
    }
  }

  private var tooMany: PortError {
    PortError(
      .limit, "more paths lead to the tensors than can be listed",
      remedy: "no checkpoint needs so many; the file was made to exhaust its reader")
  }
}
