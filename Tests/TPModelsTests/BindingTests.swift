import TPBytes
import TPModels
import TPTensors
import Testing

/// Holding a state_dict against an architecture.
struct BindingTests {
  /// Five entries, two of one shape.
  static let small = [
    Layer("fc1", .linear(.init(3, 3))), Layer("bn", .batchNorm(.init(3))), Layer(.relu),
    Layer("fc2", .linear(.init(3, 3))),
  ]

  private func architecture() throws -> Architecture {
    try Architecture(name: "Small", input: [3], layers: Self.small)
  }

  /// A state_dict that fits, without some entries, with others replaced, and with more at its end.
  private func stateDict(
    without left: [String] = [], _ changes: [String: Tensor] = [:],
    adding: [(String, Tensor)] = []
  ) throws -> StateDict {
    var result = StateDict()
    for entry in try fitting(architecture()).entries where !left.contains(entry.name) {
      try result.append(entry.name, changes[entry.name] ?? entry.tensor)
    }
    for (name, tensor) in adding { try result.append(name, tensor) }
    return result
  }

  @Test func everyEntryFits() throws {
    let report = try architecture().match(stateDict())
    #expect(report.fits)
    #expect(report.error == nil)
  }

  @Test func theLargeNetworkFitsItsOwnTable() throws {
    let architecture = Architecture.lightweightCNNLSTM
    let weights = try architecture.bind(fitting(architecture))
    #expect(weights["lstm.weight_ih_l0"].count == 512 * 1152)
    #expect(weights["bn3d1.num_batches_tracked"].isEmpty)
    #expect(weights["no.such"].isEmpty)
  }

  @Test func everyProblemAtOnce() throws {
    let scalar = try Shape([])
    let three = try Shape([3])
    let found = try stateDict(
      without: ["fc1.bias"],
      [
        "fc2.weight": zeros(.float32, Shape([3, 4])), "bn.weight": zeros(.int32, three),
        "bn.num_batches_tracked": zeros(.int32, Shape([1])),
      ], adding: [("fc1.bais", zeros(.float32, three)), ("extra", zeros(.int8, scalar))])
    let report = try architecture().match(found)
    let missing = BindingReport.Missing(
      name: "fc1.bias", shape: three, suggestions: ["fc1.bais"])
    #expect(report.missing == [missing])
    let swapped = BindingReport.Unexpected(name: "fc1.bais", shape: three, suggestion: "fc1.bias")
    let extra = BindingReport.Unexpected(name: "extra", shape: scalar, suggestion: nil)
    #expect(report.unexpected == [swapped, extra])
    let counter = BindingReport.Misshapen(
      name: "bn.num_batches_tracked", expected: scalar, found: try Shape([1]), sameShape: ["extra"])
    let weight = BindingReport.Misshapen(
      name: "fc2.weight", expected: try Shape([3, 3]), found: try Shape([3, 4]))
    #expect(report.misshapen == [counter, weight])
    let scale = BindingReport.WrongType(name: "bn.weight", expected: .float32, found: .int32)
    let count = BindingReport.WrongType(
      name: "bn.num_batches_tracked", expected: .int64, found: .int32)
    #expect(report.wrongType == [scale, count])
    let error = #expect(throws: PortError.self) { try architecture().bind(found) }
    #expect(error?.kind == .mismatch)
    let parts = [
      "1 missing: fc1.bias (3,) [perhaps fc1.bais]", "2 unexpected: fc1.bais (3,), extra ()",
      "2 of another shape: bn.num_batches_tracked (1,) for () [extra has this shape],"
        + " fc2.weight (3, 4) for (3, 3)",
      "2 of another type: bn.weight int32 for float32,"
        + " bn.num_batches_tracked int32 for int64",
    ]
    let message = "the weights do not fit Small: " + parts.joined(separator: "; ")
    #expect(error?.message == message)
  }

