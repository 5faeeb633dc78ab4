import Foundation
import TPBytes
import TPComparison
import TPModels
import TPTensors
import TestSupport
import Testing

/// The kernels that measure, at lengths around those of vectors, runs, channels and lumps and with
/// every hard number in every lane: figures by numpy of tensors made by a formula
/// (fixtures/differences.py).
@Suite struct MeasureKernelTests {
  static let cases: [JSONValue] = {
    let text = try? String(contentsOfFile: fixture("differences/edges.json"), encoding: .utf8)
    return text.flatMap { try? JSONValue(parsing: $0) }?.array ?? []
  }()

  /// A case of the table as two tensors.
  struct Edge {
    let dtype: DType
    let shape: [Int]
    let formula: String
    let a: Tensor
    let b: Tensor

    init(_ json: JSONValue) throws {
      dtype = try #require(json["dtype"]?.string.flatMap { DType(rawValue: $0) })
      shape = try #require(json["shape"]?.array).compactMap(\.int)
      formula = try #require(json["formula"]?.string)
      let count = shape.reduce(1, *)
      let seed = UInt64(try #require(json["seed"]?.int))
      var words = [[UInt64]]()
      if formula == "scattered" {
        words = Self.scattered(dtype, count, seed)
      } else {
        words = Self.stepped(dtype, count, formula)
      }
      for put in json["put"]?.array ?? [] {
        let place = try #require(put.array?[0].int)
        for side in 0..<2 {
          let text = try #require(put.array?[1 + side].string)
          words[side][place] = try #require(UInt64(text, radix: 16))
        }
      }
      let shape = self.shape
      let dtype = self.dtype
      let tensors = try words.map { words in
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * dtype.byteCount)
        for word in words {
          for byte in 0..<dtype.byteCount { bytes.append(UInt8(word >> UInt64(8 * byte) & 255)) }
        }
        return try Tensor(
          dtype: dtype, shape: Shape(shape), storage: Storage(key: "w", region: .init(bytes)))
      }
      (a, b) = (tensors[0], tensors[1])
    }

    private static func hash(_ index: Int, _ seed: UInt64) -> UInt64 {
      let low: UInt64 = 0xFFFF_FFFF
      var value = (UInt64(index) &* 2_654_435_761 &+ seed &* 40_503 &+ 12_345) & low
      value = (value ^ value >> 15) &* 2_246_822_519 & low
      value = (value ^ value >> 13) &* 3_266_489_917 & low
      return value ^ value >> 16
    }

    private static func scattered(_ dtype: DType, _ count: Int, _ seed: UInt64) -> [[UInt64]] {
      let (mantissa, exponent, step): (UInt64, UInt64, UInt64) =
        switch dtype {
        case .float32: (23, 120, 1001)
        case .float16: (10, 11, 7)
        case .bfloat16: (7, 120, 7)
        default: (52, 1016, 100_001)
        }
      let size = UInt64(8 * dtype.byteCount)
      var (left, right) = ([UInt64](), [UInt64]())
      for index in 0..<count {
        let (h, g) = (hash(index, seed), hash(index, seed + 1))
        let bits = ((h << 20) ^ g) & ((1 << mantissa) - 1)
        let word = ((h >> 31) << (size - 1)) | ((exponent + (h >> 8) % 8) << mantissa) | bits
        left.append(word)
        right.append(g % 5 == 0 ? word : word &+ g % step &- step / 2)
      }
      return [left, right]
    }

    private static func stepped(_ dtype: DType, _ count: Int, _ formula: String) -> [[UInt64]] {
      let steps: [String: [Double]] = [
        "tied": [0.5], "few": [0, 0.25, 1], "two": [0x1p-20, 0x1p-20, 0x1p-20, 3],
      ]
      let own = steps[formula] ?? [0]
      func word(_ value: Double) -> UInt64 {
        if dtype == .float64 { return value.bitPattern }
        let bits = UInt64(Float(value).bitPattern)
        return dtype == .float32 ? bits : bits >> 16
      }
      let left = (0..<count).map { formula == "two" ? 0 : Double($0 % 7) }
      return [left.map(word), left.indices.map { word(left[$0] + own[$0 % own.count]) }]
    }
  }

