internal import TPBytes
internal import TPPickle
internal import TPTensors
internal import TPZip

// A TorchScript program of PyTorch 1.0 to 1.3 (caffe2/proto/torch.proto as JSON, read by
// torch/csrc/jit/serialization/import_legacy.cpp):
//   model.json      {"mainModule": {"parameters": [{"isBuffer", "tensorId", "name"}], "submodules":
//                   [modules with "name"], ...}, "tensors": [{"dims", "strides", "offset",
//                   "requiresGrad", "dataType", "data": {"key": a record}, "device"}]}
//   tensors/N       the bytes of a storage
//   attributes.pkl  the other attributes, from 1.1 on
// Integers of 64 bits are texts; what has its default may be left out.

extension TorchFile {
  static func readOldScript(
    _ records: TorchRecords, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    let name = records.name(of: "model.json")
    guard let member = records["model.json"] else {
      throw PortError(.malformed, "model.json is not in the file's top folder", record: name)
    }
    guard member.byteCount <= limits.headerBytes else {
      throw PortError(.limit, "the program has \(member.byteCount) bytes", record: name)
    }
    var reader = OldScriptReader(records, limits)
    do throws(PortError) {
      let text = try records.archive.bytes(of: member)
      try reader.read(try JSONValue(parsing: text.bytes))
    } catch {
      throw error.at(record: name)
    }
    var tree = MetadataTree()
    var entries = reader.records.indices.map { place in
      MetadataTree.Entry(
        key: tree.add(.string(reader.records[place].name)), value: tree.add(.tensor(place)))
    }
    var globals: [Checkpoint.Global] = []
    if records["attributes.pkl"] != nil {
      var allowance = records.allowance(limits)
      let held = try contents(
        "attributes.pkl", of: records, ZipStorages(records, byteOrder: .little), &allowance)
      let (joined, roots) = MetadataTree.joined([
        (tree: tree, tensors: reader.records.count, arrays: 0), held.part,
      ])
      tree = joined
      globals = held.globals
      if let root = roots[1] {
        entries.append(.init(key: tree.add(.string("<attributes>")), value: root))
      }
    }
    tree.root = tree.add(.dict(entries))
    return Checkpoint(
      container: .torchScriptZip, metadata: tree, tensors: reader.records, globals: globals,
      facts: facts(records, try checkedVersion(records), .little),
      verifyChecksums: checksums(of: records.archive))
  }
}

/// Walks the modules of a model.json.
private struct OldScriptReader {
  private let archive: TorchRecords
  private let limits: ReadLimits
  private var tensors: [JSONValue] = []
  private var built: [Int: Tensor] = [:]
  private var storages: [String: Storage] = [:]
  private(set) var records: [TensorRecord] = []
  /// Bytes of the names of all parameters.
  private var nameText = 0

  init(_ archive: TorchRecords, _ limits: ReadLimits) {
    self.archive = archive
    self.limits = limits
  }

  mutating func read(_ json: JSONValue) throws(PortError) {
    guard let module = json["mainModule"] else {
      throw PortError(.malformed, "the program has no mainModule")
    }
    tensors = json["tensors"]?.array ?? []
    try read(module: module, path: [])
  }

  /// Parameters and buffers in order, then submodules, as `state_dict` goes. JSON bounds the depth.
  private mutating func read(module: JSONValue, path: [String]) throws(PortError) {
    for parameter in module["parameters"]?.array ?? [] {
      guard let name = parameter["name"]?.string else {
        throw PortError(.malformed, "a parameter has no name", key: path.joined(separator: "."))
      }
      let place = (path + [name]).joined(separator: ".")
      nameText += place.utf8.count
      try limits.checkPathText(nameText, paths: records.count)
      do throws(PortError) {
        // A parameter that is None has no tensor.
        guard let id = integer(parameter["tensorId"]) ?? (parameter["tensorId"] == nil ? 0 : nil)
        else { throw PortError(.malformed, "a parameter's tensorId is no number") }
        guard tensors.indices.contains(id) else {
          throw PortError(.malformed, "tensor \(id) is not among the \(tensors.count) of the file")
        }
        let tensor: Tensor
        if let known = built[id] { tensor = known } else { tensor = try self.tensor(tensors[id]) }
        built[id] = tensor
        records.append(TensorRecord(path: [place], tensor: tensor))
      } catch {
        throw error.at(key: place)
      }
      guard records.count <= limits.members else {
        throw PortError(.limit, "the program holds more than \(limits.members) tensors")
      }
    }
    for submodule in module["submodules"]?.array ?? [] {
      guard let name = submodule["name"]?.string else {
        throw PortError(.malformed, "a module has no name", key: path.joined(separator: "."))
      }
      try read(module: submodule, path: path + [name])
    }
  }

  private mutating func tensor(_ json: JSONValue) throws(PortError) -> Tensor {
    guard let kind = json["dataType"]?.string, let dtype = OldScriptReader.types[kind] else {
      throw PortError(
        .unsupported, "a tensor is of the type \(printable(json["dataType"]?.string ?? "none"))")
    }
    guard let extents = integers(json["dims"]), let strides = integers(json["strides"]),
      let offset = json["offset"] == nil ? 0 : integer(json["offset"]),
      let key = json["data"]?["key"]?.string
    else { throw PortError(.malformed, "a tensor is not {dims, strides, offset, data}") }
    guard let member = archive[key] else {
      throw PortError(
        .malformed, "the bytes of a tensor are not in the file", record: archive.name(of: key),
        remedy: "the file is incomplete; fetch it again")
    }
    let zip = archive.archive
    let storage =
      storages[key]
      ?? Storage(
        key: String(key.split(separator: "/").last ?? ""),
        location: json["device"]?.string ?? "cpu", byteCount: member.byteCount
      ) { () throws(PortError) in try zip.bytes(of: member) }
    storages[key] = storage
    return try Tensor(
      dtype: dtype, shape: try Shape(extents, limits: limits), strides: strides, offset: offset,
      storage: storage, requiresGrad: json["requiresGrad"] == true)
  }

  private func integers(_ value: JSONValue?) -> [Int]? {
    guard let value else { return [] }
    guard let elements = value.array else { return nil }
    let integers = elements.compactMap { integer($0) }
    return integers.count == elements.count ? integers : nil
  }

  private func integer(_ value: JSONValue?) -> Int? {
    value?.int ?? value?.string.flatMap { Int($0) }
  }

  /// caffe2/proto/caffe2.proto, `TensorProto.DataType`.
  private static let types: [String: DType] = [
    "FLOAT": .float32, "INT32": .int32, "BYTE": .uint8, "BOOL": .bool, "UINT8": .uint8,
    "INT8": .int8, "UINT16": .uint16, "INT16": .int16, "INT64": .int64, "FLOAT16": .float16,
    "DOUBLE": .float64,
  ]
}
