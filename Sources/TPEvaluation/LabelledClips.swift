public import LipReading
public import TPBytes
internal import TPTensors

/// Clips with the class of each, of which only a batch at a time is turned into numbers.
///
/// In files of tensors (.npz, .h5, .pt, .safetensors) the clips are one array, (N, ...), or a list of
/// tensors, and the labels a list of integers or of class names. A manifest (.csv) names a file, a
/// video or a folder of pictures for each clip; in a folder of folders, these are called as the classes and
/// hold such clips. Where the dataset names its classes, integers are indexes of these. Bytes are divided by
/// 255, as `ClipFile` does.
public struct LabelledClips: Sendable {
  /// Under which names clips and labels stand; `nil` where those that are usual are looked for.
  public struct Names: Hashable, Sendable {
    /// The name of the clips.
    public var clips: String?
    /// The name of the labels.
    public var labels: String?

    /// Names that were asked for.
    public init(clips: String? = nil, labels: String? = nil) {
      self.clips = clips
      self.labels = labels
    }
  }

  /// The names under which clips are looked for.
  public static let clipNames = ["clips", "x", "X", "inputs", "data"]
  /// The names under which labels are looked for.
  public static let labelNames = ["labels", "y", "targets"]
  /// The names under which a dataset's own class names are looked for, besides `class_to_idx`.
  public static let classNames = ["classes", "class_names"]

  enum Source: Sendable {
    /// All clips in one tensor, and its name.
    case array(Tensor, String)
    /// A tensor for each clip.
    case list([TensorRecord])
    /// A path for each clip, and what reads it.
    case files([ClipEntry], ClipReader)
  }

  /// The extents of one clip.
  public let extents: [Int]
  /// The index of each clip's class.
  public let labels: [Int]
  /// What is odd about the dataset.
  public let warnings: [String]
  let source: Source

  /// What each clip is called: its file or its tensor; `nil` where all are one array.
  public var names: [String]? {
    switch source {
    case .array: nil
    case .list(let records): records.map(\.name)
    case .files(let entries, _): entries.map(\.path)
    }
  }

  /// How many clips there are; at least one.
  public var count: Int { labels.count }

  /// How its clips are made of recordings; `nil` where all are arrays of one file.
  public var preparation: DatasetPreparation? {
    guard case .files(let entries, let reader) = source else { return nil }
    let counts = LabelledClips.counts(entries)
    return DatasetPreparation(
      sampling: reader.sampling, frames: counts.frames, videos: counts.videos,
      tensors: counts.tensors, decoder: reader.decoder?.name)
  }

  /// Opens labelled clips: a folder with one for each class, a manifest where its name ends in `.csv`,
  /// else any file of tensors.
  ///
  /// - Parameters:
  ///   - path: the file or folder.
  ///   - names: under which names to look.
  ///   - extents: the extents of one clip, as `Architecture.input`.
  ///   - classes: what the labels must be.
  ///   - sampling: which frames of pictures and videos are taken.
  ///   - limits: the bounds on what each file may ask for.
  ///   - accepts: whether clips of other extents, of as many axes, will do.
  /// - Throws: `PortError` that names the file, and the clip or line: unreadable, no such array or
  ///   several that may be meant, clips of another shape or type, none at all, another number of
  ///   labels, a label that is no class.
  public static func open(
    path: String, names: Names = Names(), extents: [Int], classes: Classes,
    sampling: FrameSampling = .center,
    limits: ReadLimits = ReadLimits(), accepting accepts: ([Int]) -> Bool = { _ in false }
  ) throws(PortError) -> LabelledClips {
    do throws(PortError) {
      let reader = ClipReader(extents: extents, sampling: sampling, limits: limits)
      if isFolder(path) {
        return try LabelledClips(folder: path, names, reader, classes, accepts)
      }
      return try path.lowercased().hasSuffix(".csv")
        ? LabelledClips(manifest: path, names, reader, classes, accepts)
        : LabelledClips(arrays: path, names, extents, classes, limits, accepts)
    } catch {
      throw error.in(file: path)
    }
  }

  /// The numbers of some clips, (n, ...) row-major.
  ///
  /// - Throws: `PortError` that names the clip, and its file where it has one of its own.
  package func values(_ range: Range<Int>, limits: ReadLimits = ReadLimits()) throws(PortError)
    -> [Float]
  {
    try batch(range, limits: limits).values
  }

  /// The numbers of some clips, and what is odd about the recordings that they were made of.
  ///
  /// - Throws: `PortError` as `values(_:limits:)` does.
  func batch(
    _ range: Range<Int>, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> (values: [Float], warnings: [String]) {
    switch source {
    case .array(let tensor, let name):
      do throws(PortError) {
        // One clip alone may lack the dimension of the clips.
        let values = try ClipFile.numbers(count == 1 ? tensor : try tensor.slice(range), limits)
        return (values, [])
      } catch {
        throw error.at(key: name)
      }
    case .list(let records):
      var values: [Float] = []
      for clip in range {
        do throws(PortError) {
          let tensor = records[clip].tensor
          try ClipFile.checkOne(tensor.shape, extents)
          values += try ClipFile.numbers(tensor, limits)
        } catch {
          throw error.of(clip: clip).at(key: records[clip].name)
        }
      }
      return (values, [])
    case .files(let entries, let reader):
      var (values, warnings): ([Float], [String]) = ([], [])
      for entry in entries[range] {
        let clip = try entry.clip(reader)
        values += clip.values
        if clip.preparation != nil {
          warnings += clip.warnings.map { "\(printable(entry.path)): \($0)" }
        }
      }
      return (values, warnings)
    }
  }

  /// An error about a clip, placed where the clip lies.
  func error(
    clip: Int, _ message: String, remedy: String
  ) -> PortError {
    let error = PortError(.mismatch, message, remedy: remedy).of(clip: clip)
    switch source {
    case .array(_, let name): return error.at(key: name)
    case .list(let records): return error.at(key: records[clip].name)
    case .files(let entries, _): return error.in(file: entries[clip].path)
    }
  }
}

extension PortError {
  /// The same error as one about a clip, by its number from 0.
  func of(clip: Int) -> PortError { preceded(by: "clip \(clip): ") }

  /// The same error with a place in front of what is wrong.
  func preceded(by place: String) -> PortError {
    PortError(
      kind, place + message, file: file, offset: offset, record: record, key: key, remedy: remedy)
  }
}
