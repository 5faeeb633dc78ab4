internal import CTPLibHDF5
internal import TPBytes
internal import TPTensors

/// A small value that is attached to a group or dataset.
struct Attribute: Sendable {
  /// One value, or an array of values in row-major order.
  struct Value: Sendable {
    var nodes: [MetadataTree.Node]
    /// The extents of an array; `nil` for a single value.
    var extents: [Int]?
  }

  /// The most values that one attribute may have.
  private static let mostValues = 1_000_000

  let name: String
  let value: Value

  /// The text, where the attribute is a single one.
  var text: String? {
    guard value.extents == nil, case .string(let text)? = value.nodes.first else { return nil }
    return text
  }

  /// The attributes of an object by name, and a sentence for each that cannot be represented.
  static func all(
    of object: borrowing Identifier, at path: String, limits: ReadLimits
  ) throws(PortError) -> (attributes: [Attribute], notRead: [String]) {
    var attributes: [Attribute] = []
    var notRead: [String] = []
    let names = try names(of: object, at: path, limits: limits)
    if names.broken > 0 {
      notRead.append("\(path): \(names.broken) attributes whose names are not UTF-8")
    }
    for name in names.found {
      let place = path + "@" + name
      let attribute = try Identifier(
        unsafe H5Aopen(object.id, name, tp_h5_default_list()), "cannot open an attribute",
        record: place)
      do throws(PortError) {
        if let value = try value(of: attribute) {
          attributes.append(Attribute(name: name, value: value))
        } else {
          notRead.append("\(place): an attribute of a type or size that is not supported")
        }
      } catch {
        throw error.at(record: place)
      }
    }
    return (attributes, notRead)
  }

  private struct Names {
    var found: [String] = []
    var broken = 0
    var room: Int
  }

  private static func names(
    of object: borrowing Identifier, at path: String, limits: ReadLimits
  ) throws(PortError) -> Names {
    var names = Names(room: limits.members)
    let status = unsafe withUnsafeMutablePointer(to: &names) { context in
      unsafe H5Aiterate2(
        object.id, H5_INDEX_NAME, H5_ITER_INC, nil,
        { _, name, _, context in
          guard let name = unsafe name, let context = unsafe context else { return -1 }
          let names = unsafe context.assumingMemoryBound(to: Names.self)
          unsafe names.pointee.room -= 1
          if unsafe names.pointee.room < 0 { return 1 }
          if let text = unsafe String(validatingCString: name), !hasTooManyMarks(text) {
            unsafe names.pointee.found.append(text)
          } else {
            unsafe names.pointee.broken += 1
          }
          return 0
        }, context)
    }
    guard names.room >= 0 else {
      throw PortError(
        .limit, "has more than \(limits.members) attributes", record: path,
        remedy: ReadLimits.Named.members.remedy)
    }
    try check(status, "cannot read the names of attributes", record: path)
    return names
  }

  /// The value; `nil` for a type or a size that the metadata tree does not take.
  private static func value(of attribute: borrowing Identifier) throws(PortError) -> Value? {
    let space = try Identifier(H5Aget_space(attribute.id), "cannot read an attribute's shape")
    let type = try Identifier(H5Aget_type(attribute.id), "cannot read an attribute's type")
    guard let extents = try extents(of: space) else { return Value(nodes: [.none], extents: nil) }
    // An extent of 0 counts as 1: the lists around it are made.
    guard let shape = try? Shape(extents), extents.reduce(1, { $0 * max($1, 1) }) <= mostValues
    else { return nil }
    let count = shape.elementCount
    let nodes: [MetadataTree.Node]?
    switch H5Tget_class(type.id) {
    case H5T_STRING:
      nodes = try unsafe Texts.read(type: type, space: space, count: count) {
        unsafe H5Aread(attribute.id, type.id, $0)
      }
    case H5T_INTEGER where H5Tget_size(type.id) <= 8:
      nodes =
        H5Tget_sign(type.id) == H5T_SGN_2
        ? try numbers(attribute, tp_h5_int64_le(), count, Int64(0)) { .int(Int($0)) }
        : try numbers(attribute, tp_h5_uint64_le(), count, UInt64(0)) {
          Int(exactly: $0).map { .int($0) } ?? .bigInt(String($0))
        }
    case H5T_FLOAT where H5Tget_size(type.id) <= 8:
      nodes = try numbers(attribute, tp_h5_float64_le(), count, Double(0)) { .float($0) }
    case H5T_ENUM:
      guard try ElementType.dtype(of: type) == .bool else { return nil }
      nodes = try numbers(attribute, type.id, count, UInt8(0)) { .bool($0 != 0) }
    default: nodes = nil
    }
    return nodes.map { Value(nodes: $0, extents: extents.isEmpty ? nil : extents) }
  }

  private static func numbers<Number: BitwiseCopyable>(
    _ attribute: borrowing Identifier, _ type: hid_t, _ count: Int, _ zero: Number,
    _ node: (Number) -> MetadataTree.Node
  ) throws(PortError) -> [MetadataTree.Node] {
    if count == 0 { return [] }
    var values = Array(repeating: zero, count: count)
    let status = unsafe values.withUnsafeMutableBytes {
      unsafe H5Aread(attribute.id, type, $0.baseAddress)
    }
    try check(status, "cannot read an attribute")
    return values.map(node)
  }
}
