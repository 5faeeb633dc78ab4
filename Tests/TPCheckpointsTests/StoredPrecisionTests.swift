import TPBytes
import TPCheckpoints
import TPTensors
import Testing

/// The fact `precision` of a weight file.
@Suite struct StoredPrecisionTests {
  private static let mixed = StoredPrecision.mixed(["a": .int8, "b": nil, "c": .float16])

  @Test(
    arguments: [
      ("exact", .exact, false, "exact"), ("float32", .uniform(.float32), false, "float32"),
      ("float64", .uniform(.float64), false, "float64"),
      ("float16", .uniform(.float16), true, "float16"),
      ("bfloat16", .uniform(.bfloat16), true, "bfloat16"),
      (#"{"a":"int8","b":"exact","c":"float16"}"#, mixed, true, "mixed (float16, int8)"),
      (
        #"{"a":"float32","b":"exact"}"#, .mixed(["a": .float32, "b": nil]), false,
        "mixed (float32)"
      ),
    ] as [(String, StoredPrecision, Bool, String)])
  func texts(fact: String, precision: StoredPrecision, isLossy: Bool, label: String) {
    #expect(StoredPrecision(fact: fact) == precision)
    #expect(precision.fact == fact)
    #expect(precision.isLossy == isLossy)
    #expect(precision.label == label)
  }

  @Test(arguments: ["", "int4", "{}", "[]", #"{"a":1}"#, #"{"a":"int64"}"#, #"{"a":"int8""#])
  func textsWithoutMeaning(fact: String) {
    #expect(StoredPrecision(fact: fact) == nil)
    var facts = ModelFacts()
    facts.precision = fact
    #expect(!facts.isLossy)
    let error = #expect(throws: PortError.self) { try facts.checkPrecision(of: StateDict()) }
    #expect(error?.kind == .malformed)
    #expect(error?.key == "torchport.precision")
  }

  @Test func theShortestTextIsChosen() {
    #expect(StoredPrecision(["a": nil, "b": nil]) == .exact)
    #expect(StoredPrecision([:]) == .exact)
    #expect(StoredPrecision(["a": .int8, "b": .int8]) == .uniform(.int8))
    #expect(StoredPrecision(["a": .int8, "b": nil]) == .mixed(["a": .int8, "b": nil]))
  }

  @Test(
    arguments: [
      (nil, nil, nil), (nil, .float32, .float32), (.float16, nil, .float16),
      (.float16, .float32, .float16), (.float16, .bfloat16, .bfloat16), (.int8, .float64, .int8),
    ] as [(DType?, DType?, DType?)])
  func theCoarserCounts(left: DType?, right: DType?, both: DType?) {
    #expect(StoredPrecision.coarser(left, right) == both)
    #expect(StoredPrecision.coarser(right, left) == both)
  }

  private func stateDict(_ entries: [(String, DType, [Int])]) throws -> StateDict {
    try StateDict(
      entries.map { name, dtype, extents in
        let shape = try Shape(extents)
        let bytes = [UInt8](repeating: 0, count: shape.elementCount * dtype.byteCount)
        return (
          name,
          try Tensor(
            dtype: dtype, shape: shape, storage: Storage(key: name, region: ByteRegion(bytes)))
        )
      })
  }

  @Test func storedTypesAreHeldAgainstTheFact() throws {
    let dict = try stateDict([
      ("a", .int8, [2, 3]), ("a.scale", .float32, [2]), ("b", .float32, [2]),
      ("c", .float16, [2]), ("n", .int64, []),
    ])
    try StoredPrecision.exact.check(dict)
    try Self.mixed.check(dict)
    // Widened again: the fact still tells what the numbers went through.
    try StoredPrecision.mixed(["b": .int8]).check(dict)
    let wrong: [(StoredPrecision, String)] = [
      (.uniform(.float16), "a"), (.mixed(["a": .bfloat16]), "a"), (.mixed(["c": .float32]), "c"),
      (.mixed(["n": .float32]), "n"), (.mixed(["x": .float32]), "x"),
    ]
    for (precision, key) in wrong {
      let error = #expect(throws: PortError.self) { try precision.check(dict) }
      #expect(error?.kind == .malformed)
      #expect(error?.key == key)
    }
    // Scales are no tensor of the model, and int8 without scales is no number.
    try StoredPrecision.uniform(.int8).check(dict)
    let bare = try stateDict([("a", .int8, [2, 3])])
    try StoredPrecision.uniform(.int8).check(bare)
    #expect(throws: PortError.self) { try StoredPrecision.mixed(["a": .int8]).check(bare) }
  }
}
