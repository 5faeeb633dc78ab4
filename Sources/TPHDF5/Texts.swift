internal import CTPLibHDF5
internal import TPBytes
internal import TPTensors

/// Texts of an attribute or a dataset, of a fixed or a variable length.
enum Texts {
  /// The most bytes of texts of a fixed length.
  private static let mostBytes = 64 << 20

  /// The texts; `nil` where there are too many bytes.
  ///
  /// - Parameter read: reads all elements in the type of the file, as `H5Aread` and `H5Dread` do.
  static func read(
    type: borrowing Identifier, space: borrowing Identifier, count: Int,
    _ read: (UnsafeMutableRawPointer?) -> herr_t
  ) throws(PortError) -> [MetadataTree.Node]? {
    if count == 0 { return [] }
    return H5Tis_variable_str(type.id) > 0
      ? try unsafe variable(type, space, count, read) : try unsafe fixed(type, count, read)
  }

  private static func fixed(
    _ type: borrowing Identifier, _ count: Int, _ read: (UnsafeMutableRawPointer?) -> herr_t
  ) throws(PortError) -> [MetadataTree.Node]? {
    let size = H5Tget_size(type.id)
    let (total, overflow) = size.multipliedReportingOverflow(by: count)
    guard size > 0, !overflow, total <= mostBytes else { return nil }
    var bytes = [UInt8](repeating: 0, count: total)
    let status = unsafe bytes.withUnsafeMutableBytes { unsafe read($0.baseAddress) }
    try check(status, "cannot read texts")
    let padding = H5Tget_strpad(type.id)
    return (0..<count).map { index in
      var text = bytes[index * size..<(index + 1) * size]
      switch padding {
      case H5T_STR_NULLTERM: text = text.prefix { $0 != 0 }
      case H5T_STR_SPACEPAD: while text.last == 0x20 { text.removeLast() }
      default: while text.last == 0 { text.removeLast() }
      }
      return node(Array(text))
    }
  }

  private static func variable(
    _ type: borrowing Identifier, _ space: borrowing Identifier, _ count: Int,
    _ read: (UnsafeMutableRawPointer?) -> herr_t
  ) throws(PortError) -> [MetadataTree.Node] {
    var texts = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    let status = unsafe texts.withUnsafeMutableBytes { unsafe read($0.baseAddress) }
    try check(status, "cannot read texts")
    let nodes = unsafe texts.map { start -> MetadataTree.Node in
      guard let start = unsafe start else { return .string("") }
      if let text = unsafe String(validatingCString: start), !hasTooManyMarks(text) {
        return .string(text)
      }
      var bytes: [UInt8] = []
      while unsafe start[bytes.count] != 0 {
        bytes.append(UInt8(bitPattern: unsafe start[bytes.count]))
      }
      return .bytes(bytes)
    }
    _ = unsafe texts.withUnsafeMutableBytes {
      unsafe tp_h5_reclaim(type.id, space.id, $0.baseAddress)
    }
    return nodes
  }

  private static func node(_ bytes: [UInt8]) -> MetadataTree.Node {
    guard let text = String(validating: bytes, as: UTF8.self), !hasTooManyMarks(text) else {
      return .bytes(bytes)
    }
    return .string(text)
  }
}