  /// Names of another program have nothing in common with ours; the shapes still tell.
  @Test func candidatesByShapeAreToldHoweverTheyAreCalled() throws {
    let three = try Shape([3])
    let found = try stateDict(
      without: ["fc1.bias"], adding: [("zzzzzzzzzzzz", zeros(.float32, three))])
    let report = try architecture().match(found)
    #expect(report.missing.first?.suggestions == [])
    #expect(report.missing.first?.sameShape == ["zzzzzzzzzzzz"])
    #expect(report.unexpected.first?.sameShape == ["fc1.bias"])
    #expect(
      report.error?.message
        == "the weights do not fit Small: 1 missing: fc1.bias (3,) [zzzzzzzzzzzz has this shape];"
        + " 1 unexpected: zzzzzzzzzzzz (3,)")
  }

  @Test func suggestionsPreferTheSameShape() throws {
    let found = try stateDict(
      without: ["fc1.weight"],
      adding: [
        ("fc1.weigh", zeros(.float32, Shape([9]))), ("fc1.kernel", zeros(.float32, Shape([3, 3]))),
        ("fc_1.weight", zeros(.float32, Shape([3, 3]))),
      ])
    let report = try architecture().match(found)
    #expect(report.missing.map(\.suggestions) == [["fc_1.weight", "fc1.weigh"]])
  }

  @Test func aMissingCounterIsMissing() throws {
    let report = try architecture().match(stateDict(without: ["bn.num_batches_tracked"]))
    #expect(report.missing.map(\.name) == ["bn.num_batches_tracked"])
  }

  @Test(
    arguments: [
      (.float32, true), (.float16, true), (.bfloat16, true), (.float64, true), (.int32, false),
      (.float8_e5m2, false), (.complex64, false), (.bool, false),
    ] as [(DType, Bool)])
  func types(dtype: DType, fits: Bool) throws {
    let found = try stateDict(["fc1.weight": zeros(dtype, Shape([3, 3]))])
    #expect(try architecture().match(found).fits == fits)
  }

  @Test func halfPrecisionIsExact() throws {
    // 1.5, -2, 65504, 2^-24 in float16; 1.5, -2, 2^100, NaN in bfloat16.
    let half = try Tensor(
      dtype: .float16, shape: Shape([3]),
      storage: Storage(key: "h", region: ByteRegion([0x00, 0x3E, 0xFF, 0x7B, 0x01, 0x00])))
    let brain = try Tensor(
      dtype: .bfloat16, shape: Shape([3]),
      storage: Storage(key: "b", region: ByteRegion([0xC0, 0x3F, 0x80, 0x71, 0xC0, 0x7F])))
    let weights = try architecture().bind(stateDict(["fc1.bias": half, "fc2.bias": brain]))
    #expect(weights["fc1.bias"] == [1.5, 65504, 0x1p-24])
    #expect(weights["fc2.bias"][..<2] == [1.5, 0x1p100])
    #expect(weights["fc2.bias"][2].isNaN)
  }

  @Test func manyProblemsAreCounted() throws {
    let error = Architecture.lightweightCNNLSTM.match(StateDict()).error
    #expect(error?.message.contains("34 missing: conv3d1.weight (16, 1, 3, 3, 3), ") == true)
    #expect(error?.message.hasSuffix(" and 24 more") == true)
  }

  @Test func namesFromAFileAreMadePrintable() throws {
    let long = String(repeating: "x", count: 5_000)
    let found = try stateDict(
      adding: [("a\u{1B}[31m", zeros(.int8, Shape([]))), (long, zeros(.int8, Shape([])))])
    let message = try architecture().match(found).error?.message ?? ""
    #expect(message.contains("a\\u{1b}[31m"))
    #expect(message.count < 500)
  }

  /// A weight file may describe its network itself.
  @Test func namesFromADescriptionAreMadePrintable() throws {
    let layers = ["missing", "shape", "type"].map {
      Layer("\u{1B}[31m" + $0, .layerNorm(.init([3], hasBias: false)))
    }
    let architecture = try Architecture(name: "\u{1B}[31mX", input: [3], layers: layers)
    var found = StateDict()
    try found.append("\u{1B}[31mshape.weight", zeros(.float32, Shape([4])))
    try found.append("\u{1B}[31mtype.weight", zeros(.int32, Shape([3])))
    let error = architecture.match(found).error
    #expect(
      error?.message
        == #"the weights do not fit \u{1b}[31mX: 1 missing: \u{1b}[31mmissing.weight (3,);"#
        + #" 1 of another shape: \u{1b}[31mshape.weight (4,) for (3,);"#
        + #" 1 of another type: \u{1b}[31mtype.weight int32 for float32"#)
    let fitted = try architecture.bind(fitting(architecture))
    let activation = #expect(throws: PortError.self) {
      try Network(architecture, fitted).run([0, 0, 0], batch: 1, recording: ["no"])
    }
    #expect(activation?.description.contains("\u{1B}") == false)
  }

  @Test func aMillionStrangeNames() throws {
    var found = StateDict()
    let tensor = try zeros(.float32, Shape([3]))
    for index in 0..<300_000 { try found.append("fc1.bias\(index)", tensor) }
    let report = try architecture().match(found)
    #expect(report.unexpected.count == 300_000)
    #expect((report.error?.message.count ?? .max) < 2_000)
  }

  /// To compare two names takes as many steps as the product of their lengths: of names with 192
  /// bytes each, 85 of either side are compared.
  @Test func longNamesOfBothSidesAreBounded() throws {
    let three = try Shape([3])
    let names = (100..<200).map { String(repeating: "x", count: 189) + String($0) }
    let surplus = try stateDict(
      without: ["fc1.bias"], adding: names.map { ($0, try zeros(.float32, three)) })
    let unexpected = try architecture().match(surplus).unexpected
    #expect(unexpected.count == 100)
    #expect(unexpected.count { !$0.sameShape.isEmpty } == 85)

    let layers = names.map { name in
      Layer(String(name.dropFirst(".weight".count)), .layerNorm(.init([3], hasBias: false)))
    }
    let wide = try Architecture(name: "Wide", input: [3], layers: layers)
    var found = StateDict()
    try found.append("z", zeros(.float32, three))
    #expect(wide.match(found).missing.count { !$0.sameShape.isEmpty } == 85)
    for spec in wide.parameterTable { try found.append(spec.name, zeros(.float32, Shape([4]))) }
    #expect(wide.match(found).misshapen.count { !$0.sameShape.isEmpty } == 85)
  }

  @Test func bytesThatCannotBeHadNameTheirKey() throws {
    let broken = try Tensor(
      dtype: .float32, shape: Shape([3]),
      storage: Storage(key: "7", byteCount: 12) { () throws(PortError) in
        throw PortError(.checksum, "the checksum contradicts the bytes", record: "data/7")
      })
    let error = #expect(throws: PortError.self) {
      try architecture().bind(stateDict(["fc1.bias": broken]))
    }
    #expect(
      error
        == PortError(
          .checksum, "the checksum contradicts the bytes", record: "data/7", key: "fc1.bias"))
  }
}
