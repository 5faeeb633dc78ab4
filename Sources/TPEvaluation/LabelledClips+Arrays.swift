internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPTensors

extension LabelledClips {
  /// Clips and labels that stand under names in one file.
  init(
    arrays path: String, _ names: Names, _ extents: [Int], _ classes: Classes,
    _ limits: ReadLimits, _ accepts: ([Int]) -> Bool
  ) throws(PortError) {
    let contents = DatasetContents(try CheckpointFile.open(path: path, limits: limits))
    let clipName = try contents.choose(
      names.clips, LabelledClips.clipNames, "clips", "--clips", has: contents.hasClips)
    let labelName = try contents.choose(
      names.labels, LabelledClips.labelNames, "labels", "--labels", has: contents.hasLabels)
    let count: Int
    do throws(PortError) {
      (source, count, self.extents) = try contents.clips(clipName, extents, accepts)
    } catch {
      throw error.at(key: clipName)
    }
    guard count > 0 else {
      throw PortError(
        .mismatch, "holds no clips", key: clipName, remedy: "give at least one clip")
    }
    // An expanded tensor has any number of them in a few bytes.
    guard count <= limits.members else {
      throw PortError(
        .limit, "holds \(count) clips, more than \(limits.members)", key: clipName,
        remedy: "evaluate them in parts")
    }
    do throws(PortError) {
      let stated = try contents.labels(labelName, count, limits)
      if case .indexes(let indexes) = stated, let named = contents.classes(limits) {
        labels = try named.indexes(of: indexes, in: classes)
        warnings = named.warning(in: classes).map { [$0] } ?? []
      } else {
        labels = try classes.indexes(of: stated) { "clip \($0)" }
        warnings = []
      }
    } catch {
      throw error.at(key: labelName)
    }
  }
}

/// A file of tensors as clips and labels are looked for in it.
private struct DatasetContents {
  let checkpoint: Checkpoint
  let records: [TensorRecord]

