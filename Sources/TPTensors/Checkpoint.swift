/// What a file of tensors holds, whatever its format: a metadata tree and tensors.
public struct Checkpoint: Sendable {
  /// How the file is built; the raw value stands in JSON.
  public enum Container: String, Hashable, Sendable, CaseIterable {
    case torchZip = "torch-zip"
    case torchLegacy = "torch-legacy"
    case torchTar = "torch-tar"
    case torchScriptZip = "torchscript-zip"
    case torchPackage = "torch-package"
    case torchExport = "torch-export"
    case torchSharded = "torch-sharded"
    case pickle
    case safetensors
    case hdf5
    case npy
    case npz
  }

  /// A class or function that a pickle names, and how often.
  public struct Global: Hashable, Sendable {
    /// The module.
    public var module: String
    /// The name in it.
    public var name: String
    /// How many opcodes name it.
    public var count: Int

    /// A name and how often it occurs.
    public init(module: String, name: String, count: Int) {
      self.module = module
      self.name = name
      self.count = count
    }
  }

  /// What became of the checksums that a file carries.
  public struct Checksums: Hashable, Sendable {
    /// Records whose checksum agrees with their bytes.
    public var verified = 0
    /// Records without a checksum.
    public var absent = 0
    /// Records whose checksum contradicts their bytes.
    public var mismatched: [String] = []

    /// Nothing checked yet.
    public init() {}
  }

  /// How the file is built.
  public var container: Container
  /// Everything but the bytes of tensors.
  public var metadata: MetadataTree
  /// Every tensor in the order of the file, under each of its paths.
  public var tensors: [TensorRecord]
  /// What holds numbers and is no tensor to PyTorch, under each of its paths: NumPy arrays, and
  /// storages beside which there are no tensors of theirs.
  public var arrays: [TensorRecord]
  /// The classes and functions that the file names, in order of first occurrence.
  public var globals: [Global]
  /// Facts about the container, for example `format_version` and `byteorder`, in order.
  public var facts: [(name: String, value: String)]
  /// Verifies the checksums of the whole file; costs one pass over its bytes.
  public var verifyChecksums: @Sendable () -> Checksums

  /// The contents of a file.
  public init(
    container: Container, metadata: MetadataTree = MetadataTree(), tensors: [TensorRecord],
    arrays: [TensorRecord] = [], globals: [Global] = [],
    facts: [(name: String, value: String)] = [],
    verifyChecksums: @escaping @Sendable () -> Checksums = { Checksums() }
  ) {
    self.container = container
    self.metadata = metadata
    self.tensors = tensors
    self.arrays = arrays
    self.globals = globals
    self.facts = facts
    self.verifyChecksums = verifyChecksums
  }

  /// What a node `MetadataTree.Node.tensor` of the metadata stands for: the tensors come first, the
  /// arrays after them.
  public func record(at place: Int) -> TensorRecord? {
    if tensors.indices.contains(place) { return tensors[place] }
    let rest = place - tensors.count
    return arrays.indices.contains(rest) ? arrays[rest] : nil
  }

  /// The tensors; of a file that has only arrays, those.
  public var weights: [TensorRecord] {
    let all = tensors.isEmpty ? arrays : tensors
    guard all.contains(where: { $0.path.contains { $0.hasPrefix("<") } }) else { return all }
    // Scales and indices of a tensor that is quantized or sparse stand below its own path.
    // A walk from component to component: a file can have paths of a thousand such components.
    var tree = PathTree()
    for record in all { tree.insert(record.path) }
    return all.filter { !tree.isPart($0.path) }
  }
}

/// Paths by their components, so that each is looked at once.
private struct PathTree {
  private struct Step: Hashable {
    let from: Int
    let component: String
  }

  private var steps: [Step: Int] = [:]
  private var isPath = [false]

  mutating func insert(_ path: [String]) {
    var node = 0
    for component in path {
      let step = Step(from: node, component: component)
      if let known = steps[step] {
        node = known
      } else {
        node = isPath.count
        steps[step] = node
        isPath.append(false)
      }
    }
    isPath[node] = true
  }

  /// Whether a component in `<...>` follows what is a path itself.
  func isPart(_ path: [String]) -> Bool {
    var node = 0
    for (place, component) in path.enumerated() {
      if place > 0, isPath[node], component.hasPrefix("<") { return true }
      guard let next = steps[Step(from: node, component: component)] else { return false }
      node = next
    }
    return false
  }
}
