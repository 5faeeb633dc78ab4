/// Writes zip files of stored members, so that a damaged member can have the right checksum.
package enum TestZip {
  package static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let name = Array(member.name.utf8)
      let header =
        little(20, 2) + little(0x0800, 2) + little(0, 2) + little(0, 4)
        + little(checksum(member.bytes), 4) + little(UInt32(member.bytes.count), 4)
        + little(UInt32(member.bytes.count), 4) + little(UInt32(name.count), 2) + little(0, 2)
      directory += [0x50, 0x4B, 1, 2] + little(20, 2) + header
      directory += little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4)
      directory += little(UInt32(file.count), 4) + name
      file += [0x50, 0x4B, 3, 4] + header + name + member.bytes
    }
    let count = UInt32(members.count)
    let end =
      [0x50, 0x4B, 5, 6] + little(0, 4) + little(count, 2) + little(count, 2)
      + little(UInt32(directory.count), 4) + little(UInt32(file.count), 4) + little(0, 2)
    return file + directory + end
  }

  private static func little(_ value: UInt32, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }
}