  private func measures(
    _ edge: Edge, _ kernels: KernelVariant, quick: Bool = false
  ) throws -> (TensorDifference.Status, TensorMeasures) {
    var options = DiffOptions(isQuick: quick)
    options.kernels = kernels
    func checkpoint(_ tensor: Tensor) -> Checkpoint {
      Checkpoint(container: .safetensors, tensors: [TensorRecord(path: ["w"], tensor: tensor)])
    }
    let difference = try CheckpointDifference(
      checkpoint(edge.a), checkpoint(edge.b), files: ("a", "b"), options: options)
    let tensor = try #require(difference.tensors.first)
    return (tensor.status, try #require(tensor.measures))
  }

  /// What a figure is, where it is not what it should be.
  private func miss(_ key: String, _ found: Double?, _ expected: JSONValue?) -> [String] {
    guard let expected, expected != .null else {
      return found == nil ? [] : ["\(key) is \(found ?? 0), not absent"]
    }
    let texts = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]
    guard let known = expected.double ?? expected.string.flatMap({ texts[$0] }), let found else {
      return ["\(key) is \(String(describing: found)), not \(expected.text())"]
    }
    if known.isNaN, found.isNaN { return [] }
    if known == found { return [] }
    let bound = key == "cosine" ? 1e-8 : 1e-9
    // What is a sum that cancels has no relative accuracy near nothing.
    return abs(known - found) <= bound * abs(known) + 1e-18
      ? [] : ["\(key) is \(found), not \(known)"]
  }

  private func misses(_ own: TensorMeasures, _ known: JSONValue) throws -> [String] {
    let details = try #require(own.details)
    var rows: [(String, Double?)] = [
      ("norm_a", own.normA), ("norm_b", own.normB), ("norm_delta", own.normDelta),
      ("relative", own.relative), ("cosine", own.cosine), ("max_abs", own.maxAbs),
      ("max_index", own.maxIndex.map { Double($0) }), ("changed", own.changed),
      ("changed_count", Double(own.changedCount)), ("mean_abs", details.meanAbs),
      ("median_abs", details.medianAbs), ("p99_abs", details.p99Abs),
      ("non_finite", Double(details.nonFinite)), ("sign_flips", Double(details.signFlips)),
    ]
    var found = rows.flatMap { miss($0.0, $0.1, known[$0.0]) }
    for (side, statistics) in [details.a, details.b].enumerated() {
      let expected = known["statistics"]?.array?[side]
      rows = [
        ("min", statistics.minimum), ("max", statistics.maximum), ("mean", statistics.mean),
        ("std", statistics.standardDeviation), ("nan", Double(statistics.nan)),
        ("inf", Double(statistics.infinite)), ("zero", Double(statistics.zero)),
        ("denormal", Double(statistics.denormal)),
      ]
      found += rows.flatMap { miss($0.0, $0.1, expected?[$0.0]) }
    }
    if details.ulps != known["ulps"]?.array?.compactMap(\.int) {
      found.append("ulps are \(details.ulps ?? []), not \(known["ulps"]?.text() ?? "")")
    }
    let channels = known["channels"]?.array ?? []
    if channels.compactMap({ $0["index"]?.int }) != details.channels.map(\.index) {
      found.append("channels are \(details.channels.map(\.index))")
    }
    for (own, expected) in zip(details.channels, channels) {
      found += miss("norm_delta", own.normDelta, expected["norm_delta"])
      found += miss("norm_a", own.normA, expected["norm_a"])
    }
    return found
  }

  @Test func theTableIsThere() { #expect(Self.cases.count > 270) }

  @Test(arguments: cases.indices)
  func everyFigureIsThatOfNumPyWithAllInstructions(index: Int) throws {
    let json = Self.cases[index]
    let edge = try Edge(json)
    var texts: Set<String> = []
    for kernels in KernelVariant.available {
      let (status, own) = try measures(edge, kernels)
      #expect(status.rawValue == json["status"]?.string)
      let found = try misses(own, try #require(json["figures"]))
      #expect(found == [], "\(kernels), \(edge.dtype) \(edge.shape) \(json["put"]?.text() ?? "")")
      let quick = try measures(edge, kernels, quick: true).1
      var bare = own
      bare.details = nil
      #expect(String(describing: quick) == String(describing: bare))
      texts.insert(String(describing: own))
    }
    #expect(texts.count == 1, "not all instructions give the same bits")
  }

  /// What is the same on both sides is measured of one side, with the same bits.
  @Test(arguments: [17, 8193, 65_553])
  func identicalTensorsAreMeasuredOnce(count: Int) throws {
    let json: JSONValue = [
      "dtype": "float32", "shape": .array([.int(count)]), "seed": 3, "formula": "scattered",
    ]
    let edge = try Edge(json)
    let kernels = KernelVariant.best
    let (status, changed) = try measures(edge, kernels)
    #expect(status == .changed)
    func same(_ tensor: Tensor) throws -> TensorMeasures {
      let checkpoint = Checkpoint(
        container: .safetensors, tensors: [TensorRecord(path: ["w"], tensor: tensor)])
      let difference = try CheckpointDifference(checkpoint, checkpoint, files: ("a", "a"))
      #expect(difference.isIdentical)
      return try #require(difference.tensors.first?.measures)
    }
    let own = try same(edge.a)
    #expect(own.normA == changed.normA)
    #expect(own.normB == own.normA)
    #expect(own.details?.a == changed.details?.a)
    #expect(own.details?.b == own.details?.a)
    #expect(own.details?.ulps == [count])
    #expect(own.cosine == 1)
    #expect(own.normDelta == 0)
  }
}
