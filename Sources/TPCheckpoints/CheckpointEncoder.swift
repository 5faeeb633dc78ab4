internal import TPBytes
internal import TPTensors

// What the child tells of a file; numbers little-endian, a text is u32 length and UTF-8, a list u32
// count and the items:
//   storages   list of: text key, i64 bytes
//   tensors    list of: list of texts (the path), text dtype, list of i64 (the shape), list of i64 (the
//              strides, in elements), u32 storage
//   facts      list of: text name, text value
//   values     list of: u8 kind, content; each after those that it contains
//   root       u8 0 none, or 1 and u32 value

/// Writes a checkpoint whose tensors begin where their storages do, without its elements.
struct CheckpointEncoder {
  /// The storages, in the order in which they are numbered.
  private(set) var storages: [Storage] = []
  private var writer = ByteWriter()

  /// The bytes of a checkpoint; cannot fail for one that `HDF5File` read.
  mutating func encode(_ checkpoint: Checkpoint) -> [UInt8] {
    var places: [ObjectIdentifier: Int] = [:]
    for record in checkpoint.tensors
    where places.updateValue(storages.count, forKey: ObjectIdentifier(record.tensor.storage))
      == nil
    {
      storages.append(record.tensor.storage)
    }
    places = [:]
    for (place, storage) in storages.enumerated() { places[ObjectIdentifier(storage)] = place }
    count(storages.count)
    for storage in storages {
      text(storage.key)
      writer.little(Int64(storage.byteCount))
    }
    count(checkpoint.tensors.count)
    for record in checkpoint.tensors {
      count(record.path.count)
      for component in record.path { text(component) }
      text(record.tensor.dtype.rawValue)
      count(record.tensor.shape.rank)
      for extent in record.tensor.shape.extents { writer.little(Int64(extent)) }
      count(record.tensor.strides.count)
      for stride in record.tensor.strides { writer.little(Int64(stride)) }
      count(places[ObjectIdentifier(record.tensor.storage)] ?? 0)
    }
    count(checkpoint.facts.count)
    for fact in checkpoint.facts {
      text(fact.name)
      text(fact.value)
    }
    count(checkpoint.metadata.nodes.count)
    for node in checkpoint.metadata.nodes { encode(node) }
    if let root = checkpoint.metadata.root {
      writer.append([1])
      count(Int(root.index))
    } else {
      writer.append([0])
    }
    return writer.bytes
  }

  private mutating func encode(_ node: MetadataTree.Node) {
    switch node {
    case .bool(let value): writer.append([1, value ? 1 : 0])
    case .int(let value):
      writer.append([2])
      writer.little(Int64(value))
    case .bigInt(let digits):
      writer.append([3])
      text(digits)
    case .float(let value):
      writer.append([4])
      writer.little(value.bitPattern)
    case .string(let value):
      writer.append([5])
      text(value)
    case .bytes(let value):
      writer.append([6])
      count(value.count)
      writer.append(value)
    case .list(let elements):
      writer.append([7])
      count(elements.count)
      for element in elements { count(Int(element.index)) }
    case .dict(let entries):
      writer.append([8])
      count(entries.count)
      for entry in entries {
        count(Int(entry.key.index))
        count(Int(entry.value.index))
      }
    // HDF5 has no other kinds.
    default: writer.append([0])
    }
  }

  private mutating func count(_ count: Int) { writer.little(UInt32(clamping: count)) }

  private mutating func text(_ text: String) {
    count(text.utf8.count)
    writer.append(utf8: text)
  }
}

extension PortError {
  /// The error as the child sends it; see `init(encoded:)`.
  var encoded: [UInt8] {
    JSONValue.object(optional: [
      ("kind", .string(kind.rawValue)), ("message", .string(message)),
      ("offset", offset.map(JSONValue.int)), ("record", record.map(JSONValue.string)),
      ("key", key.map(JSONValue.string)), ("remedy", remedy.map(JSONValue.string)),
    ]).text().utf8.map { $0 }
  }

  /// An error from bytes that are not trusted.
  init(encoded: RawSpan) throws(PortError) {
    let json = try JSONValue(parsing: encoded)
    guard let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)),
      let message = json["message"]?.string
    else {
      throw PortError(.malformed, "no error is described")
    }
    self.init(
      kind, printable(message, limit: 2_000), offset: json["offset"]?.int,
      record: json["record"]?.string, key: json["key"]?.string,
      remedy: json["remedy"]?.string.map { printable($0, limit: 2_000) })
  }
}
