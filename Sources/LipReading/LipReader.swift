public import TPBytes
internal import TPModels
internal import TPSafeTensors
internal import TPTensors

/// A network from a native weight file, ready to classify clips: what an app links.
///
/// Nothing but this module and what it imports is linked: no zip, no HDF5, no Foundation. Several
/// threads may use one reader at once; a copy shares the weights.
public struct LipReader: Sendable {
  /// The name of the network.
  public let architecture: String
  /// The class names in index order; `nil` where neither the file nor its network says them.
  public let classes: [String]?
  /// The extents of one clip, for example 1, 32, 64, 96: channels, frames, height, width.
  public let input: [Int]
  private let network: Network

  /// Maps a native weight file: float32, float16, bfloat16, int8, its batch norms folded or not.
  ///
  /// Every checksum of the file is verified first, so that a damaged file is refused whatever is
  /// damaged. The mapping is let go when this returns. A file that shrinks before that ends the process
  /// (SIGBUS), as with every mapping: put a new one into its place by renaming, not by writing into the
  /// old, or hand over the bytes with `init(_:)`.
  ///
  /// - Throws: `PortError` that names the file: it cannot be read, is another kind of file, is
  ///   damaged, or its weights fit neither the network that it describes nor a built-in one.
  public init(path: String) throws(PortError) {
    do throws(PortError) {
      try self.init(try SharedBytes(path: path, mapFrom: 1))
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

  /// How many classes there are.
  var classCount: Int { network.architecture.classCount }

  /// The logits of clips, (batch, classes) row-major, which fit.
  func run(_ values: [Float], batch: Int, threads: Int) throws(PortError) -> [Float] {
    try network.run(values, batch: batch, threads: threads).logits
  }

  /// What the logits of one clip say.
  func classification(_ logits: [Float]) -> Classification {
    Classification(
      logits: logits, classes: classes, areProbabilities: network.architecture.endsInSoftmax)
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
