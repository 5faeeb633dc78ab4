public import TPBytes

extension LipReader {
  /// One clip as the network takes it.
  public struct Clip: Hashable, Sendable {
    /// (channels, frames, height, width) row-major, meant to lie in [0, 1].
    public let values: [Float]

    /// A clip of numbers that were prepared elsewhere.
    public init(_ values: [Float]) { self.values = values }
  }

  /// A clip of frames: some of them, in the network's size, divided by 255.
  ///
  /// - Parameters:
  ///   - frames: in the order of time, at least one, of any sizes.
  ///   - sampling: which of them are taken where they are not just as many as are needed.
  /// - Throws: `PortError` of kind `mismatch` where there is no frame, `unsupported` where the network
  ///   takes something else than frames of gray values.
  public func clip(
    frames: [GrayFrame], sampling: FrameSampling = .center
  ) throws(PortError) -> Clip {
    Clip(try FramePreparation(extents: input, sampling: sampling).values(frames))
  }

  /// What a clip shows.
  ///
  /// - Parameters:
  ///   - clip: a clip of this network.
  ///   - threads: the most that work on it, this one included; the bits are the same.
  /// - Throws: `PortError` of kind `mismatch` where the clip has another number of values.
  public func classify(_ clip: Clip, threads: Int = 1) throws(PortError) -> Classification {
    classification(try logits(clip, threads: threads))
  }

  /// What each of several clips shows, as if they were classified one by one.
  ///
  /// - Parameters:
  ///   - clips: clips of this network.
  ///   - threads: the most that work on it, this one included; the bits are the same.
  /// - Throws: `PortError` of kind `mismatch` where a clip has another number of values.
  public func classify(_ clips: [Clip], threads: Int = 1) throws(PortError) -> [Classification] {
    try logits(clips, threads: threads).map(classification)
  }

  /// The logits of a clip, in the order of the classes.
  ///
  /// - Throws: `PortError` as `classify(_:threads:)` does.
  public func logits(_ clip: Clip, threads: Int = 1) throws(PortError) -> [Float] {
    try check(clip)
    return try run(clip.values, batch: 1, threads: threads)
  }

  /// The logits of each of several clips.
  ///
  /// - Throws: `PortError` as `classify(_:threads:)` does.
  public func logits(_ clips: [Clip], threads: Int = 1) throws(PortError) -> [[Float]] {
    var values: [Float] = []
    for clip in clips { try check(clip) }
    for clip in clips { values += clip.values }
    let all = try run(values, batch: clips.count, threads: threads)
    return clips.indices.map { Array(all[$0 * classCount..<($0 + 1) * classCount]) }
  }

  private func check(_ clip: Clip) throws(PortError) {
    let needed = input.reduce(1, *)
    guard clip.values.count == needed else {
      throw PortError(
        .mismatch,
        "a clip of \(clip.values.count) numbers was given and \(printable(architecture)) takes"
          + " \(needed), \(input)")
    }
  }
}
