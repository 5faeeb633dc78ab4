public import TPBytes

extension LipReader {
  /// A window that slides over a live stream of frames and is classified at every so many of them.
  ///
  /// It keeps as many frames as a clip has, in the network's size, whatever comes: 768 KiB for 32
  /// frames of 64 x 96. What it finds is what `classify(_:threads:)` finds in `clip(frames:)` of those
  /// frames, to the bit, and depends on nothing but the frames. A value: copies go their own ways, and
  /// an actor that holds one may be asked from anywhere.
  public struct Window: Sendable {
    /// What classifies.
    public let reader: LipReader
    /// How many frames lie between two classifications.
    public let stride: Int
    /// How many frames came.
    public private(set) var count = 0
    private let preparation: FramePreparation
    private let threads: Int
    /// The kept frames; where there are as many as a clip has, the oldest stands at `oldest`.
    private var kept: [[Float]] = []
    private var oldest = 0

    /// An empty window.
    ///
    /// - Parameters:
    ///   - reader: what classifies.
    ///   - stride: at least 1; 8 frames are a quarter of a second of most cameras.
    ///   - threads: the most that work on a classification.
    /// - Throws: `PortError` of kind `unsupported` where the network takes something else than frames of
    ///   gray values, `usage` for a stride below 1.
    public init(_ reader: LipReader, stride: Int = 8, threads: Int = 1) throws(PortError) {
      guard stride >= 1 else {
        throw PortError(
          .usage, "a window cannot move by \(stride) frames", remedy: "give at least 1")
      }
      preparation = try FramePreparation(extents: reader.input)
      (self.reader, self.stride, self.threads) = (reader, stride, threads)
    }

    /// Takes the next frame.
    ///
    /// - Returns: what the window shows, with the frame that fills it and with every `stride`th after
    ///   that; `nil` with all others.
    /// - Throws: `PortError` only where the reader does.
    public mutating func add(_ frame: GrayFrame) throws(PortError) -> Classification? {
      let values = try preparation.resized(frame).values.map { Float($0) / 255 }
      if kept.count < preparation.frames {
        kept.append(values)
      } else {
        kept[oldest] = values
        oldest = (oldest + 1) % preparation.frames
      }
      count += 1
      let after = count - preparation.frames
      guard after >= 0, after % stride == 0, let clip else { return nil }
      return try reader.classify(clip, threads: threads)
    }

    /// The kept frames as a clip, the last one repeated where there are too few; `nil` before the first.
    ///
    /// For the end of a stream that was shorter than a clip, or between two classifications.
    public var clip: Clip? {
      guard let last = kept.last else { return nil }
      var values: [Float] = []
      values.reserveCapacity(preparation.frames * last.count)
      for frame in kept[oldest...] { values += frame }
      for frame in kept[..<oldest] { values += frame }
      for _ in kept.count..<preparation.frames { values += last }
      return Clip(values)
    }

    /// Forgets the frames, as after a cut.
    public mutating func reset() {
      kept.removeAll(keepingCapacity: true)
      (oldest, count) = (0, 0)
    }
  }
}
