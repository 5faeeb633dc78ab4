/// Finds the tensors among several different ones that see some of the same bytes.
struct OverlapSearch {
  /// Groups of two or more places, each joined by overlaps; groups and places in order.
  let groups: [[Int]]

  init(_ entries: [StateDict.Entry]) {
    var byStorage: [ObjectIdentifier: [Int]] = [:]
    for (place, entry) in entries.enumerated() {
      byStorage[ObjectIdentifier(entry.tensor.storage), default: []].append(place)
    }
    var groups: [[Int]] = []
    for places in byStorage.values where places.count > 1 {
      let views = places.map { ByteView(entries[$0].tensor, place: $0) }
      for cluster in OverlapSearch.clusters(views) { groups += OverlapSearch.joined(cluster) }
    }
    self.groups = groups.sorted { $0[0] < $1[0] }
  }

  /// Views whose bounds touch each other's, directly or through others.
  private static func clusters(_ views: [ByteView]) -> [[ByteView]] {
    var clusters: [[ByteView]] = []
    var reached = 0
    for view in views.sorted(by: { $0.bounds.lowerBound < $1.bounds.lowerBound }) {
      if clusters.isEmpty || view.bounds.lowerBound >= reached { clusters.append([]) }
      clusters[clusters.count - 1].append(view)
      reached = max(reached, view.bounds.upperBound)
    }
    return clusters.filter { $0.count > 1 }
  }

  /// The groups of a cluster: all of it where bounds decide, else what shares a byte.
  private static func joined(_ cluster: [ByteView]) -> [[Int]] {
    let start = cluster[0].bounds.lowerBound
    let end = cluster.reduce(start) { max($0, $1.bounds.upperBound) }
    // Widths are powers of two and each divides its offsets, so the least measures all.
    let unit = cluster.reduce(16) { min($0, $1.width) }
    let count = (end - start) / unit
    let most = Int.max / 4  // what a file claims may be more than can be added up
    let seen = cluster.reduce(0) { min($0 + min($1.bytesSeen / unit, most), most) }
    // Views that see everything many times over can only be meant to cost time.
    if seen / 16 > count || cluster.allSatisfy(\.isSolid) { return [cluster.map(\.place).sorted()] }
    // Columns of one matrix lie within each other's bounds and share nothing: mark what each sees, in
    // a table of all elements or, where views see few of them, by their numbers.
    let isSparse = seen < count / 64
    var owners = [Int32](repeating: -1, count: isSparse ? 0 : count)
    var fewOwners: [Int: Int32] = [:]
    var parents = Array(cluster.indices)
    for (number, view) in cluster.enumerated() {
      view.forEachRun { run in
        for element in (run.lowerBound - start) / unit..<(run.upperBound - start) / unit {
          let owner = Int(isSparse ? fewOwners[element] ?? -1 : owners[element])
          if owner >= 0, owner != number {
            let (one, other) = (root(owner, &parents), root(number, &parents))
            parents[max(one, other)] = min(one, other)
          }
          let own = Int32(truncatingIfNeeded: number)
          if isSparse { fewOwners[element] = own } else { owners[element] = own }
        }
      }
    }
    var groups: [Int: [Int]] = [:]
    for number in cluster.indices {
      groups[root(number, &parents), default: []].append(cluster[number].place)
    }
    return groups.values.filter { $0.count > 1 }.map { $0.sorted() }
  }

  private static func root(_ number: Int, _ parents: inout [Int]) -> Int {
    var number = number
    while parents[number] != number {
      parents[number] = parents[parents[number]]
      number = parents[number]
    }
    return number
  }
}

/// Which bytes of its storage a tensor sees.
private struct ByteView {
  /// The tensor's place among all.
  let place: Int
  /// From its first byte to behind its last.
  let bounds: Range<Int>
  /// Whether it sees every byte of its bounds, or so many times over that the difference is not
  /// worth a walk.
  let isSolid: Bool
  /// How many bytes it sees.
  let bytesSeen: Int
  private let extents: [Int]
  private let strides: [Int]
  /// Bytes of an element.
  let width: Int

  init(_ tensor: Tensor, place: Int) {
    self.place = place
    width = tensor.dtype.byteCount
    // A repeated dimension (stride 0) shows nothing new. The tensor was proven to lie inside of its
    // storage, so the sums cannot overflow.
    let steps = zip(tensor.shape.extents, tensor.strides).filter { $0 > 1 && $1 > 0 }
      .sorted { $0.1 > $1.1 }
    extents = steps.map(\.0)
    strides = steps.map(\.1)
    let scale = tensor.dtype.elementsPerByte
    let last = steps.reduce(tensor.offset) { $0 + ($1.0 - 1) * $1.1 }
    bounds = tensor.offset / scale * width..<(last / scale + 1) * width
    let count = extents.reduce(1) {
      let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
      return overflow ? Int.max : product
    }
    isSolid = scale > 1 || count > last - tensor.offset
    bytesSeen = isSolid ? bounds.count : count * width
  }

  /// Runs of bytes that the tensor sees, in no particular order.
  func forEachRun(_ body: (Range<Int>) -> Void) {
    guard !isSolid else { return body(bounds) }
    var index = Array(repeating: 0, count: extents.count)
    while true {
      var start = bounds.lowerBound
      for (position, stride) in zip(index, strides) { start += position * stride * width }
      body(start..<start + width)
      var dimension = index.count - 1
      while dimension >= 0 {
        index[dimension] += 1
        if index[dimension] < extents[dimension] { break }
        index[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }
}
