public import LipReading

/// How a clip was made of a recording; a clip of a file of tensors was prepared elsewhere and has none.
public struct ClipPreparation: Hashable, Sendable {
  /// What the recording is.
  public enum Source: String, Hashable, Sendable {
    /// Pictures in files.
    case frames
    /// A video file.
    case video
  }

  /// What the recording is.
  public var source: Source
  /// How many frames it has.
  public var recorded: Int
  /// Which of them were asked for.
  public var sampling: FrameSampling
  /// The numbers of the frames that were taken, from 0; some more than once where there were too few.
  public var indexes: [Int]
  /// Rows and columns of the first of them, before it was resized.
  public var size: (height: Int, width: Int) { (height, width) }
  /// Rows and columns of a frame of the clip.
  public var resized: (height: Int, width: Int) { (resizedHeight, resizedWidth) }
  /// The program that decoded it, with its version; `nil` where none was needed.
  public var decoder: String?

  private var height: Int
  private var width: Int
  private var resizedHeight: Int
  private var resizedWidth: Int

  init(
    _ source: Source, _ preparation: FramePreparation, recorded: Int, first: GrayFrame,
    decoder: String? = nil
  ) {
    (self.source, self.recorded, self.decoder) = (source, recorded, decoder)
    sampling = preparation.sampling
    indexes = sampling.indexes(of: recorded, count: preparation.frames)
    (height, width) = (first.height, first.width)
    (resizedHeight, resizedWidth) = (preparation.height, preparation.width)
  }
}

/// How the clips of a dataset are made.
public struct DatasetPreparation: Hashable, Sendable {
  /// Which frames of a recording are taken.
  public var sampling: FrameSampling
  /// How many clips are folders of pictures, or single pictures.
  public var frames: Int
  /// How many are videos.
  public var videos: Int
  /// How many are files of tensors, which were prepared elsewhere.
  public var tensors: Int
  /// The program that decodes the videos, with its version; `nil` where there are none.
  public var decoder: String?
}
