public import LipReading
public import TPBytes

/// Reads clips of every kind for one network.
public struct ClipReader: Sendable {
  /// The extents of one clip, as `Architecture.input`.
  public let extents: [Int]
  /// Which frames of a recording are taken.
  public var sampling: FrameSampling
  /// What bounds the reading.
  public var limits: ReadLimits
  /// What decodes videos; `nil` where it is looked for when one comes.
  public var decoder: VideoDecoder?

  /// A reader of clips for a network.
  public init(
    extents: [Int], sampling: FrameSampling = .center, limits: ReadLimits = ReadLimits(),
    decoder: VideoDecoder? = nil
  ) {
    (self.extents, self.sampling, self.limits) = (extents, sampling, limits)
    self.decoder = decoder
  }

  /// The same for clips of other extents.
  func taking(_ extents: [Int]) -> ClipReader {
    ClipReader(extents: extents, sampling: sampling, limits: limits, decoder: decoder)
  }

  /// Reads what lies at a source; of recordings exactly one clip, of the reader's own extents.
  ///
  /// - Parameters:
  ///   - source: a file, pictures, or a video.
  ///   - accepts: whether clips of tensors may have other extents, of as many axes.
  /// - Throws: `PortError` that names the file: unreadable, damaged, of a kind that is not read, no
  ///   `ffmpeg` for a video, a network that takes no frames; and as `ClipFile.open` does.
  public func clip(
    _ source: ClipSource, accepting accepts: ([Int]) -> Bool = { _ in false }
  ) throws(PortError) -> Clip {
    switch source {
    case .tensors(let path):
      return try ClipFile.open(path: path, extents: extents, limits: limits, accepting: accepts)
    case .frames(let paths, let name):
      do throws(PortError) { return try clip(pictures: paths) } catch { throw error.in(file: name) }
    case .video(let path):
      do throws(PortError) { return try clip(video: path) } catch { throw error.in(file: path) }
    }
  }

  /// Only the pictures that are taken are read.
  private func clip(pictures paths: [String]) throws(PortError) -> Clip {
    let preparation = try FramePreparation(extents: extents, sampling: sampling)
    var known: [Int: GrayFrame] = [:]
    var frames: [GrayFrame] = []
    var sizes: Set<[Int]> = []
    var first: GrayFrame?
    let wanted =
      paths.isEmpty ? [] : sampling.indexes(of: paths.count, count: preparation.frames)
    for index in wanted {
      if let frame = known[index] {
        frames.append(frame)
        continue
      }
      let frame = try picture(paths[index])
      if first == nil { first = frame }
      sizes.insert([frame.height, frame.width])
      let small = try preparation.resized(frame)
      known[index] = small
      frames.append(small)
    }
    guard let first else {
      throw PortError(.mismatch, "has no frames", remedy: "give at least one picture")
    }
    // As many as are needed already: none is left out or repeated.
    var clip = Clip(values: try preparation.values(frames), count: 1, extents: extents)
    clip.preparation = ClipPreparation(.frames, preparation, recorded: paths.count, first: first)
    if sizes.count > 1 { clip.add(warning: "its frames have \(sizes.count) different sizes") }
    return clip
  }

  private func picture(_ path: String) throws(PortError) -> GrayFrame {
    let file = try SharedBytes(path: path)
    do throws(PortError) {
      return try ClipSource.ending(path) == "png"
        ? PNGFile(file.bytes).frame(limits: limits) : PortableMap.frame(file.region.array())
    } catch {
      throw error.in(file: path)
    }
  }

  private func clip(video path: String) throws(PortError) -> Clip {
    let preparation = try FramePreparation(extents: extents, sampling: sampling)
    let decoder = if let known = self.decoder { known } else { try VideoDecoder() }
    var frames: [GrayFrame] = []
    var first: GrayFrame?
    let complaint = try decoder.decode(path) { (frame) throws(PortError) in
      if first == nil { first = frame }
      frames.append(try preparation.resized(frame))
    }
    guard let first else {
      throw PortError(
        .mismatch, "holds no frames that \(decoder.name) could decode", remedy: "check the file")
    }
    var clip = Clip(values: try preparation.values(frames), count: 1, extents: extents)
    clip.preparation = ClipPreparation(
      .video, preparation, recorded: frames.count, first: first, decoder: decoder.name)
    if let complaint { clip.add(warning: "\(decoder.name) complained about it: \(complaint)") }
    return clip
  }
}
