internal import TPBytes

// Shapes of the layers that look through windows, by PyTorch's formulas.
extension Layer {
  func shape(_ conv: Convolution, _ input: [Int]) throws(PortError) -> [Int] {
    let rank = conv.kernel.count
    try check(
      [conv.inputs, conv.outputs, conv.groups] + conv.kernel + conv.stride + conv.dilation,
      atLeast: 1)
    try check(conv.padding + conv.paddingAfter, atLeast: 0)
    try axes(rank, conv.stride, conv.padding, conv.paddingAfter, conv.dilation)
    guard conv.inputs.isMultiple(of: conv.groups), conv.outputs.isMultiple(of: conv.groups) else {
      throw fault(
        "\(conv.groups) groups, which do not divide \(conv.inputs) and \(conv.outputs) channels")
    }
    try require(
      input.count == rank + 1 && input[0] == conv.inputs, input,
      "(\(conv.inputs), \(Layer.letters(rank)))")
    let extents = Array(input[1...])
    for axis in extents.indices {
      let most = max(conv.padding[axis], conv.paddingAfter[axis])
      let limit = conv.border == .circular ? extents[axis] : extents[axis] - 1
      if conv.border == .circular || conv.border == .reflect, most > limit {
        throw PortError(
          .mismatch,
          "layer \(description) has a \(conv.border.rawValue) padding of \(most), more than an"
            + " extent of \(extents[axis]) allows")
      }
    }
    try count([conv.outputs, conv.inputs / conv.groups] + conv.kernel)
    let padded = extents.indices.map { extents[$0] + conv.padding[$0] + conv.paddingAfter[$0] }
    // A row is stored as one part per phase of the stride, each rounded up to whole vectors.
    let last = rank - 1
    try count(
      [conv.inputs] + padded.dropLast()
        + [padded[last] + 9 * conv.stride[last] + conv.kernel[last]])
    return [conv.outputs] + (try windows(padded, conv.reach, conv.stride))
  }

  func shape(_ pool: Pool, _ input: [Int]) throws(PortError) -> [Int] {
    let rank = pool.kernel.count
    try check(pool.kernel + pool.stride + pool.dilation, atLeast: 1)
    try check(pool.padding, atLeast: 0)
    try axes(rank, pool.stride, pool.padding, pool.dilation)
    try requireVolume(input, rank)
    let reach = zip(pool.kernel, pool.dilation).map { ($0 - 1) * $1 + 1 }
    for (size, padding) in zip(reach, pool.padding) where padding > size / 2 {
      throw fault("a padding of \(padding), more than half of its window of \(size)")
    }
    let extents = Array(input[1...])
    if pool.rounding == .floor {
      let padded = zip(extents, pool.padding).map { $0 + 2 * $1 }
      return [input[0]] + (try windows(padded, reach, pool.stride))
    }
    var output: [Int] = []
    for axis in extents.indices {
      let (padding, stride) = (pool.padding[axis], pool.stride[axis])
      let room = extents[axis] + 2 * padding - reach[axis]
      var count = room + stride - 1 < 0 ? 0 : (room + stride - 1) / stride + 1
      // The last window begins in the input or in the padding before it.
      if (count - 1) * stride >= extents[axis] + padding { count -= 1 }
      guard count >= 1 else { throw tooSmall(reach, extents) }
      output.append(count)
    }
    return [input[0]] + output
  }

  /// The axes of a tensor after its channels, by their number.
  static func letters(_ rank: Int) -> String {
    rank == 1 ? "L" : rank == 2 ? "H, W" : "D, H, W"
  }

  func requireVolume(_ input: [Int], _ rank: Int) throws(PortError) {
    try require(input.count == rank + 1, input, "(C, \(Layer.letters(rank)))")
  }

  private func windows(
    _ extents: [Int], _ reach: [Int], _ stride: [Int]
  ) throws(PortError) -> [Int] {
    for (extent, size) in zip(extents, reach) where size > extent {
      throw tooSmall(reach, extents)
    }
    return extents.indices.map { (extents[$0] - reach[$0]) / stride[$0] + 1 }
  }

  private func tooSmall(_ reach: [Int], _ extents: [Int]) -> PortError {
    PortError(
      .mismatch,
      "layer \(description) has a window of \(list(reach)) and gets only \(list(extents))")
  }

  /// One to three axes, and as many sizes in each list.
  func axes(_ rank: Int, _ lists: [Int]...) throws(PortError) {
    guard (1...3).contains(rank) else {
      throw fault("\(rank) sizes where one, two or three are needed")
    }
    for sizes in lists where sizes.count != rank {
      throw fault("\(sizes.count) sizes where \(rank) are needed")
    }
  }
}
