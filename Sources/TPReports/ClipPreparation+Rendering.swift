internal import LipReading
internal import TPBytes
internal import TPEvaluation

extension ClipPreparation {
  var json: JSONValue {
    [
      "source": .string(source.rawValue),
      "recorded": .int(recorded),
      "size": [.int(size.height), .int(size.width)],
      "sampling": .string(sampling.rawValue),
      "indexes": .array(indexes.map(JSONValue.int)),
      "resized": [.int(resized.height), .int(resized.width)],
      "decoder": decoder.map(JSONValue.string) ?? .null,
    ]
  }

  /// One line: what was there, and what was taken of it.
  var text: String {
    let by = decoder.map { ", decoded by \($0)" } ?? ""
    return "\(counted(recorded, "frame")) of \(size.height) x \(size.width)\(by);"
      + " \(taken); resized to \(resized.height) x \(resized.width)"
  }

  private var taken: String {
    guard let first = indexes.first, let last = indexes.last else { return "none taken" }
    if sampling == .even { return "\(indexes.count) evenly spaced ones taken" }
    if recorded < indexes.count {
      return "all taken, and the last \(indexes.count - recorded) times more"
    }
    return recorded == indexes.count ? "all taken" : "frames \(first) to \(last) taken"
  }
}

extension DatasetPreparation {
  var json: JSONValue {
    [
      "sampling": .string(sampling.rawValue),
      "frames": .int(frames),
      "videos": .int(videos),
      "tensors": .int(tensors),
      "decoder": decoder.map(JSONValue.string) ?? .null,
    ]
  }
}
