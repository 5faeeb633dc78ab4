import TPBytes
import TPEvaluation
import TPTensors
import TestSupport
import Testing

/// Pictures against what `cv2.imread` and `cv2.cvtColor` make of them, and files that are damaged or lie.
@Suite struct PictureTests {
  private static let folder = Fixtures.root + "frames/pictures/"
  private static let expected: JSONValue = {
    guard let file = try? SharedBytes(path: Fixtures.root + "frames/expected.json") else {
      return .null
    }
    return (try? JSONValue(parsing: file.bytes)) ?? .null
  }()
  private let scratch = TemporaryFolder()

  /// The gray values of a picture, through the reader of clips: in its own size nothing is resized.
  private func gray(_ path: String, height: Int, width: Int) throws(PortError) -> [Int] {
    let reader = ClipReader(extents: [1, 1, height, width])
    return try reader.clip(ClipSource(path: path)).values.map { Int($0 * 255) }
  }

  private func failure(_ bytes: [UInt8], _ ending: String = "png") throws -> PortError? {
    let path = try scratch.save("damaged." + ending, bytes)
    do throws(PortError) {
      _ = try gray(path, height: 13, width: 19)
      return nil
    } catch {
      #expect(error.file == path)
      return error
    }
  }

  @Test func everyKindAsOpenCVReadsIt() throws {
    let pictures = try #require(Self.expected["pictures"]?.members)
    #expect(pictures.count == 23)
    for picture in pictures {
      let (height, width) = (
        try #require(picture.value["height"]?.int), try #require(picture.value["width"]?.int)
      )
      let found = try gray(Self.folder + picture.key, height: height, width: width)
      // A float32 quotient by 255, times 255, may be a hair below the whole number.
      let known = try #require(picture.value["gray"]?.integers)
      #expect(found.count == known.count)
      let far = zip(found, known).filter { $0 != $1 && $0 + 1 != $1 }
      #expect(far.isEmpty, "\(picture.key)")
      let reader = ClipReader(extents: [1, 1, height, width])
      let values = try reader.clip(ClipSource(path: Self.folder + picture.key)).values
      #expect(values == known.map { Float($0) / 255 }, "\(picture.key)")
    }
  }

  @Test(arguments: ["rgb.png", "palette4.png", "rgba16_interlaced.png", "gray.pgm", "rgb16.ppm"])
  func everyTruncationIsRefused(name: String) throws {
    let bytes = try SharedBytes(path: Self.folder + name).region.array()
    let ending = String(name.suffix(3))
    for count in 0..<bytes.count {
      #expect(try failure(Array(bytes[..<count]), ending) != nil, "\(count)")
    }
    #expect(try failure(bytes, ending) == nil)
    if ending != "png" { #expect(try failure(bytes + [0], ending)?.kind == .malformed) }
  }

  /// A checksum covers every byte but the signature and the lengths, which are checked themselves.
  @Test func everyFlippedByteOfAPNGIsRefused() throws {
    let bytes = try SharedBytes(path: Self.folder + "rgb.png").region.array()
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 0x41
      #expect(try failure(changed) != nil, "\(place)")
    }
  }

  @Test func filesThatLie() throws {
    typealias Case = (bytes: [UInt8], words: String)
    let line = [UInt8](repeating: 0, count: 20)
    let whole = PNG.file(19, 13, data: PNG.stored((0..<13).flatMap { _ in line }))
    #expect(try failure(whole) == nil)
    let cases: [Case] = [
      (PNG.file(60_000, 60_000, data: PNG.stored(line)), "each side must be 1 to 16384"),
      (PNG.file(0, 13, data: PNG.stored(line)), "each side must be 1 to 16384"),
      (PNG.file(8_000, 8_000, data: PNG.stored(line)), "too few for 64008000"),
      (PNG.file(19, 13, data: PNG.stored(line)), "do not inflate to 260 bytes"),
      (PNG.file(19, 12, data: PNG.stored((0..<13).flatMap { _ in line })), "do not inflate to 240"),
      (PNG.file(19, 13, data: [1, 2, 3]), "do not inflate to 260 bytes"),
      (PNG.file(19, 13, depth: 3, data: PNG.stored(line)), "which PNG does not know"),
      (PNG.file(19, 13, colour: 5, data: PNG.stored(line)), "which PNG does not know"),
      (PNG.file(19, 13, colour: 3, data: PNG.stored(line)), "holds no palette"),
      (
        PNG.file(19, 13, data: PNG.stored((0..<13).flatMap { _ in [9] + line.dropFirst() })),
        "has the filter 9"
      ),
      (
        PNG.file(
          19, 13, colour: 3,
          data: PNG.stored((0..<13).flatMap { _ in [0] + line.dropFirst(2) + [7] }),
          between: PNG.chunk("PLTE", [1, 2, 3])), "has colour 7 of a palette of 1"
      ),
      (
        PNG.file(19, 13, data: PNG.stored(line), between: PNG.chunk("ABCD", [])),
        "needs its chunk ABCD"
      ),
      (
        PNG.file(19, 13, data: PNG.stored(line), between: PNG.chunk("PLTE", [1, 2])),
        "its palette has a wrong size"
      ),
      (PNG.signature + PNG.chunk("IEND", []), "does not begin with one IHDR"),
      (PNG.signature + PNG.chunk("IHDR", [1]), "IHDR has 1 bytes instead of 13"),
      (Array(whole.dropLast(12)) + PNG.chunk("tEXt", []) + PNG.chunk("IDAT", []), "stand together"),
      (Array("version https://git-lfs".utf8), "does not begin as one"),
    ]
    for (bytes, words) in cases {
      let message = try failure(bytes)?.message ?? "was taken"
      #expect(message.contains(words), "\(message)")
    }
    let maps: [(text: String, words: String)] = [
      ("P2\n1 1\n255\n7", "is a P2 picture"), ("P5\n19 13\n100\n", "its largest value is 100"),
      ("P5\n0 13\n255\n", "each side must be"),
      ("P5 19 13 255000000000 ", "something else than numbers"),
      ("P5\n19 -13\n255\n", "something else than numbers"),
      ("P5\n19 13\n255\nabc", "247 bytes and 3"),
      ("P5\n# no end", "ends in its header"), ("GIF89a", "does not begin with P5"),
      ("P5\n#" + String(repeating: "x", count: 5_000), "a header of more than 4096"),
    ]
    for (text, words) in maps {
      let message = try failure(Array(text.utf8), "pgm")?.message ?? "was taken"
      #expect(message.contains(words), "\(message)")
    }
  }
}

/// PNG files that no program would write.
private enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
    var crc = UInt32.max
    for byte in Array(kind.utf8) + data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return big(UInt32(data.count)) + kind.utf8 + data + big(~crc)
  }

  static func big(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }

  /// A zlib stream of one block that is not compressed.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let (low, high) = (UInt8(bytes.count & 255), UInt8(bytes.count >> 8))
    return [0x78, 0x01, 1, low, high, ~low, ~high] + bytes + big(b << 16 | a)
  }

  static func file(
    _ width: UInt32, _ height: UInt32, depth: UInt8 = 8, colour: UInt8 = 0, data: [UInt8],
    between: [UInt8] = []
  ) -> [UInt8] {
    signature + chunk("IHDR", big(width) + big(height) + [depth, colour, 0, 0, 0]) + between
      + chunk("IDAT", data) + chunk("IEND", [])
  }
}
