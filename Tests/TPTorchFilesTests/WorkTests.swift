import TPBytes
import TPTensors
import TPTorchFiles
import Testing

/// Small pickles that once took minutes; each is read in a fraction of a second.
@Suite struct WorkTests {
  private let most = Duration.seconds(10)

  private func read(_ pickle: [UInt8]) throws -> (checkpoint: Checkpoint, time: Duration) {
    let start = ContinuousClock.now
    let checkpoint = try TorchFile.readPickle(SharedBytes(pickle))
    return (checkpoint, ContinuousClock.now - start)
  }

  /// Each SETITEM copied the dict.
  @Test func aKeyAtATime() throws {
    var bytes: [UInt8] = [0x80, 2, UInt8(ascii: "}")]
    for number in 0..<250_000 {
      bytes += [UInt8(ascii: "J")]
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
      bytes += Array("Ns".utf8)
    }
    let (checkpoint, time) = try read(bytes + [UInt8(ascii: ".")])
    guard let root = checkpoint.metadata.root, case .dict(let entries) = checkpoint.metadata[root]
    else {
      Issue.record("no dict")
      return
    }
    #expect(entries.count == 250_000)
    #expect(time < most)
  }

  /// 16 times the same tuple, of 16 times the same tuple, of ...: 16^7 ways lead to its innermost.
  @Test func keysOfKeys() throws {
    var bytes: [UInt8] = [0x80, 2, UInt8(ascii: "K"), 1]
    for _ in 0..<8 {
      bytes += [UInt8(ascii: "q"), 0, UInt8(ascii: "(")]
      for _ in 0..<16 { bytes += [UInt8(ascii: "h"), 0] }
      bytes += Array("t".utf8)
    }
    // {that: None}, set twice: the key is one key.
    bytes += [UInt8(ascii: "q"), 0] + Array("0}(h\0Nh\0Nu.".utf8)
    let (checkpoint, time) = try read(bytes)
    guard let root = checkpoint.metadata.root, case .dict(let entries) = checkpoint.metadata[root]
    else {
      Issue.record("no dict")
      return
    }
    #expect(entries.count == 1)
    #expect(time < most)
  }

  /// Every component of a path that begins like a part of a tensor was looked at with all before it.
  @Test func pathsThatLookLikeParts() throws {
    let storage = Storage(key: "0", region: ByteRegion([0, 0, 0, 0]))
    let tensor = try Tensor(dtype: .float32, shape: Shape([1]), storage: storage)
    let prefix = Array(repeating: "<", count: 900)
    let records = (0..<5_000).map { TensorRecord(path: prefix + [String($0)], tensor: tensor) }
    let part = TensorRecord(path: prefix + ["7", "<scale>"], tensor: tensor)
    let start = ContinuousClock.now
    let weights = Checkpoint(container: .pickle, tensors: records + [part]).weights
    #expect(ContinuousClock.now - start < most)
    #expect(weights.count == 5_000)
    #expect(weights.last?.path.last == "4999")
  }

  /// A dict in a dict, 900 deep under the key `<`, and thousands of tensors in the innermost: a path a
  /// tensor, each 1,800 bytes long, of which every report, glob and digest makes a name.
  @Test func pathsLongerThanTheFile() throws {
    let error = #expect(throws: PortError.self) { try read(nested(900, tensors: 6_000)) }
    #expect(error?.kind == .limit)
    #expect(error?.message.hasPrefix("the paths of ") == true, "\(error?.message ?? "")")
    // What it comes to is what the limit says, not what the file would have it be: 10,800,000 bytes.
    let words = error?.message.split(separator: " ").compactMap { Int($0) } ?? []
    #expect(words.count == 2 && words[1] < 2 << 20 + 256 * words[0] + 2_000, "\(words)")
    #expect(try read(nested(900, tensors: 1_000)).checkpoint.tensors.count == 1_000)
    #expect(try read(nested(4, tensors: 20_000)).checkpoint.tensors.count == 20_000)
  }

