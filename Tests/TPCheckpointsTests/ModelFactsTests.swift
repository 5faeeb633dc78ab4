import TPCheckpoints
import TPTensors
import Testing

@Suite struct ModelFactsTests {
  static func checkpoint(
    _ build: (inout MetadataTree) -> [(String, MetadataTree.Node)]
  ) -> Checkpoint {
    var tree = MetadataTree()
    let entries = build(&tree).map { key, node in
      MetadataTree.Entry(key: tree.add(.string(key)), value: tree.add(node))
    }
    tree.root = tree.add(.dict(entries))
    return Checkpoint(
      container: .torchZip, metadata: tree,
      tensors: [
        TensorRecord(
          path: ["best_val_acc"], tensor: Tensor(floats: [81.5], shape: Shape(known: [])))
      ])
  }

  static func classes(_ pairs: [(String, MetadataTree.Node)]) -> ModelFacts {
    ModelFacts(
      checkpoint { tree in
        let entries = pairs.map { name, node in
          MetadataTree.Entry(key: tree.add(.string(name)), value: tree.add(node))
        }
        return [("class_to_idx", .dict(entries))]
      })
  }

  @Test func classesComeInIndexOrder() {
    let facts = Self.classes([("b", .int(1)), ("c", .int(2)), ("a", .int(0))])
    #expect(facts.classes == ["a", "b", "c"])
    #expect(facts.classesProblem == nil)
  }

  @Test(
    arguments: [
      (
        [("a", .int(0)), ("b", .int(2))],
        "class_to_idx gives b the index 2: the indexes are not 0 to 1, each once"
      ),
      (
        [("a", .int(0)), ("b", .int(0))],
        "class_to_idx gives b the index 0: the indexes are not 0 to 1, each once"
      ),
      (
        [("a", .int(-1))],
        "class_to_idx gives a the index -1: the indexes are not 0 to 0, each once"
      ),
      ([("a", .string("0"))], "class_to_idx does not map names to integers"),
    ] as [([(String, MetadataTree.Node)], String)])
  func classesThatAreNoOrder(pairs: [(String, MetadataTree.Node)], problem: String) {
    let facts = Self.classes(pairs)
    #expect(facts.classes == nil)
    #expect(facts.classesProblem == problem)
  }

  @Test func classesOfAnotherKind() {
    let list = ModelFacts(Self.checkpoint { _ in [("class_to_idx", .int(4))] })
    #expect(list.classesProblem == "class_to_idx is not a dict")
    let none = ModelFacts(Self.checkpoint { _ in [("class_to_idx", .none)] })
    #expect(none == ModelFacts())
  }

  @Test(arguments: [
    ("[", "torchport.classes is not a JSON list"),
    (#"["a", 1]"#, "torchport.classes is not a list of different names"),
    (#"["a", "a"]"#, "torchport.classes is not a list of different names"),
  ]) func statedClassesThatAreNoOrder(text: String, problem: String) {
    let facts = ModelFacts(Self.checkpoint { _ in [("torchport.classes", .string(text))] })
    #expect(facts.classes == nil)
    #expect(facts.classesProblem == problem)
  }

  @Test func numbersOfAnyKind() {
    let facts = ModelFacts(
      Self.checkpoint { _ in [("epoch", .int(7)), ("best_val_acc", .tensor(0))] })
    #expect(facts.epoch == 7)
    #expect(facts.bestValidationAccuracy == 81.5)
    // What we wrote wins over what the training wrote.
    let both = ModelFacts(
      Self.checkpoint { _ in [("epoch", .int(7)), ("torchport.epoch", .string("9"))] })
    #expect(both.epoch == 9)
    let odd = ModelFacts(
      Self.checkpoint { _ in [("epoch", .string("x")), ("best_val_acc", .tensor(5))] })
    #expect(odd == ModelFacts())
  }
}
