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

  /// fixtures/torch-files/make_bombs.py: 24 MiB of opcodes in 24 kB.
  @Test func aPickleThatInflates() throws {
    let error = failure(try Fixtures.bytes("bombs/pickle.pth"))
    #expect(error?.kind == .limit)
    #expect(error?.record == "archive/data.pkl")
    #expect(error?.message.contains("to 25165828 bytes") == true, "\(error?.message ?? "")")
    var limits = ReadLimits()
    limits.pickleInflateRatio = 1_100
    #expect(failure(try Fixtures.bytes("bombs/pickle.pth"), limits: limits) == nil)
  }
}