  private func nested(_ depth: Int, tensors: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x80, 4] + Array("ctorch._utils\n_rebuild_meta_tensor_no_storage\n".utf8)
    bytes += Array("(ctorch\nfloat32\n))\u{89}tR".unicodeScalars.map { UInt8($0.value) })
    bytes += Array("r\u{1}\0\0\u{0}0".utf8)
    for _ in 0..<depth { bytes += Array("}".utf8) + [0x8C, 1] + Array("<".utf8) }
    bytes += Array("}(".utf8)
    for number in 0..<tensors {
      let name = Array("\(number)".utf8)
      bytes += [0x8C, UInt8(name.count)] + name + Array("j\u{1}\0\0\0".utf8)
    }
    return bytes + Array("u".utf8) + Array(repeating: UInt8(ascii: "s"), count: depth)
      + Array(".".utf8)
  }

  /// A value for every byte, where an honest pickle needs three bytes for the smallest that it repeats.
  @Test func moreValuesThanBytesAccountFor() throws {
    let lists =
      [0x80, 2] + Array("](".utf8) + Array(repeating: UInt8(ascii: "]"), count: 1_600_000)
    let error = #expect(throws: PortError.self) { try read(lists + Array("e.".utf8)) }
    #expect(error?.kind == .limit)
    #expect(error?.message.contains("and one for every three bytes") == true)
    // 1,000,000 values and one for every three bytes: it stops there, not at the end.
    #expect((1_499_000...1_501_000).contains(error?.offset ?? 0))
    var strict = ReadLimits()
    strict.freeObjects = 10
    let numbers = Array(repeatElement(Array("M\u{1}\u{2}".utf8), count: 100_000).joined())
    let honest = try TorchFile.readPickle(
      SharedBytes([0x80, 2] + Array("](".utf8) + numbers + Array("e.".utf8)), limits: strict)
    #expect(honest.metadata.nodes.count == 100_001)
  }

  /// Four bytes a construction, each of which takes the room of several values.
  @Test func moreConstructionsThanBytesAccountFor() throws {
    let calls = Array(repeatElement(Array("h\0)R".utf8), count: 700_000).joined())
    let head = Array("ca\nb\nq\u{0}0](".utf8)
    let error = #expect(throws: PortError.self) {
      try read([0x80, 2] + head + calls + Array("e.".utf8))
    }
    #expect(error?.message.contains("and one for every three bytes") == true)
    #expect((error?.offset ?? 0) < 4 * 610_000)
  }

  /// fixtures/torch-files/make_bombs.py: pickles that are each within the limits, and not together.
  @Test(arguments: ["package.pt": "the pickle builds", "inflating.pt": "the pickle inflates from"])
  func picklesOfOneFile(_ name: String, _ message: String) throws {
    let error = failure(try Fixtures.bytes("bombs/" + name))
    #expect(error?.kind == .limit)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.record?.hasSuffix("/model.pkl") == true)
    #expect(error?.record != "pkg/part0/model.pkl")
    #expect(failure(try Fixtures.bytes("bombs/fair.pt")) == nil)
  }

  /// A nested file was read anew for every call that loads it.
  @Test func bytesThatAreLoadedAgainAndAgain() throws {
    let tensors = try read(Fixtures.bytes("bombs/again.pkl")).checkpoint.tensors
    #expect(tensors.count == 1_000)
    #expect(tensors.allSatisfy { $0.tensor.storage === tensors[0].tensor.storage })
    #expect(tensors[999].tensor.shape.extents == [10])
  }

  /// fixtures/torch-files/make_bombs.py: 24 MiB of opcodes in 24 kB.
  @Test func aPickleThatInflates() throws {
    let error = failure(try Fixtures.bytes("bombs/pickle.pth"))
    #expect(error?.kind == .limit)
    #expect(error?.record == "archive/data.pkl")
    #expect(error?.message.contains("to 25165828 bytes") == true, "\(error?.message ?? "")")
    // All pickles of an archive may inflate to a quarter of that, over the size of the archive.
    var limits = ReadLimits()
    limits.pickleInflateRatio = 4 * 1_100
    #expect(failure(try Fixtures.bytes("bombs/pickle.pth"), limits: limits) == nil)
  }
}
