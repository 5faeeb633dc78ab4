import TPBytes
import TPSafeTensors
import TestSupport
import Testing

struct ChecksumTests {
  /// Lengths around every border of the three ways, at two alignments; expected by zlib.
  @Test func asZlib() throws {
    let noise = SharedBytes(try WeightFiles.bytes("noise.bin"))
    let cases = try WeightFiles.expected("crc32").array ?? []
    #expect(cases.count > 30)
    for json in cases {
      let (start, length) = (json["start"]?.int ?? 0, json["length"]?.int ?? 0)
      let region = try #require(noise.region.slice(offset: start, length: length))
      let digits = String(SafeTensors.checksum(of: region.bytes), radix: 16)
      let expected = json["crc32"]?.string ?? "?"
      #expect(String(repeating: "0", count: 8 - digits.count) + digits == expected, "\(length)")
    }
  }

  @Test func inPartsAsInOne() throws {
    let noise = SharedBytes(try WeightFiles.bytes("noise.bin"))
    let whole = SafeTensors.checksum(of: noise.bytes)
    for cut in [0, 1, 63, 64, 100, 4096] {
      let first = SafeTensors.checksum(of: noise.bytes.extracting(0..<cut))
      #expect(SafeTensors.checksum(of: noise.bytes.extracting(cut..<4096), after: first) == whole)
    }
  }
}
