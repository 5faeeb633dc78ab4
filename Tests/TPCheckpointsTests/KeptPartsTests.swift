import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

/// Values of a checkpoint as the text of a fact, and back.
@Suite struct KeptPartsTests {
  private var fixtures: String {
    fixture("")
  }

  /// A dict whose `model` is the model and whose other values are copied from a file.
  private func parts(of path: String, limit: Int = .max) throws -> (KeptParts, StateDict) {
    let checkpoint = try CheckpointFile.open(path: fixtures + path)
    var copy = PlainCopy(of: checkpoint.metadata)
    var entries: [MetadataTree.Entry] = []
    let model = copy.tree.add(.none)
    entries.append(.init(key: copy.tree.add(.string("model")), value: model))
    for (key, entry) in checkpoint.parts {
      guard let value = copy.copy(entry.value, path: [key]) else { continue }
      entries.append(.init(key: copy.tree.add(.string(key)), value: value))
    }
    copy.tree.root = copy.tree.add(.dict(entries))
    var dict = try StateDict([(name: "w", tensor: Tensor(floats: [1], shape: Shape(known: [1])))])
    var names: [String] = []
    for (place, path) in copy.tensors {
      let name = path.joined(separator: ".")
      names.append(name)
      try dict.append(name, try #require(checkpoint.record(at: place)?.tensor))
    }
    return (KeptParts(tree: copy.tree, model: model, names: names), dict)
  }

  private func file(_ parts: KeptParts, _ tensors: StateDict) throws -> WeightFile {
    let digest = String(repeating: "a", count: 64)
    var contents = WeightFile(
      tensors: tensors,
      facts: [
        "architecture": "none", "batch_norm": "separate", "parameters": "1", "digest": digest,
        "source.digest": digest, "kept": try parts.text,
      ], digests: [:])
    for entry in tensors.entries {
      contents.digests[entry.name] = try TensorDigest(of: entry.tensor).description
    }
    contents.kept = parts
    return contents
  }

  /// Every kind of value that `torch.load(weights_only=True)` takes comes back from each format as the
  /// bytes of a .pth file that are the same as without the way through the format.
  @Test(arguments: [WeightFormat.safetensors, .hdf5, .npz])
  func everyKindOfValueComesBack(_ format: WeightFormat) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (kept, tensors) = try parts(of: "written/plain.pth")
    #expect(kept.names == ["tensor", "conjugate", "negative", "new", "gradient"])
    let contents = try file(kept, tensors)
    let middle = folder.appending(path: "middle.\(format.extensions[0])").path
    try CheckpointFile.write(contents, format: format, to: middle, replacing: false)
    let read = try CheckpointFile.open(path: middle)
    #expect(read.tensors.first?.path == ["model", "w"])
    #expect(read.tensors.map(\.name).sorted() == (["model.w"] + kept.names).sorted())
    // The copy of what came back has the same text: types, order, shared values and all.
    var copy = PlainCopy(of: read.metadata)
    var entries: [MetadataTree.Entry] = []
    var model: MetadataTree.Handle?
    for (key, entry) in read.parts {
      let name = copy.tree.add(.string(key))
      if key == "model" {
        let place = copy.tree.add(.none)
        model = place
        entries.append(.init(key: name, value: place))
      } else if let value = copy.copy(entry.value, path: [key]) {
        entries.append(.init(key: name, value: value))
      }
    }
    copy.tree.root = copy.tree.add(.dict(entries))
    let again = KeptParts(
      tree: copy.tree, model: try #require(model),
      names: copy.tensors.map { $0.path.joined(separator: ".") })
    #expect(try again.text == kept.text)
    #expect(copy.dropped.isEmpty)
  }

  @Test func theTextIsAsDocumented() throws {
    let (kept, _) = try parts(of: "written/plain.pth")
    let text = try kept.text
    for part in [
      #"["none",null],["truths",[true,false]]"#,
      #"["integers",[0,255,256,65536,-1,2147483648,-9223372036854775808,"#
        + #"{"int":"18446744073709551616"},{"int":"-1267650600228229401496703205376"}]]"#,
      #"["floats",[0.1,-0.0,{"float":"Infinity"},{"float":"-Infinity"},{"float":"NaN"},"#
        + #"5e-324,1e+300,1.0]]"#,
      #"["broken",{"units":[55296,120]}]"#,
      // Python has one object of the constant (1, 2).
      #"["tuples",[{"tuple":[]},{"tuple":[1]},{"shared":0,"value":{"tuple":[1,2]}},"#,
      #"["dicts",{"dict":[[1,"one"],[{"same":0},"pair"],[null,0],[2.5,"x"],[false,"y"]]}]"#,
      #"["set",{"set":[3]}]"#,
      #"{"object":"builtins.complex","arguments":[1.0,-2.0],"fields":[],"entries":[]}"#,
      #"["dtype",{"name":"torch.bfloat16"}]"#,
      #"["shared",[{"shared":1,"value":[1,2.5]},{"same":1}]]"#,
      #"["tensor",{"tensor":"tensor"}]"#, #"{"dict":[["model",{"model":null}],"#,
    ] {
      let isThere = text.contains(part)
      #expect(isThere, "\(part)")
    }
  }

  @Test(arguments: [
    "", "null", "[]", #"{"dict":[]}"#, #"{"model":null}"#,
    #"{"dict":[["a",{"model":null}],["b",{"model":null}]]}"#, #"{"dict":[["a",{"model":1}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"tensor":"nobody"}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"same":0}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"float":"1.5"}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"int":"x"}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"bytes":"0"}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"bytes":"0g"}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"units":[65536]}]]}"#,
    #"{"dict":[["m",{"model":null}],["t"]]}"#, #"{"dict":[["m",{"model":null}],["t",{}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"list":[]}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"shared":0,"value":5}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"tuple":[],"set":[]}]]}"#,
    #"{"dict":[["m",{"model":null}],["t",{"object":"x","arguments":[],"fields":[]}]]}"#,
  ])
  func brokenTextsAreRefused(text: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (kept, tensors) = try parts(of: "written/plain.pth")
    var contents = try file(kept, tensors)
    contents.facts["kept"] = text
    let path = folder.appending(path: "broken.safetensors").path
    try CheckpointFile.write(contents, format: .safetensors, to: path, replacing: false)
    #expect {
      try CheckpointFile.open(path: path)
    } throws: { error in
      let error = error as? PortError
      return error?.kind == .malformed && error?.key == "torchport.kept" && error?.file == path
    }
  }

  @Test func aListThatContainsItself() throws {
    let (kept, tensors) = try parts(of: "written/plain.pth")
    var contents = try file(kept, tensors)
    contents.facts["kept"] =
      #"{"dict":[["m",{"model":null}],["t",{"shared":7,"value":[1,{"same":7}]}]]}"#
    let path = FileManager.default.temporaryDirectory
      .appending(path: UUID().uuidString + ".safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try CheckpointFile.write(contents, format: .safetensors, to: path, replacing: false)
    let read = try CheckpointFile.open(path: path)
    let list = try #require(read.metadata.value(at: "t"))
    guard case .list(let elements) = read.metadata[list] else {
      Issue.record("no list")
      return
    }
    #expect(elements.last == list)
  }
}
