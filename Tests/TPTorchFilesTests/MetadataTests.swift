import TPBytes
import TPTensors
import TPTorchFiles
import Testing

private typealias Node = MetadataTree.Node

private let protocols = ["protocol2.pt", "protocol3.pt", "protocol4.pt", "protocol5.pt"]

@Suite struct MetadataTests {
  @Test(arguments: protocols) func values(_ name: String) throws {
    let tree = try Fixtures.read("good/" + name).metadata
    #expect(tree.node(at: "epoch") == .int(5))
    #expect(tree.node(at: "loss") == .float(0.25))
    #expect(tree.node(at: "done") == .bool(false))
    #expect(tree.node(at: "nothing") == Node.none)
    #expect(tree.node(at: "big") == .bigInt("1267650600228229401496703205376"))
    #expect(tree.node(at: "small") == .bigInt("-1180591620717411303424"))
    #expect(tree.node(at: "name") == .string("größe 😀"))
    #expect(tree.node(at: "blob") == .bytes(Array(200...255)))
    #expect(tree.node(at: "array") == .bytes(Array("ab".utf8)))
    #expect(tree.node(at: "dtype") == .global("torch.float16"))
    guard case .set(let labels) = tree.node(at: "labels") else { throw missing("labels") }
    #expect(Set(labels.map { tree[$0] }) == [.int(1), .int(2)])
    guard case .tuple(let pair) = tree.node(at: "pair") else { throw missing("pair") }
    #expect(pair.map { tree[$0] } == [.int(1), .float(2.5)])
  }

  @Test(arguments: protocols) func objects(_ name: String) throws {
    let tree = try Fixtures.read("good/" + name).metadata
    guard case .tuple(let extents) = tree.node(at: "size") else { throw missing("size") }
    #expect(extents.map { tree[$0] } == [.int(2), .int(3)])
    let device = try object(tree, "device")
    #expect(device.className == "torch.device")
    #expect(device.arguments.map { tree[$0] } == [.string("cuda"), .int(1)])
    guard case .float = tree.node(at: "scalar") else { throw missing("scalar") }
    #expect(try object(tree, "arguments").className == "argparse.Namespace")
    #expect(tree.node(at: "arguments", "lr") == .float(0.1))
    #expect(try object(tree, "matrix").className.hasPrefix("numpy."))
    #expect(tree.node(at: "optimizer", "param_groups") != nil)
  }

  /// `state_dict()._metadata` is an attribute of the dict, not one of its keys.
  @Test(arguments: protocols) func attributesOfADict(_ name: String) throws {
    let tree = try Fixtures.read("good/" + name).metadata
    guard
      case .object(let className, _, let fields, _, let entries) = tree.node(at: "state_dict")
    else { throw missing("state_dict") }
    #expect(className == "collections.OrderedDict")
    #expect(fields.map { tree[$0.key] } == [.string("_metadata")])
    #expect(
      entries.map { tree[$0.key] }
        == [
          "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
          "1.num_batches_tracked",
        ].map { .string($0) })
  }

  @Test func attributesOfATensor() throws {
    let tree = try Fixtures.read("good/parameters.pt").metadata
    let attributed = try object(tree, "attributed")
    #expect(attributed.className == "torch.nn.parameter.Parameter")
    #expect(tree.node(at: "attributed", "note") == .string("kept"))
    #expect(tree.node(at: "plain") == .tensor(0))
    let subclass = try object(tree, "subclass")
    #expect(subclass.className == "__main__.Subclass")
    #expect(tree.node(at: "subclass", "scale") == .int(2))
  }

  @Test func aBareStorageIsATensorOfItsClass() throws {
    let tree = try Fixtures.read("good/storage.pt").metadata
    guard
      case .object("torch.storage.UntypedStorage", let inner, _, _, _) = tree.root.map({ tree[$0] })
    else {
      throw missing("storage")
    }
    #expect(inner.map { tree[$0] } == [.tensor(0)])
  }

  @Test func surrogatesAreKept() throws {
    let tree = try Fixtures.read("good/keys.pt").metadata
    let units = tree.nodes.contains(.brokenString([0xD800, 0x78]))
    #expect(units)
  }

  @Test func aThousandItemsAndMore() throws {
    let tree = try Fixtures.read("good/batches.pt").metadata
    guard case .dict(let entries) = tree.root.map({ tree[$0] }) else { throw missing("root") }
    #expect(entries.count == 2002)
    #expect(tree.node(at: "key2000") == .int(2000))
  }

  private func object(
    _ tree: MetadataTree, _ key: String
  ) throws -> (className: String, arguments: [MetadataTree.Handle]) {
    guard case .object(let className, let arguments, _, _, _) = tree.node(at: key) else {
      throw missing(key)
    }
    return (className, arguments)
  }

  private func missing(_ what: String) -> PortError { PortError(.mismatch, "no \(what)") }
}
