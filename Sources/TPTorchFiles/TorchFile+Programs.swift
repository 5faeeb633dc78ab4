internal import TPBytes
internal import TPPickle
internal import TPTensors
internal import TPZip

extension TorchFile {
  /// A TorchScript program as weights: the attributes of its module, and its constants.
  ///
  /// Its code is not looked at. `data.pkl` is the module, an object of a class `__torch__...` whose
  /// state is its attributes; `constants.pkl` a tuple (torch/csrc/jit/serialization/export_module.cpp).
  static func readScript(
    _ records: TorchRecords, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    let version = try checkedVersion(records)
    let byteOrder = try byteOrder(records)
    var allowance = records.allowance(limits)
    let module = try contents(
      "data.pkl", of: records, ZipStorages(records, byteOrder: byteOrder), &allowance)
    let constants = try contents(
      "constants.pkl", of: records,
      ZipStorages(records, byteOrder: byteOrder, place: .constants), &allowance)
    let mark = { (record: TensorRecord) in
      TensorRecord(path: ["<constants>"] + record.path, tensor: record.tensor)
    }
    var (tree, roots) = MetadataTree.joined([module.part, constants.part])
    tree.root = roots[0]
    if let root = roots[0], let held = roots[1], !constants.records.isEmpty {
      tree.attach(held, to: root, under: "<constants>")
    }
    return Checkpoint(
      container: .torchScriptZip, metadata: tree,
      tensors: module.records + constants.records.map(mark),
      arrays: module.arrays + constants.arrays.map(mark),
      globals: Interpretation.merged([module.globals, constants.globals]),
      facts: facts(records, version, byteOrder),
      verifyChecksums: checksums(of: records.archive))
  }

  /// A torch.package: each of its pickles, under the name of its record where there are several.
  static func readPackage(
    _ records: TorchRecords, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    let version = try checkedVersion(records)
    let byteOrder = try byteOrder(records)
    let storages = ZipStorages(records, byteOrder: byteOrder, place: .package)
    let prefix = records.name(of: "")
    let names = records.archive.members.map(\.name).filter {
      $0.hasPrefix(prefix) && $0.hasSuffix(".pkl") && !$0.hasPrefix(prefix + ".data/")
    }.map { String($0.dropFirst(prefix.count)) }
    var allowance = records.allowance(limits)
    var parts: [Interpretation] = []
    var tensors: [TensorRecord] = []
    var arrays: [TensorRecord] = []
    for name in names {
      let part = try contents(name, of: records, storages, &allowance)
      let prefix = names.count > 1 ? [name] : []
      tensors += part.records.map { TensorRecord(path: prefix + $0.path, tensor: $0.tensor) }
      arrays += part.arrays.map { TensorRecord(path: prefix + $0.path, tensor: $0.tensor) }
      guard tensors.count + arrays.count <= limits.members else {
        throw PortError(.limit, "the package holds more than \(limits.members) tensors")
      }
      parts.append(part)
    }
    var (tree, roots) = MetadataTree.joined(parts.map(\.part))
    var entries: [MetadataTree.Entry] = []
    for (name, root) in zip(names, roots) {
      if let root { entries.append(.init(key: tree.add(.string(name)), value: root)) }
    }
    tree.root = names.count == 1 ? roots[0] : tree.add(.dict(entries))
    return Checkpoint(
      container: .torchPackage, metadata: tree, tensors: tensors, arrays: arrays,
      globals: Interpretation.merged(parts.map(\.globals)),
      facts: facts(records, version, byteOrder), verifyChecksums: checksums(of: records.archive))
  }
}

extension Interpretation {
  /// What `MetadataTree.joined` takes.
  var part: (tree: MetadataTree, tensors: Int, arrays: Int) { (tree, records.count, arrays.count) }

  /// The globals of several pickles, each name once.
  static func merged(_ lists: [[Checkpoint.Global]]) -> [Checkpoint.Global] {
    var result: [Checkpoint.Global] = []
    // By UTF-8: names that only look the same to Swift are two.
    var places: [[UInt8]: Int] = [:]
    for global in lists.joined() {
      let name = Array((global.module + "\n" + global.name).utf8)
      if let place = places[name] {
        result[place].count += global.count
      } else {
        places[name] = result.count
        result.append(global)
      }
    }
    return result
  }
}
