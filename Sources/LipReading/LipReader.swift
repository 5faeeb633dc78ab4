public import TPBytes
internal import TPModels
internal import TPSafeTensors
internal import TPTensors

/// A network from a native weight file, ready to classify clips: what an app links.
///
/// Nothing but this module and what it imports is linked: no zip, no HDF5, no Foundation. Several
/// threads may use one reader at once.
public struct LipReader: Sendable {
  /// The name of the network.
  public let architecture: String
  /// The class names in index order; `nil` where neither the file nor its network says them.
  public let classes: [String]?
  /// The extents of one clip, for example 1, 32, 64, 96: channels, frames, height, width.
  public let input: [Int]
  private let network: Network

  /// Opens a native weight file: float32, float16, bfloat16, int8, its batch norms folded or not.
  ///
  /// Every checksum of the file is verified first, so that a damaged file is refused whatever is
  /// damaged.
  /// - Throws: `PortError` that names the file: it cannot be read, is another kind of file, is
  ///   damaged, or its weights fit neither the network that it describes nor a built-in one.
  public init(path: String) throws(PortError) {
    do throws(PortError) {
      try self.init(try SharedBytes(path: path))
    } catch {
      throw error.in(file: path)
    }
  }

  /// Takes a native weight file that is in memory.
  ///
  /// - Throws: `PortError` as `init(path:)` does, without the file.
  public init(_ file: SharedBytes) throws(PortError) {
    var checkpoint = try SafeTensors.read(file)
    let facts = LipReader.facts(checkpoint.metadata)
    guard facts["profile"] != nil else {
      throw PortError(
        .unsupported, "is a safetensors file without the checksums of a native weight file",
        remedy: "convert it with torchport convert")
    }
    // Not only what the network needs: a file is whole or it is not taken.
    for record in checkpoint.tensors {
      do throws(PortError) {
        _ = try record.tensor.storage.bytes()
      } catch {
        throw error.key == nil ? error.at(key: record.name) : error
      }
    }
    if let kept = facts["kept"] {
      let others = try LipReader.tensors(inKept: kept)
      checkpoint.tensors.removeAll { others.contains($0.name) }
    }
    let fit = try Architecture.fitting(
      checkpoint,
      stated: Architecture.Statement(
        name: facts["architecture"],
        description: facts[Architecture.Statement.descriptionFact]),
      batchNorm: facts["batch_norm"])
    let weights = try fit.architecture.bind(fit.unwrapped.stateDict)
    network = try Network(fit.architecture, weights)
    architecture = fit.architecture.name
    input = fit.architecture.input
    classes =
      try LipReader.classes(facts["classes"], count: fit.architecture.classCount)
      ?? fit.architecture.classes
  }

  /// Makes the memory of a run, so that the first classification is as fast as any.
  ///
  /// - Parameter threads: the most that a run will use, at least 1.
  public func prepare(threads: Int = 1) { network.prepare(threads: threads) }

  /// The logits of clips, (N, classes) row-major, the same bits for any number of threads.
  ///
  /// - Parameters:
  ///   - clips: (N, channels, frames, height, width) row-major, in [0, 1].
  ///   - threads: the most that work on it, this one included.
  /// - Throws: `PortError` of kind `mismatch` where that is not a whole number of clips.
  public func logits(_ clips: [Float], threads: Int = 1) throws(PortError) -> [Float] {
    let size = input.reduce(1, *)
    guard size > 0, clips.count % size == 0 else {
      throw PortError(
        .mismatch, "\(clips.count) numbers are no whole number of clips of \(input)")
    }
    return try network.run(clips, batch: clips.count / size, threads: threads).logits
  }

  /// What each clip shows.
  ///
  /// - Parameters: as `logits(_:threads:)`.
  /// - Throws: `PortError` of kind `mismatch` where that is not a whole number of clips.
  public func classify(
    _ clips: [Float], threads: Int = 1
  ) throws(PortError) -> [Classification] {
    let all = try logits(clips, threads: threads)
    let count = network.architecture.classCount
    guard count > 0 else { return [] }
    return stride(from: 0, to: all.count, by: count).map { start in
      Classification(
        logits: Array(all[start..<start + count]), classes: classes,
        areProbabilities: network.architecture.endsInSoftmax)
    }
  }

  /// The texts of the file under `torchport.KEY`.
  private static func facts(_ tree: MetadataTree) -> [String: String] {
    guard let root = tree.root, case .dict(let entries) = tree[root] else { return [:] }
    var facts: [String: String] = [:]
    for entry in entries {
      if case .string(let key) = tree[entry.key], key.hasPrefix("torchport."),
        case .string(let text) = tree[entry.value]
      {
        facts[String(key.dropFirst(10))] = text
      }
    }
    return facts
  }

  /// The names of the tensors that belong to an optimizer and the like, not to the network.
  private static func tensors(inKept text: String) throws(PortError) -> Set<String> {
    var names: Set<String> = []
    func collect(_ value: JSONValue) {
      if let name = value["tensor"]?.string { names.insert(name) }
      for item in value.array ?? [] { collect(item) }
      for member in value.members ?? [] { collect(member.value) }
    }
    do throws(PortError) {
      collect(try JSONValue(parsing: text))
    } catch {
      throw PortError(error.kind, error.message, key: "torchport.kept")
    }
    return names
  }

  private static func classes(_ text: String?, count: Int) throws(PortError) -> [String]? {
    guard let text else { return nil }
    let names = try? JSONValue(parsing: text).array?.map(\.string)
    let classes = names?.compactMap { $0 } ?? []
    guard classes.count == count, names?.count == count, Set(classes).count == count else {
      throw PortError(
        .malformed, "does not name each of the \(count) classes once", key: "torchport.classes",
        remedy: "convert the checkpoint again")
    }
    return classes
  }
}

/// What a clip shows.
public struct Classification: Hashable, Sendable {
  /// The index of the most probable class.
  public let index: Int
  /// Its name; `nil` where the weight file names none.
  public let className: String?
  /// The probability of each class, in index order; NaN where the logits are not numbers.
  public let probabilities: [Float]
  /// What the probabilities were made of.
  public let logits: [Float]

  init(logits: [Float], classes: [String]?, areProbabilities: Bool) {
    self.logits = logits
    probabilities = areProbabilities ? logits : softmax(logits)
    var best = 0
    for place in logits.indices where logits[place] > logits[best] { best = place }
    index = best
    className = classes?[best]
  }
}
