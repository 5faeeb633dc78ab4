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
    let module = try contents(
      "data.pkl", of: records, ZipStorages(records, byteOrder: byteOrder), limits)
    let constants = try contents(
      "constants.pkl", of: records,
      ZipStorages(records, byteOrder: byteOrder, place: .constants), limits)
    var tree = module.tree
    var tensors = module.records
    let held = tree.graft(constants.tree, movingTensorsBy: tensors.count)
    tensors += constants.records.map {
      TensorRecord(path: ["<constants>"] + $0.path, tensor: $0.tensor)
    }
    if let root = tree.root, let held, !constants.records.isEmpty {
      tree.attach(held, to: root, under: "<constants>")
    }
    return Checkpoint(
      container: .torchScriptZip, metadata: tree, tensors: tensors,
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
    var tree = MetadataTree()
    var tensors: [TensorRecord] = []
    var globals: [[Checkpoint.Global]] = []
    var entries: [MetadataTree.Entry] = []
    for name in names {
      let part = try contents(name, of: records, storages, limits)
      let root = tree.graft(part.tree, movingTensorsBy: tensors.count)
      tensors += part.records.map {
        TensorRecord(path: (names.count > 1 ? [name] : []) + $0.path, tensor: $0.tensor)
      }
      guard tensors.count <= limits.members else {
        throw PortError(.limit, "the package holds more than \(limits.members) tensors")
      }
      globals.append(part.globals)
      if let root { entries.append(.init(key: tree.add(.string(name)), value: root)) }
    }
    tree.root = names.count == 1 ? entries.first?.value : tree.add(.dict(entries))
    return Checkpoint(
      container: .torchPackage, metadata: tree, tensors: tensors,
      globals: Interpretation.merged(globals), facts: facts(records, version, byteOrder),
      verifyChecksums: checksums(of: records.archive))
  }
}

extension Interpretation {
  /// The globals of several pickles, each name once.
  static func merged(_ lists: [[Checkpoint.Global]]) -> [Checkpoint.Global] {
    var result: [Checkpoint.Global] = []
    var places: [String: Int] = [:]
    for global in lists.joined() {
      let name = global.module + "\n" + global.name
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
