import TPBytes
import TPComparison
import TPTensors
import Testing

/// What differs between two files that hold one value under the key `x`.
@Suite struct MetadataDifferenceTests {
  private typealias Value = (inout MetadataTree) -> MetadataTree.Node

  private func checkpoint(_ value: Value) -> Checkpoint {
    var tree = MetadataTree()
    let node = value(&tree)
    let entry = MetadataTree.Entry(key: tree.add(.string("x")), value: tree.add(node))
    tree.root = tree.add(.dict([entry]))
    let tensor = Tensor(floats: [1], shape: Shape(known: [1]))
    return Checkpoint(
      container: .torchZip, metadata: tree, tensors: [TensorRecord(path: ["w"], tensor: tensor)])
  }

  private func differences(_ a: Value, _ b: Value) throws -> [MetadataDifference] {
    try CheckpointDifference(checkpoint(a), checkpoint(b), files: ("a", "b")).metadata
  }

  private func entry(
    _ tree: inout MetadataTree, _ key: MetadataTree.Node, _ value: MetadataTree.Node
  ) -> MetadataTree.Entry {
    .init(key: tree.add(key), value: tree.add(value))
  }

  @Test func keysThatReadAlikeAreHeldAgainstEachOtherInOrder() throws {
    func value(_ last: String) -> Value {
      { tree in
        .dict([
          self.entry(&tree, .int(1), .string("a")), self.entry(&tree, .string("1"), .string(last)),
        ])
      }
    }
    #expect(try differences(value("b"), value("b")).isEmpty)
    let found = try differences(value("b"), value("c"))
    #expect(found.map(\.path) == [["x", "1"]])
    #expect(found.first?.before == "b")
    #expect(found.first?.after == "c")
  }

  @Test(
    arguments: [
      (.int(5), .string("5")),
      (
        .bytes(Array(repeating: 7, count: 300) + [1]), .bytes(Array(repeating: 7, count: 300) + [2])
      ),
    ] as [(MetadataTree.Node, MetadataTree.Node)])
  func valuesThatReadAlikeDiffer(a: MetadataTree.Node, b: MetadataTree.Node) throws {
    #expect(try differences({ _ in a }, { _ in a }).isEmpty)
    let found = try differences({ _ in a }, { _ in b })
    #expect(found.map(\.path) == [["x"]])
    #expect(
      found.first?.after
        == (found.first?.before ?? "") + " (of another type, or other than what is shown)")
  }

  @Test func listsAndTuplesOfTheSameValuesAreTheSame() throws {
    let list: Value = { tree in .list([tree.add(.float(.nan)), tree.add(.int(2))]) }
    let tuple: Value = { tree in .tuple([tree.add(.float(.nan)), tree.add(.int(2))]) }
    #expect(try differences(list, tuple).isEmpty)
    #expect(try differences({ _ in .float(0) }, { _ in .float(-0.0) }).map(\.after) == ["-0.0"])
  }

  @Test func whatHoldsNothingIsSomething() throws {
    let nothing: Value = { _ in .dict([]) }
    let something: Value = { tree in .dict([self.entry(&tree, .string("y"), .dict([]))]) }
    let added = try differences(nothing, something)
    #expect(added.map(\.path) == [["x", "y"]])
    #expect(added.map(\.before) == [nil])
    #expect(added.map(\.after) == ["{}"])
    #expect(try differences(something, nothing).map(\.path) == [["x", "y"]])
    #expect(try differences(nothing, nothing).isEmpty)
  }

  private func object(_ className: String) -> Value {
    { tree in
      .object(
        className: className, arguments: [],
        fields: [self.entry(&tree, .string("lr"), .float(0.1))], items: [], entries: [])
    }
  }

  /// The same values in an object of another class are not the same.
  @Test func classesAreCompared() throws {
    #expect(try differences(object("train.Adam"), object("train.Adam")).isEmpty)
    let found = try differences(object("train.Adam"), object("train.SGD"))
    #expect(found.map(\.path) == [["x"]])
    #expect(found.map(\.before) == ["<train.Adam>"])
    #expect(found.map(\.after) == ["<train.SGD>"])
    let dict: Value = { tree in .dict([self.entry(&tree, .string("lr"), .float(0.1))]) }
    #expect(try differences(object("argparse.Namespace"), dict).map(\.path) == [["x"]])
    let listed: Value = { tree in
      let inner = tree.add(dict(&tree))
      return .list([inner])
    }
    let keyed: Value = { tree in
      let inner = dict(&tree)
      return .dict([self.entry(&tree, .int(0), inner)])
    }
    #expect(try differences(listed, keyed).map(\.path) == [["x"]])
  }

  @Test func classesThatAreAsGoodAsEachOtherAreTheSame() throws {
    let dict: Value = { tree in .dict([self.entry(&tree, .string("lr"), .float(0.1))]) }
    #expect(try differences(dict, object("collections.OrderedDict")).isEmpty)
    #expect(try differences(object("numpy.core.a.B"), object("numpy._core.a.B")).isEmpty)
  }

  /// A whole pickled module is the root itself.
  @Test func theClassOfTheRootIsCompared() throws {
    func file(_ className: String) -> Checkpoint {
      var tree = MetadataTree()
      let root = object(className)(&tree)
      tree.root = tree.add(root)
      let tensor = Tensor(floats: [1], shape: Shape(known: [1]))
      return Checkpoint(
        container: .torchZip, metadata: tree, tensors: [TensorRecord(path: ["w"], tensor: tensor)])
    }
    let found = try CheckpointDifference(file("a.Net"), file("a.Other"), files: ("a", "b"))
    #expect(found.metadata.map(\.path) == [["(root)"]])
  }

  /// What lies beyond the values that are visited is not said to be the same.
  @Test func moreValuesThanAreVisited() throws {
    func value(_ last: Int) -> Value {
      { tree in
        var entries: [MetadataTree.Entry] = []
        for place in 0..<100_010 {
          entries.append(self.entry(&tree, .int(place), .int(place == 100_009 ? last : 0)))
        }
        return .dict(entries)
      }
    }
    #expect(try differences(value(1), value(1)).isEmpty)
    #expect(try differences(value(1), value(2)).map(\.path) == [["…"]])
  }

  /// A file of a few hundred thousand bytes can say this.
  @Test(.timeLimit(.minutes(1))) func aLongListUnderManyKeysIsLookedAtOnce() throws {
    func value(_ last: Int) -> Value {
      { tree in
        var items: [MetadataTree.Handle] = []
        for place in 0..<100_000 { items.append(tree.add(.int(place == 99_999 ? last : 0))) }
        let list = tree.add(.list(items))
        var entries: [MetadataTree.Entry] = []
        for place in 0..<10_000 {
          entries.append(.init(key: tree.add(.int(place)), value: list))
        }
        return .dict(entries)
      }
    }
    #expect(try differences(value(1), value(1)).isEmpty)
    #expect(try differences(value(1), value(2)).count == 10_000)
  }
}
