internal import CTPLibHDF5
internal import TPBytes

extension FileWriter {
  /// Adds a text of fixed length in UTF-8, padded with NUL where it is empty; inside `withLibrary`.
  func add(_ name: String, _ text: String, to object: hid_t) throws(PortError) {
    let problem = "cannot write the attribute \(name)"
    let bytes = text.isEmpty ? [0] : Array(text.utf8)
    let type = try Identifier(H5Tcopy(tp_h5_c_string()), problem, kind: .inputOutput)
    try check(H5Tset_size(type.id, bytes.count), problem, kind: .inputOutput)
    try check(H5Tset_cset(type.id, H5T_CSET_UTF8), problem, kind: .inputOutput)
    try check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), problem, kind: .inputOutput)
    try add(name, bytes, type.id, to: object)
  }

  /// Adds a float64; inside `withLibrary`.
  func add(_ name: String, _ number: Double, to object: hid_t) throws(PortError) {
    var writer = ByteWriter()
    writer.little(number.bitPattern)
    try add(name, writer.bytes, tp_h5_float64_le(), to: object)
  }

  /// Adds one value whose bytes in memory are those in the file.
  private func add(
    _ name: String, _ bytes: [UInt8], _ type: hid_t, to object: hid_t
  ) throws(PortError) {
    let problem = "cannot write the attribute \(name)"
    let space = try Identifier(H5Screate(H5S_SCALAR), problem, kind: .inputOutput)
    let attribute = try Identifier(
      unsafe H5Acreate2(
        object, name, type, space.id, tp_h5_default_list(), tp_h5_default_list()),
      problem, kind: .inputOutput)
    let status = unsafe bytes.withUnsafeBytes {
      unsafe H5Awrite(attribute.id, type, $0.baseAddress)
    }
    try check(status, problem, kind: .inputOutput)
  }
}
