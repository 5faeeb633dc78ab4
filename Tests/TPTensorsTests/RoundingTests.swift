import Foundation
import TPBytes
import TPTensors
import TestSupport
import Testing

/// Conversions of element types, held against what PyTorch makes of the same numbers
/// (fixtures/precision/make.py).
@Suite struct RoundingTests {
  static let folder = packageRoot.appendingPathComponent("fixtures/precision")

  private func tensor<Word: FixedWidthInteger>(
    _ dtype: DType, _ words: [Word], _ shape: [Int]? = nil
  ) throws -> Tensor {
    let bytes = words.flatMap { word in
      withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
    return try Tensor(
      dtype: dtype, shape: Shape(shape ?? [words.count]),
      storage: Storage(key: "a", region: ByteRegion(bytes)))
  }

  private func words<Word: FixedWidthInteger & BitwiseCopyable>(
    _ tensor: Tensor, _ type: Word.Type
  ) throws -> [Word] {
    let region = try tensor.contiguousBytes()
    return region.bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / MemoryLayout<Word>.size).map {
        Word(
          littleEndian: bytes.loadUnaligned(
            fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self))
      }
    }
  }

  /// Every float16 and bfloat16 number there is, to float32 and back.
  @Test(arguments: [(.float16, "halves.bin"), (.bfloat16, "bfloats.bin")] as [(DType, String)])
  func allOfSixteenBits(dtype: DType, file: String) throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent(file))
    let expected = data.withUnsafeBytes { bytes in
      (0..<65_536).map {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
      }
    }
    let all = try tensor(dtype, (0...UInt16.max).map { $0 })
    let wide = try all.rounded(to: .float32)
    let found = try words(wide.tensor, UInt32.self)
    let back = try words(try wide.tensor.rounded(to: dtype).tensor, UInt16.self)
    let doubles = try words(all.rounded(to: .float64).tensor, UInt64.self)
    let quiet: UInt16 = dtype == .float16 ? 0x200 : 0x40
    let shift: UInt32 = dtype == .float16 ? 13 : 16
    for index in expected.indices {
      let bits = UInt16(index)
      let number = Float(bitPattern: expected[index])
      if number.isNaN {
        // Sign and payload are kept, and the NaN is quiet.
        let kept = UInt32(bits & (dtype == .float16 ? 0x3FF : 0x7F) | quiet) << shift
        #expect(found[index] == UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | kept)
        #expect(back[index] == bits | quiet)
        #expect(Double(bitPattern: doubles[index]).isNaN)
      } else {
        #expect(found[index] == expected[index])
        #expect(back[index] == bits)
        #expect(doubles[index] == Double(number).bitPattern)
      }
    }
    #expect(wide.loss.isExact)
    #expect(wide.loss.count == 65_536)
    #expect(wide.loss.nan == expected.count { Float(bitPattern: $0).isNaN })
  }

  private func table(_ name: String) throws -> [[String]] {
    let json = try JSONValue(
      parsing: String(
        contentsOf: Self.folder.appendingPathComponent("casts.json"), encoding: .utf8))
    return try #require(json[name]?.array).map { row in
      (row.string ?? "").split(separator: " ").map(String.init)
    }
  }

  @Test func float32IsRoundedAsByPyTorch() throws {
    let rows = try table("float32")
    #expect(rows.count > 4_000)
    let source = try tensor(.float32, rows.map { UInt32($0[0], radix: 16) ?? 0 })
    let halves = try words(source.rounded(to: .float16).tensor, UInt16.self)
    let brains = try words(source.rounded(to: .bfloat16).tensor, UInt16.self)
    let doubles = try source.rounded(to: .float64)
    #expect(doubles.loss.isExact && doubles.loss.decibels == .infinity)
    let back = try words(doubles.tensor.rounded(to: .float32).tensor, UInt32.self)
    for (index, row) in rows.enumerated() {
      #expect(halves[index] == UInt16(row[1], radix: 16), "\(row)")
      #expect(brains[index] == UInt16(row[2], radix: 16), "\(row)")
      #expect(back[index] == UInt32(row[0], radix: 16), "\(row)")
    }
  }

  /// PyTorch rounds float64 twice on the way to 16 bits; here it is once.
  @Test func float64IsRoundedOnce() throws {
    let rows = try table("float64")
    #expect(rows.count > 1_000)
    let source = try tensor(.float64, rows.map { UInt64($0[0], radix: 16) ?? 0 })
    let halves = try words(source.rounded(to: .float16).tensor, UInt16.self)
    let brains = try words(source.rounded(to: .bfloat16).tensor, UInt16.self)
    let singles = try words(source.rounded(to: .float32).tensor, UInt32.self)
    for (index, row) in rows.enumerated() {
      #expect(halves[index] == UInt16(row[1], radix: 16), "\(row)")
      #expect(brains[index] == UInt16(row[2], radix: 16), "\(row)")
      #expect(singles[index] == UInt32(row[3], radix: 16), "\(row)")
    }
  }

  /// The table of docs/precision.md.
  @Test(
    arguments: [
      (0x7F80_0001, 0x7E00, 0x7FC0), (0xFFC0_0000, 0xFE00, 0xFFC0),
      (0x7FA0_2000, 0x7F01, 0x7FE0), (0xFF81_0000, 0xFE08, 0xFFC1),
    ] as [(UInt32, UInt16, UInt16)])
  func notANumberStaysNone(bits: UInt32, half: UInt16, brain: UInt16) throws {
    let source = try tensor(.float32, [bits])
    let rounded = try source.rounded(to: .float16)
    #expect(try words(rounded.tensor, UInt16.self) == [half])
    #expect(try words(source.rounded(to: .bfloat16).tensor, UInt16.self) == [brain])
    #expect(rounded.loss.nan == 1)
    #expect(rounded.loss.isExact)
  }

  @Test func whatIsLostIsCounted() throws {
    // Overflow, just not overflow, to zero, to a subnormal, a subnormal that is exact, NaN, infinity.
    let values: [Float] = [65_520, -65_519.9, 1e-8, -3e-5, 0x1p-24, .nan, .infinity, 0, -0.0, 1]
    let loss = try Tensor(floats: values, shape: Shape(known: [10])).rounded(to: .float16).loss
    #expect(loss.count == 10)
    #expect(loss.overflow == 1)
    #expect(loss.toZero == 1)
    #expect(loss.toSubnormal == 2)
    #expect(loss.nan == 1)
    #expect(loss.maxError == .infinity)
    #expect(loss.decibels == -.infinity)
    let exact = try Tensor(floats: [0, 0], shape: Shape(known: [2])).rounded(to: .float16).loss
    #expect(exact.isExact && exact.decibels == .infinity)
    // 1 becomes 1, 1 + 2^-12 becomes 1: 10 log10((1 + (1 + 2^-12)^2) / 2^-24).
    let two = try Tensor(floats: [1, 1 + 0x1p-12], shape: Shape(known: [2])).rounded(to: .float16)
    #expect(two.loss.maxError == 0x1p-12)
    #expect(abs(two.loss.decibels - 75.258559) < 1e-6)
  }

  @Test(
    arguments: [(.int64, .float16), (.float32, .int8), (.float8_e5m2, .float32)] as [(DType, DType)]
  )
  func otherTypesAreRefused(from: DType, to: DType) throws {
    let source = try tensor(from, [UInt8](repeating: 0, count: from.byteCount), [1])
    let error = #expect(throws: PortError.self) { try source.rounded(to: to) }
    #expect(error?.kind == .unsupported)
  }

  private struct Small: Decodable {
    var values: String
    var shape: [Int]
    var integers: [Int]
    var scale: String
    var numbers: String
  }

  private struct Integers: Decodable { var small: [Small] }

  private func floats(_ text: String) -> [UInt32] {
    let data = Data(base64Encoded: text) ?? Data()
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
    }
  }

  /// Zeros, ties, the smallest and the largest float32 numbers, and ordinary ones.
  @Test func integersAreThoseOfPyTorch() throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent("int8.json"))
    let cases = try JSONDecoder().decode(Integers.self, from: data).small
    #expect(cases.count == 3)
    for known in cases {
      let source = try tensor(.float32, floats(known.values), known.shape)
      let found = try source.quantised()
      #expect(found.tensor.dtype == .int8 && found.tensor.shape == source.shape)
      #expect(try found.tensor.integers() == known.integers)
      let scale = try #require(found.scale)
      #expect(scale.shape.extents == [known.shape[0]])
      #expect(try words(scale, UInt32.self) == floats(known.scale))
      let dict = try StateDict([("w", found.tensor), ("w.scale", scale)])
      #expect(dict.quantisedNames == ["w"])
      let numbers = try dict.dequantised()
      #expect(numbers.names == ["w"])
      #expect(numbers["w"]?.dtype == .float32)
      #expect(try numbers["w"].map { try words($0, UInt32.self) } == floats(known.numbers))
    }
  }

  @Test func scalesThatDoNotFitAreNoScales() throws {
    let weight = try tensor(.int8, [Int8](repeating: 3, count: 6), [2, 3])
    let vector = try tensor(.int8, [Int8](repeating: 3, count: 6), [6])
    let two = Tensor(floats: [1, 2], shape: Shape(known: [2]))
    let six = Tensor(floats: [1, 1, 1, 1, 1, 1], shape: Shape(known: [6]))
    let pairs: [(String, Tensor)] = [
      ("a", weight), ("a.scale", six), ("b", vector), ("b.scale", six), ("c", weight),
      ("c.scale", try two.rounded(to: .float64).tensor), ("d", weight), ("e", weight),
      ("e.scale", two),
    ]
    let dict = try StateDict(pairs.map { (name: $0.0, tensor: $0.1) })
    #expect(dict.quantisedNames == ["e"])
    let numbers = try dict.dequantised()
    #expect(numbers.count == 8)
    #expect(try numbers["e"]?.floats() == [3, 3, 3, 6, 6, 6])
    #expect(numbers["d"]?.dtype == .int8)
  }

  @Test(arguments: [[1, .infinity], [.nan, 0], [-.infinity, 0]] as [[Float]])
  func whatIsNotFiniteHasNoInteger(values: [Float]) throws {
    let error = #expect(throws: PortError.self) {
      try Tensor(floats: values, shape: Shape(known: [1, 2])).quantised()
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("output channel 0") == true)
  }

  @Test func emptyTensorsHaveScales() throws {
    let none = try Tensor(floats: [], shape: Shape([3, 0])).quantised()
    #expect(try none.scale?.floats() == [1, 1, 1])
    let rows = try Tensor(floats: [], shape: Shape([0, 3])).quantised()
    #expect(rows.scale?.shape.extents == [0])
    let dict = try StateDict([("w", rows.tensor), ("w.scale", #require(rows.scale))])
    #expect(try dict.dequantised()["w"]?.floats() == [])
  }

  /// A view is rounded as what it shows.
  @Test func viewsAreGathered() throws {
    let base = Tensor(floats: [1, 2, 3, 4, 5, 6], shape: Shape(known: [6]))
    let view = try Tensor(
      dtype: .float32, shape: Shape([3, 2]), strides: [1, 3], offset: 0, storage: base.storage)
    #expect(try view.rounded(to: .bfloat16).tensor.floats() == [1, 4, 2, 5, 3, 6])
  }
}
