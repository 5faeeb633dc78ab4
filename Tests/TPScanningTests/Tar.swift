/// A tar file as PyTorch wrote it before 0.1.10 (torch/serialization.py, `legacy_load`).
enum Tar {
  /// One storage of float32 and a tensor that is all of it, under the key `w`.
  static func checkpoint(_ elements: [UInt8], count: Int, program: [UInt8]? = nil) -> [UInt8] {
    let one: [UInt8] = [0x80, 2] + Array("K\u{1}.".utf8)
    let storage = one + [0x80, 2] + Array("(K\u{1}X\u{3}\0\0\0cpuctorch\nFloatStorage\nt.".utf8)
    let tensor = one + [0x80, 2] + Array("(K\u{2}K\u{1}ctorch\nFloatTensor\nt.".utf8)
    let views: [UInt8] = [0x80, 2] + Array("].".utf8)
    let named: [UInt8] = [0x80, 2] + Array("}X\u{1}\0\0\0wX\u{1}\0\0\u{0}2Qs.".utf8)
    let shape = little(1, 4) + little(0, 4) + little(count, 8) + little(1, 8) + little(0, 8)
    return member("sys_info", [0x80, 2] + Array("}.".utf8)) + member("pickle", program ?? named)
      + member("storages", storage + little(count, 8) + elements + views)
      + member("tensors", tensor + shape) + [UInt8](repeating: 0, count: 1_024)
  }

  private static func little(_ number: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func member(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
    }
    func octal(_ number: Int, _ width: Int) -> String {
      let digits = String(number, radix: 8)
      return String(repeating: "0", count: width - digits.count) + digits
    }
    put(name, at: 0)
    put(octal(bytes.count, 11), at: 124)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\u{0}00", at: 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
    header[154] = 0
    return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }
}
