public import TPBytes

/// How frames become the numbers that a network takes: sampled, resized, divided by 255.
public struct FramePreparation: Hashable, Sendable {
  /// How many frames a clip has.
  public let frames: Int
  /// Rows of a frame.
  public let height: Int
  /// Columns of a frame.
  public let width: Int
  /// Which frames are taken.
  public var sampling: FrameSampling

  /// The preparation for a network.
  ///
  /// - Parameters:
  ///   - extents: those of one clip, as `LipReader.input`: 1, frames, height, width.
  ///   - sampling: which frames of a recording are taken.
  /// - Throws: `PortError` of kind `unsupported` where the network takes something else than frames of
  ///   gray values.
  public init(extents: [Int], sampling: FrameSampling = .center) throws(PortError) {
    guard extents.count == 4, extents[0] == 1, extents[1] > 0 else {
      throw PortError(
        .unsupported,
        "the network takes clips of \(extents), and frames of gray values make 1, frames, height,"
          + " width", remedy: "give it an array that was prepared elsewhere")
    }
    try GrayFrame.check(width: extents[3], height: extents[2])
    (frames, height, width) = (extents[1], extents[2], extents[3])
    self.sampling = sampling
  }

  /// A frame in the network's size; the same frame where it has it.
  public func resized(_ frame: GrayFrame) throws(PortError) -> GrayFrame {
    try frame.resized(width: width, height: height)
  }

  /// The numbers of one clip, (1, frames, height, width) row-major, in [0, 1].
  ///
  /// - Parameter recorded: in the order of time, of any sizes.
  /// - Throws: `PortError` of kind `mismatch` where there is no frame.
  public func values(_ recorded: [GrayFrame]) throws(PortError) -> [Float] {
    guard !recorded.isEmpty else {
      throw PortError(
        .mismatch, "a clip cannot be made of no frames", remedy: "give at least one frame")
    }
    var values: [Float] = []
    values.reserveCapacity(frames * height * width)
    var last: (index: Int, frame: GrayFrame)?
    for index in sampling.indexes(of: recorded.count, count: frames) {
      let frame: GrayFrame
      if let last, last.index == index {
        frame = last.frame
      } else {
        frame = try resized(recorded[index])
      }
      last = (index, frame)
      for value in frame.values { values.append(Float(value) / 255) }
    }
    return values
  }
}
