import TPBytes
import TPTensors
import Testing

import TPReports

@Suite struct NumberTests {
  // What C's printf gives for %.3g.
  @Test(arguments: [
    (0, "0"), (1, "1"), (0.0338653, "0.0339"), (123456, "1.23e+05"), (1e-9, "1e-09"),
    (-2.5, "-2.5"), (.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity"),
  ])
  func significantDigits(value: Double, text: String) {
    #expect(significant(value) == text)
  }

  @Test func unitsAndGroups() {
    #expect(grouped(721_044) == "721,044")
    #expect(grouped(-1_000) == "-1,000")
    #expect(grouped(999) == "999")
    #expect(bytes(999) == "999 bytes")
    #expect(bytes(8_685_997) == "8.7 MB")
    #expect(bytes(44_000_000) == "44 MB")
    #expect(percent(0.0739) == "7.39 %")
    #expect(movedPercent(0.0739) == "7.39 %")
    #expect(counted(1, "tensor") == "1 tensor")
  }
}

@Suite struct MovedPercentTests {
  /// What moved never reads as what did not.
  @Test(arguments: [
    (0, "0.00 %"), (0.00005, "0.01 %"), (0.0000499, "0.005 %"), (1.6e-9, "1.6e-07 %"),
    (-1e-7, "-1e-05 %"), (12.4, "1240.00 %"), (1000, "1e+05 %"), (.nan, "NaN"),
    (.infinity, "Infinity"),
  ])
  func isNeverNothing(share: Double, text: String) {
    #expect(movedPercent(share) == text)
  }
}

@Suite struct MetadataRenderingTests {
  private func tree(_ build: (inout MetadataTree) -> MetadataTree.Handle) -> MetadataTree {
    var tree = MetadataTree()
    tree.root = build(&tree)
    return tree
  }

  private func json(_ tree: MetadataTree) -> String {
    MetadataJSON.render(Checkpoint(container: .torchZip, metadata: tree, tensors: [])).text()
  }

  @Test func keysOfAnyKindBecomeTexts() {
    let tree = tree { tree in
      let value = tree.add(.float(-.infinity))
      let keys = [MetadataTree.Node.int(1), .string("1"), .none, .bool(true)].map { tree.add($0) }
      return tree.add(.dict(keys.map { .init(key: $0, value: value) }))
    }
    #expect(
      json(tree)
        == #"{"1":"-Infinity","1'":"-Infinity","None":"-Infinity","True":"-Infinity"}"#)
  }

  /// Keys of a hostile file may all read alike: each gets a name of its own, and none a long one.
  @Test func keysThatReadAlike() {
    let count = 50_000
    let tree = tree { tree in
      let value = tree.add(.none)
      return tree.add(.dict((0..<count).map { _ in .init(key: tree.add(.none), value: value) }))
    }
    let json = MetadataJSON.render(
      Checkpoint(container: .torchZip, metadata: tree, tensors: []))
    let keys = json.members?.map(\.key) ?? []
    #expect(Set(keys).count == count)
    #expect(keys.prefix(3) == ["None", "None'", "None'2"])
    #expect(keys.allSatisfy { $0.utf8.count < 20 })
  }

  @Test func whatContainsItselfEnds() {
    let tree = tree { tree in
      let list = tree.add(.none)
      tree.replace(list, with: .list([list]))
      return list
    }
    #expect(json(tree) == #"[{"$cycle":"list"}]"#)
    #expect(MetadataText.render(tree).contains("contains itself"))
  }

  /// Deep is not the same as endless, and what nobody counted is not said to be known.
  @Test func whatIsDeepOrLongSaysSo() {
    let deep = tree { tree in
      var list = tree.add(.list([]))
      for _ in 0..<60 { list = tree.add(.list([list])) }
      return list
    }
    let text = MetadataText.render(deep)
    #expect(text.hasSuffix("  (goes deeper)\n") && !text.contains("contains itself"))
    let long = tree { tree in
      let inner = tree.add(.list([tree.add(.list([]))]))
      return tree.add(.list((0..<5_000).map { _ in inner }))
    }
    #expect(MetadataText.render(long).hasSuffix("  … at least 1,080 more lines\n"))
  }

  /// Thirty lists, each of the one before twice: a billion values in a few bytes.
  @Test func whatDoublesEnds() {
    let tree = tree { tree in
      var list = tree.add(.list([]))
      for _ in 0..<30 { list = tree.add(.list([list, list])) }
      return list
    }
    #expect(json(tree).utf8.count < 10_000_000)
    #expect(MetadataText.render(tree).split(separator: "\n").count <= 121)
  }

  /// 466,000 names were one line of four megabytes.
  @Test func oneTensorUnderManyNames() throws {
    let storage = Storage(key: "0", region: ByteRegion([0, 0, 0, 0]))
    let tensor = try Tensor(dtype: .float32, shape: Shape([1]), storage: storage)
    let records = (0..<1_000).map { TensorRecord(path: [String($0)], tensor: tensor) }
    let checkpoint = Checkpoint(container: .pickle, tensors: records)
    let report = InspectReport(file: "many.pkl", checkpoint: checkpoint)
    #expect(report.text.contains("  one tensor: 0 = 1 = 2 = "))
    #expect(report.text.hasSuffix(" = 15 and 984 more names\n"))
    #expect(report.json["aliases"]?.array?.first?.array?.count == 1_000)
  }

  /// Nothing is long enough to lose its middle, and all together is.
  @Test(arguments: [([4, 4, 4], false), (Array(repeating: 4, count: 9), true)])
  func valuesInManyDimensions(extents: [Int], isTooMany: Bool) throws {
    let count = extents.reduce(1, *)
    let storage = Storage(key: "0", region: ByteRegion([UInt8](repeating: 0, count: count)))
    let text = try TensorText.render(
      Tensor(dtype: .uint8, shape: Shape(extents), storage: storage))
    let said = "  \(grouped(count)) values in \(extents.count) dimensions, too many to print\n"
    #expect((text == said) == isTooMany, "\(text.prefix(200))")
  }

  @Test func terminalsSeeNoControlCharacters() {
    let tree = tree { tree in
      let key = tree.add(.string("a\u{1B}[31m"))
      return tree.add(.dict([.init(key: key, value: tree.add(.string("b\u{7}\u{202E}")))]))
    }
    let text = MetadataText.render(tree)
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    #expect(!text.contains("\u{202E}"))
  }

  @Test func anOrderedDictIsAMapping() {
    let tree = tree { tree in
      let key = tree.add(.string("k"))
      let entry = MetadataTree.Entry(key: key, value: tree.add(.int(1)))
      let field = MetadataTree.Entry(key: tree.add(.string("_metadata")), value: tree.add(.none))
      return tree.add(
        .object(
          className: "collections.OrderedDict", arguments: [], fields: [field], items: [],
          entries: [entry]))
    }
    #expect(json(tree) == #"{"k":1,"$fields":{"_metadata":null}}"#)
  }
}
