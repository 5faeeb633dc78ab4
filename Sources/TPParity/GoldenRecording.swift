internal import TPBytes
public import TPTensors

/// One recorded array of a golden: values of the whole array, or of positions in it.
public struct GoldenRecording: Sendable {
  /// The name of the module, `logits` or `input`.
  public let name: String
  /// Flat row-major positions in the whole (N, ...) array, strictly increasing; `nil`: all of it.
  public let positions: [Int]?
  /// The values as they are stored: the whole array, or one dimension of as many as `positions`.
  public let tensor: Tensor

  /// The name, the values, and where they lie unless they are all.
  init(name: String, positions: [Int]?, tensor: Tensor) throws(PortError) {
    self.name = name
    self.positions = positions
    // What is gathered once is not gathered again for every clip.
    self.tensor = tensor.isContiguous ? tensor : try tensor.gathered()
  }

  /// A float64 record at the positions of the activation that it repeats.
  init(sharing recording: GoldenRecording, _ double: GoldenRecording) {
    name = recording.name
    positions = recording.positions
    tensor = double.tensor
  }

  /// How many values are recorded.
  public var count: Int { tensor.shape.elementCount }

  /// Which of the values belong to a clip of `size` elements.
  ///
  /// - Precondition: the whole array is known to have `size` elements for each clip up to `clip`.
  func range(ofClip clip: Int, size: Int) -> Range<Int> {
    guard let positions else { return clip * size..<(clip + 1) * size }
    return firstPosition(
      in: positions, from: clip * size)..<firstPosition(in: positions, from: (clip + 1) * size)
  }

  /// Some of the values as float64, exactly.
  func doubles(_ range: Range<Int>) throws(PortError) -> [Double] {
    try view(range).doubles()
  }

  /// Some of the values as float32.
  func floats(_ range: Range<Int>) throws(PortError) -> [Float] {
    try view(range).floats()
  }

  private func view(_ range: Range<Int>) throws(PortError) -> Tensor {
    let shape = try Shape([range.count])
    return try Tensor(
      dtype: tensor.dtype, shape: shape, strides: [1], offset: tensor.offset + range.lowerBound,
      storage: tensor.storage)
  }
}

/// The first place whose position is at least `bound`; positions increase.
private func firstPosition(in positions: [Int], from bound: Int) -> Int {
  var low = 0
  var high = positions.count
  while low < high {
    let middle = low + (high - low) / 2
    if positions[middle] < bound { low = middle + 1 } else { high = middle }
  }
  return low
}

extension Tensor {
  /// The same elements without gaps, in a storage of their own.
  fileprivate func gathered() throws(PortError) -> Tensor {
    try Tensor(
      dtype: dtype, shape: shape,
      storage: Storage(key: storage.key, region: try contiguousBytes()))
  }
}
