internal import TPBytes
internal import TPTensors
internal import TPZip

// A program of torch.export (torch/export/pt2_archive/_package.py, PyTorch 2.7 and later):
//   archive_format                           pt2
//   models/NAME.json                         the program
//   data/weights/NAME_weights_config.json    {"config": {key: payload}}
//   data/weights/weight_N                    the bytes of a storage, or a file of torch.save
//   data/constants/...                       the same for constants
// A payload is {path_name, is_param, use_pickle, tensor_meta: {dtype, sizes, strides, storage_offset,
// requires_grad, device, layout}}; an integer of a shape is {"as_int": n}.

extension TorchFile {
  static func readExport(
    _ records: TorchRecords, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    let version = try checkedVersion(records)
    let byteOrder = try byteOrder(records)
    var reader = ExportReader(records, byteOrder: byteOrder, limits)
    try reader.read(folder: "data/weights/", suffix: "_weights_config.json")
    guard reader.configCount > 0 else {
      throw PortError(
        .malformed, "the description of the weights (NAME_weights_config.json) is missing",
        record: records.name(of: "data/weights/"), remedy: "the file is incomplete; fetch it again")
    }
    try reader.read(folder: "data/constants/", suffix: "_constants_config.json")
    var tree = MetadataTree()
    let entries = reader.tensors.indices.map { place in
      MetadataTree.Entry(
        key: tree.add(.string(reader.tensors[place].name)), value: tree.add(.tensor(place)))
    }
    tree.root = tree.add(.dict(entries))
    return Checkpoint(
      container: .torchExport, metadata: tree, tensors: reader.tensors,
      facts: facts(records, version, byteOrder), verifyChecksums: checksums(of: records.archive))
  }
}

/// Reads the payloads of an exported program.
private struct ExportReader {
  private let records: TorchRecords
  private let byteOrder: Storage.ByteOrder
  private let limits: ReadLimits
  private(set) var tensors: [TensorRecord] = []
  private(set) var configCount = 0
  private var storages: [String: Storage] = [:]
  private var files: [String: Checkpoint] = [:]
  private var allowance: PickleAllowance
  /// Bytes of the paths of all tensors.
  private var pathText = 0

  init(_ records: TorchRecords, byteOrder: Storage.ByteOrder, _ limits: ReadLimits) {
    self.records = records
    self.byteOrder = byteOrder
    self.limits = limits
    allowance = records.allowance(limits)
  }

  mutating func read(folder: String, suffix: String) throws(PortError) {
    let configs = records.archive.members.filter {
      $0.name.hasPrefix(records.name(of: folder)) && $0.name.hasSuffix(suffix)
    }
    for member in configs {
      let name = String(
        member.name.dropFirst(records.name(of: folder).count).dropLast(suffix.count))
      do throws(PortError) {
        guard member.byteCount <= limits.headerBytes else {
          throw PortError(.limit, "the description of the weights has \(member.byteCount) bytes")
        }
        let text = try records.archive.bytes(of: member)
        let json = try JSONValue(parsing: text.bytes)
        guard let payloads = json["config"]?.members else {
          throw PortError(.malformed, "the description of the weights has no object config")
        }
        for payload in payloads {
          try add(
            payload.value, [String](configs.count > 1 ? [name] : []) + [payload.key], folder)
        }
      } catch {
        throw error.at(record: member.name)
      }
    }
    configCount += configs.count
  }

  private mutating func add(
    _ payload: JSONValue, _ path: [String], _ folder: String
  ) throws(PortError) {
    let key = path.joined(separator: ".")
    guard let file = payload["path_name"]?.string, let member = records[folder + file] else {
      throw PortError(.malformed, "the bytes of a weight are not in the file", key: key)
    }
    do throws(PortError) {
      if payload["use_pickle"] == true {
        try addPickled(member, payload, path)
      } else {
        tensors.append(TensorRecord(path: path, tensor: try tensor(member, payload)))
      }
    } catch {
      throw error.at(key: key)
    }
  }

  /// A tensor subclass is a file of torch.save; an object that is no tensor is left out.
  private mutating func addPickled(
    _ member: ZipMember, _ payload: JSONValue, _ path: [String]
  ) throws(PortError) {
    guard let meta = payload["tensor_meta"], meta != .null else { return }
    let inner = try file(member)
    guard tensors.count + inner.tensors.count <= limits.members else {
      throw PortError(.limit, "the program holds more than \(limits.members) tensors")
    }
    for record in inner.tensors {
      let place = path + record.path
      pathText += place.reduce(0) { $0 + $1.utf8.count + 1 }
      try limits.checkPathText(pathText, paths: tensors.count)
      tensors.append(TensorRecord(path: place, tensor: record.tensor))
    }
  }

  /// A file of torch.save, read once however many weights name it.
  private mutating func file(_ member: ZipMember) throws(PortError) -> Checkpoint {
    if let known = files[member.name] { return known }
    try allowance.take(member)
    let bytes = try records.archive.bytes(of: member)
    let inner: Checkpoint
    do throws(PortError) {
      inner = try TorchFile.readInner(SharedBytes(lending: bytes), allowance.limits(for: member))
    } catch {
      throw PortError(error.kind, error.message, record: member.name, remedy: error.remedy)
    }
    allowance.take(values: inner.metadata.nodes.count, bytes: member.byteCount)
    files[member.name] = inner
    return inner
  }

  private mutating func tensor(
    _ member: ZipMember, _ payload: JSONValue
  ) throws(PortError) -> Tensor {
    guard let meta = payload["tensor_meta"], let code = meta["dtype"]?.int,
      let dtype = ExportReader.types[code], let extents = integers(meta["sizes"]),
      let strides = integers(meta["strides"]), let offset = integer(meta["storage_offset"])
    else {
      throw PortError(.malformed, "a weight's tensor_meta does not say its type and shape")
    }
    // PyTorch's enumeration: 7 is strided, and no other is written as raw bytes.
    guard meta["layout"]?.int ?? 7 == 7 else {
      throw PortError(.unsupported, "a weight is saved in a sparse layout")
    }
    let archive = records.archive
    let shape = try Shape(extents, limits: limits)
    let storage =
      storages[member.name]
      ?? Storage(
        key: String(member.name.dropFirst(records.name(of: "data/").count)),
        location: meta["device"]?["type"]?.string ?? "cpu", byteOrder: byteOrder,
        byteCount: member.byteCount
      ) { () throws(PortError) in try archive.bytes(of: member) }
    storages[member.name] = storage
    return try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: offset, storage: storage,
      requiresGrad: meta["requires_grad"] == true)
  }

  private func integers(_ value: JSONValue?) -> [Int]? {
    guard let elements = value?.array else { return nil }
    let integers = elements.compactMap { integer($0) }
    return integers.count == elements.count ? integers : nil
  }

  private func integer(_ value: JSONValue?) -> Int? { value?["as_int"]?.int ?? value?.int }

  /// torch/_export/serde/schema.py, `ScalarType`.
  private static let types: [Int: DType] = [
    1: .uint8, 2: .int8, 3: .int16, 4: .int32, 5: .int64, 6: .float16, 7: .float32, 8: .float64,
    9: .complex32, 10: .complex64, 11: .complex128, 12: .bool, 13: .bfloat16, 28: .uint16,
    29: .float8_e4m3fn, 30: .float8_e5m2, 31: .float8_e4m3fnuz, 32: .float8_e5m2fnuz,
    33: .float8_e8m0fnu, 34: .uint32, 35: .uint64,
  ]
}