  init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    records = checkpoint.tensors + checkpoint.arrays
  }

  private func record(_ name: String) -> TensorRecord? { records.first { $0.name == name } }

  /// The tensors of a list, in order; `nil` where this is none, or holds something else.
  private func list(_ name: String) -> [TensorRecord]? {
    guard let items = items(name) else { return nil }
    var found: [TensorRecord] = []
    for item in items {
      guard case .tensor(let place) = checkpoint.metadata[item],
        let record = checkpoint.record(at: place)
      else { return nil }
      found.append(record)
    }
    return found
  }

  /// What a list or tuple of the metadata holds; HDF5 has the texts of a dataset under its path, with
  /// attributes beside them or not.
  private func items(_ name: String) -> [MetadataTree.Handle]? {
    let tree = checkpoint.metadata
    let path =
      "/"
      + name.split(separator: ".", omittingEmptySubsequences: false)
      .joined(separator: "/")
    let nested = name.split(separator: ".").reduce(tree.root) { tree.value(String($1), of: $0) }
    for handle in [
      tree.value(at: name), nested, tree.value(at: path), tree.value(at: path, ""),
    ] {
      guard let handle else { continue }
      switch tree[handle] {
      case .list(let items), .tuple(let items): return items
      default: break
      }
    }
    return nil
  }

  func hasClips(_ name: String) -> Bool {
    record(name) != nil || list(name)?.isEmpty == false
  }

  /// The class names that the dataset states: a list of texts, the same as JSON in bytes (as goldens
  /// have it), or `class_to_idx`.
  func classes(_ limits: ReadLimits) -> DatasetClasses? {
    for name in LabelledClips.classNames {
      if let names = texts(name), !names.isEmpty { return DatasetClasses(names: names) }
      if let record = record(name), record.tensor.dtype == .uint8, record.tensor.shape.rank == 1,
        record.tensor.shape.elementCount <= 1 << 20,
        let bytes = try? record.tensor.integers(limits: limits).compactMap(UInt8.init(exactly:)),
        let list = (try? JSONValue(parsing: bytes.span.bytesView))?.array,
        case let names = list.compactMap(\.string), names.count == list.count, !names.isEmpty
      {
        return DatasetClasses(names: names)
      }
    }
    return ModelFacts(checkpoint).classes.map(DatasetClasses.init)
  }

  /// A list of texts; `nil` where this is none.
  private func texts(_ name: String) -> [String]? {
    guard let items = items(name) else { return nil }
    var texts: [String] = []
    for item in items {
      guard case .string(let text) = checkpoint.metadata[item] else { return nil }
      texts.append(text)
    }
    return texts
  }

  func hasLabels(_ name: String) -> Bool { record(name) != nil || items(name) != nil }

  /// The name that was asked for, or the only usual one that is there.
  func choose(
    _ wanted: String?, _ usual: [String], _ what: String, _ option: String,
    has: (String) -> Bool
  ) throws(PortError) -> String {
    if let wanted {
      if has(wanted) { return wanted }
      let names = records.prefix(1_000).map { ($0.name, $0.name) }
      let near = nearest(wanted, among: names, atMost: 1).first
      throw PortError(
        .mismatch, "holds nothing called \(printable(wanted, limit: 80)) that could be its \(what)",
        remedy: near.map { "did you mean \(printable($0, limit: 80))?" } ?? there)
    }
    let found = usual.filter(has)
    if found.count == 1 { return found[0] }
    guard found.isEmpty else {
      throw PortError(
        .mismatch, "several arrays may be its \(what): " + found.joined(separator: ", "),
        remedy: "say which with \(option)")
    }
    throw PortError(
      .mismatch, "holds no \(what) under the names " + usual.joined(separator: ", "),
      remedy: "say which array they are with \(option); \(there)")
  }

  /// What the file holds, for a sentence.
  private var there: String {
    if records.isEmpty { return "there are no arrays in it" }
    let names = records.prefix(8).map {
      "\(printable($0.name, limit: 60)) \($0.tensor.shape)"
    }
    let more = records.count > 8 ? " and \(records.count - 8) more" : ""
    return "there are " + names.joined(separator: ", ") + more
  }

  func clips(
    _ name: String, _ extents: [Int], _ accepts: ([Int]) -> Bool
  ) throws(PortError) -> (LabelledClips.Source, count: Int, extents: [Int]) {
    guard let tensor = record(name)?.tensor else {
      let records = list(name) ?? []
      guard let first = records.first else { return (.list([]), 0, extents) }
      do throws(PortError) {
        let (count, one) = try ClipFile.clips(first.tensor.shape, extents, accepts)
        guard count == 1 else { throw ClipFile.misfit(first.tensor.shape, extents) }
        try ClipFile.checkType(first.tensor)
        return (.list(records), records.count, one)
      } catch {
        throw error.of(clip: 0)
      }
    }
    if tensor.shape.extents.first == 0 { return (.array(tensor, name), 0, extents) }
    try ClipFile.checkType(tensor)
    let (count, one) = try ClipFile.clips(tensor.shape, extents, accepts)
    return (.array(tensor, name), count, one)
  }

  /// The labels, as many as there are clips.
  func labels(
    _ name: String, _ count: Int, _ limits: ReadLimits
  ) throws(PortError) -> StatedLabels {
    func check(_ found: Int) throws(PortError) {
      guard found != count else { return }
      throw PortError(
        .mismatch, "there are \(count) clips and \(found) labels",
        remedy: "give one label for each clip, in the same order")
    }
    if let tensor = record(name)?.tensor {
      guard tensor.shape.rank == 1 else {
        throw PortError(
          .mismatch, "the labels have the shape \(tensor.shape)",
          remedy: "give one class index for each clip, in one dimension")
      }
      guard !tensor.dtype.isFloatingPoint else {
        throw PortError(
          .mismatch, "the labels are \(tensor.dtype.rawValue), no class indexes",
          remedy: "save them as integers (int64), or as class names")
      }
      try check(tensor.shape[0])
      return .indexes(try tensor.integers(limits: limits))
    }
    let tree = checkpoint.metadata
    try check(items(name)?.count ?? 0)
    var texts: [String] = []
    var numbers: [Int] = []
    for (clip, item) in (items(name) ?? []).enumerated() {
      switch tree[item] {
      case .string(let text): texts.append(text)
      case .int(let number): numbers.append(number)
      default:
        throw PortError(
          .mismatch,
          "the label of clip \(clip), \(printable(tree.pathComponent(item), limit: 60)), is neither"
            + " an integer nor a text", remedy: "give class indexes or class names")
      }
    }
    guard texts.isEmpty || numbers.isEmpty else {
      throw PortError(
        .mismatch, "some labels are integers and some are texts",
        remedy: "give class indexes or class names")
    }
    return texts.isEmpty ? .indexes(numbers) : .texts(texts)
  }
}
