internal import TPBytes
internal import TPTensors

// The index of a checkpoint in several files (huggingface/transformers, `shard_checkpoint`):
//   {"metadata": {"total_size": BYTES}, "weight_map": {NAME: FILE, ...}}
// Every FILE lies in the folder of the index.

/// A checkpoint in several files, opened by its index.
enum ShardedCheckpoint {
  private static let longestIndex = 10_000

  /// Opens the index and every file that it names.
  ///
  /// - Throws: `PortError` for an index that names anything but files beside it, a file that is missing
  ///   or cannot be read, and a tensor that is in none or in two of them.
  static func open(
    index file: SharedBytes, path: String, limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    guard file.count <= limits.headerBytes else {
      throw PortError(
        .limit, "the index has \(file.count) bytes, more than \(limits.headerBytes)",
        remedy: ReadLimits.Named.headerBytes.remedy)
    }
    let index = try JSONValue(parsing: file.bytes)
    guard let map = index["weight_map"]?.members else {
      throw PortError(.malformed, "the index has no object weight_map")
    }
    var homes: [String: String] = [:]
    var names: [String] = []
    var known: Set<String> = []
    for member in map {
      guard let name = member.value.string else {
        throw PortError(.malformed, "the index gives no name of a file", key: member.key)
      }
      if known.insert(name).inserted { names.append(try checked(name, beside: path)) }
      homes[member.key] = name
      guard names.count <= longestIndex else {
        throw PortError(.limit, "the index names more than \(longestIndex) files")
      }
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(path[...$0]) } ?? ""
    var parts: [(name: String, checkpoint: Checkpoint)] = []
    for name in names {
      parts.append((name, try shard(folder + name, limits)))
    }
    try check(parts, homes)
    return joined(parts, facts: facts(index, names.count))
  }

  /// A name that leads nowhere but into the folder of the index.
  private static func checked(
    _ name: String, beside path: String
  ) throws(PortError) -> String {
    let own = path.split(separator: "/").last.map(String.init)
    let leaves =
      name.isEmpty || name == "." || name == ".." || name == own
      || name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
    guard !leaves else {
      throw PortError(
        .malformed, "the index names \(printable(name)), which is no other file in its own folder",
        remedy: "do not trust this index; the files of a checkpoint lie beside it")
    }
    return name
  }

  private static func shard(_ path: String, _ limits: ReadLimits) throws(PortError) -> Checkpoint {
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      guard try FileSignature.sniff(file.bytes) != .shardIndex else {
        throw PortError(.malformed, "is an index that another index names")
      }
    } catch {
      throw error.in(file: path)
    }
    return try CheckpointFile.open(path: path, limits: limits)
  }

  /// Every name of the index is in the file that it gives, and in no other.
  private static func check(
    _ parts: [(name: String, checkpoint: Checkpoint)], _ homes: [String: String]
  ) throws(PortError) {
    var found: [String: String] = [:]
    for part in parts {
      for record in part.checkpoint.tensors {
        if let other = found.updateValue(part.name, forKey: record.name), other != part.name {
          throw PortError(
            .malformed,
            "two files hold the tensor, \(printable(other)) and \(printable(part.name))",
            key: record.name)
        }
      }
    }
    for (name, home) in homes.sorted(by: { $0.key < $1.key }) where found[name] != home {
      throw PortError(
        .malformed, "the file \(printable(home)) lacks a tensor that the index says it has",
        key: name, remedy: "the files are of different checkpoints; fetch them again")
    }
  }

  /// One tree: the keys of all files side by side.
  private static func joined(
    _ parts: [(name: String, checkpoint: Checkpoint)],
    facts: [(name: String, value: String)]
  ) -> Checkpoint {
    var result = Checkpoint(container: .torchSharded, tensors: [], facts: facts)
    var (tree, roots) = MetadataTree.joined(
      parts.map {
        ($0.checkpoint.metadata, $0.checkpoint.tensors.count, $0.checkpoint.arrays.count)
      })
    var entries: [MetadataTree.Entry] = []
    // By UTF-8: names that only look the same to Swift are two.
    var places: [[UInt8]: Int] = [:]
    for ((name, checkpoint), root) in zip(parts, roots) {
      switch root.map({ tree[$0] }) {
      case .dict(let own), .object("collections.OrderedDict", [], _, [], let own): entries += own
      case nil: break
      default: if let root { entries.append(.init(key: tree.add(.string(name)), value: root)) }
      }
      result.tensors += checkpoint.tensors
      result.arrays += checkpoint.arrays
      for global in checkpoint.globals {
        let key = Array((global.module + "\n" + global.name).utf8)
        if let place = places[key] {
          result.globals[place].count += global.count
        } else {
          places[key] = result.globals.count
          result.globals.append(global)
        }
      }
    }
    tree.root = tree.add(.dict(entries))
    result.metadata = tree
    let sums = parts.map { (name: $0.name, verify: $0.checkpoint.verifyChecksums) }
    result.verifyChecksums = {
      var all = Checkpoint.Checksums()
      for (name, verify) in sums {
        let own = verify()
        all.verified += own.verified
        all.absent += own.absent
        all.mismatched += own.mismatched.map { name + ": " + $0 }
      }
      return all
    }
    return result
  }

  private static func facts(_ index: JSONValue, _ count: Int) -> [(name: String, value: String)] {
    let size = index["metadata"]?["total_size"]?.int
    return [(name: "files", value: String(count))]
      + (size.map { [(name: "total_size", value: String($0))] } ?? [])
  }
}
