internal import TPBytes
internal import TPTensors

/// The header of a safetensors file, every rule of the format checked.
struct Header {
  /// A tensor, in terms of the file.
  struct Entry {
    let name: String
    let dtype: DType
    let shape: Shape
    /// Bytes from the start of the file.
    let start: Int
    let length: Int
  }

  /// Bytes of the header, padding included.
  let length: Int
  /// What `__metadata__` says, in order.
  let metadata: [(key: String, text: String)]
  /// The tensors in the order in which the header lists them.
  let entries: [Entry]

  /// Reads and checks the header of a file.
  ///
  /// - Throws: `PortError` with the rule that is broken.
  init(_ file: SharedBytes, limits: ReadLimits) throws(PortError) {
    let json = try Header.text(file, limits: limits)
    length = json.length
    let (dataStart, dataLength) = (8 + json.length, file.count - 8 - json.length)
    var metadata: [(key: String, text: String)] = []
    var described: [(name: String, dtype: DType, shape: Shape, begin: Int, end: Int)] = []
    for member in json.members {
      if member.key == "__metadata__" {
        metadata = try Header.texts(member.value)
        continue
      }
      do throws(PortError) {
        let tensor = try Header.tensor(member.value, limits: limits)
        described.append((member.key, tensor.dtype, tensor.shape, tensor.begin, tensor.end))
      } catch {
        throw error.at(key: member.key)
      }
    }
    var reached = 0
    // Empty tensors lie where the next begins, so the end decides between equal beginnings.
    for tensor in described.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard tensor.begin == reached else {
        throw PortError(
          .malformed,
          tensor.begin > reached
            ? "\(tensor.begin - reached) bytes before the tensor belong to none"
            : "the tensor overlaps the one before it by \(reached - tensor.begin) bytes",
          key: tensor.name)
      }
      reached = tensor.end
    }
    guard reached <= dataLength else {
      throw PortError(
        .truncated, "the tensors need \(reached) bytes and \(dataLength) follow the header",
        offset: file.count, remedy: "the file is incomplete; copy or download it again")
    }
    guard reached == dataLength else {
      throw PortError(
        .malformed, "\(dataLength - reached) bytes follow the last tensor",
        offset: dataStart + reached)
    }
    self.metadata = metadata
    entries = described.map {
      Entry(
        name: $0.name, dtype: $0.dtype, shape: $0.shape, start: dataStart + $0.begin,
        length: $0.end - $0.begin)
    }
  }

  /// `__metadata__` as a tree: one dict of texts.
  var tree: MetadataTree {
    var tree = MetadataTree()
    let entries = metadata.map { key, text in
      MetadataTree.Entry(key: tree.add(.string(key)), value: tree.add(.string(text)))
    }
    tree.root = tree.add(.dict(entries))
    return tree
  }

  private static func text(
    _ file: SharedBytes, limits: ReadLimits
  ) throws(PortError) -> (length: Int, members: [JSONValue.Member]) {
    var cursor = ByteCursor(file.bytes)
    guard cursor.count >= 8 else {
      throw PortError(
        .truncated, "8 bytes of header length are needed and the file has \(cursor.count)",
        offset: 0)
    }
    let claimed = try cursor.little(UInt64.self)
    guard let length = Int(exactly: claimed), length <= limits.headerBytes else {
      throw PortError(
        .limit, "the header claims \(claimed) bytes, more than \(limits.headerBytes)", offset: 0,
        remedy: "this is hardly a safetensors file; \(ReadLimits.Named.headerBytes.remedy)")
    }
    guard length <= cursor.remaining else {
      throw PortError(
        .truncated, "the header claims \(length) bytes and \(cursor.remaining) are left", offset: 0,
        remedy: "the file is incomplete, or not a safetensors file")
    }
    guard length > 0, cursor.peek() == UInt8(ascii: "{") else {
      throw PortError(.malformed, "the header does not begin with `{`", offset: 8)
    }
    let json: JSONValue
    do throws(PortError) {
      json = try JSONValue(parsing: try cursor.span(length), depth: min(limits.depth, 200))
    } catch {
      throw error.moved(by: 8)
    }
    return (length, json.members ?? [])
  }

  private static func texts(
    _ value: JSONValue
  ) throws(PortError) -> [(key: String, text: String)] {
    // The safetensors crate takes a null for no metadata.
    if value == .null { return [] }
    guard let members = value.members else {
      throw PortError(.malformed, "`__metadata__` is not an object", key: "__metadata__")
    }
    var texts: [(key: String, text: String)] = []
    for member in members {
      guard let text = member.value.string else {
        throw PortError(.malformed, "a value of `__metadata__` is not a text", key: member.key)
      }
      texts.append((member.key, text))
    }
    return texts
  }

  private static func tensor(
    _ value: JSONValue, limits: ReadLimits
  ) throws(PortError) -> (dtype: DType, shape: Shape, begin: Int, end: Int) {
    guard value.members != nil else {
      throw PortError(.malformed, "the tensor is not described by an object")
    }
    guard let name = value["dtype"]?.string else {
      throw PortError(.malformed, "`dtype` is missing or not a text")
    }
    guard let dtype = DType(safeTensorsName: name) else {
      throw PortError(.unsupported, "the element type \"\(printable(name))\" is not known")
    }
    var extents = try counts(value["shape"], "shape")
    let offsets = try counts(value["data_offsets"], "data_offsets")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw PortError(.malformed, "`data_offsets` is not a begin and an end that follows it")
    }
    if dtype == .float4_e2m1fn_x2 {
      // The header counts values, PyTorch pairs of values.
      guard let last = extents.last, last % 2 == 0 else {
        throw PortError(
          .unsupported, "four-bit values in an odd number per row do not fill whole bytes")
      }
      extents[extents.count - 1] = last / 2
    }
    let shape = try Shape(extents, limits: limits)
    let (size, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow, size == offsets[1] - offsets[0] else {
      throw PortError(
        .malformed,
        "a \(dtype.rawValue) tensor of shape \(shape) does not have"
          + " \(offsets[1] - offsets[0]) bytes")
    }
    return (dtype, shape, offsets[0], offsets[1])
  }

  private static func counts(
    _ value: JSONValue?, _ field: String
  ) throws(PortError) -> [Int] {
    guard let elements = value?.array else {
      throw PortError(.malformed, "`\(field)` is missing or not a list")
    }
    var counts: [Int] = []
    for element in elements {
      guard let count = element.int, count >= 0 else {
        throw PortError(
          .malformed, "`\(field)` has an element that is not a whole number from 0 on")
      }
      counts.append(count)
    }
    return counts
  }
}
