internal import CTPKernels
internal import TPBytes

extension SafeTensors {
  /// CRC-32 of bytes, as the native profile has it; `after` is that of the bytes before them.
  package static func checksum(of bytes: RawSpan, after seed: UInt32 = 0) -> UInt32 {
    crc32(bytes, seed: seed)
  }
}

/// CRC-32 as zip has it; pass the result for the bytes before as `seed` to go on.
func crc32(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  unsafe bytes.withUnsafeBytes { unsafe tp_crc32(seed, $0.baseAddress, $0.count) }
}

/// Eight lowercase hexadecimal digits, the highest first.
func hexadecimal(_ value: UInt32) -> String {
  hexadecimal([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
}

/// The number behind eight lowercase hexadecimal digits; `nil` for anything else.
func checksum(_ digits: String) -> UInt32? {
  isHexadecimal(digits, count: 8) ? UInt32(digits, radix: 16) : nil
}

/// Whether a text is `count` lowercase hexadecimal digits.
func isHexadecimal(_ text: String, count: Int) -> Bool {
  text.utf8.count == count
    && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}
