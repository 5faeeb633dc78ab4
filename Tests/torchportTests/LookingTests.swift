import Foundation
import TPBytes
import TestSupport
import Testing

/// `inspect --stats`, `--filter`, `--tensor` and `--pickle`; what NumPy and pickletools say of the
/// same files is in fixtures/looking (its make.py wrote it).
@Suite struct LookingTests {
  let folder = TemporaryFolder()
  static let best = fixture("run/best_lightweight_model.pth")

  private static let expected: JSONValue = {
    let text = try? String(contentsOfFile: fixture("looking/expected.json"), encoding: .utf8)
    return text.flatMap { try? JSONValue(parsing: $0) } ?? .null
  }()
  static let files = (expected["tensors"]?.members ?? []).map(\.key)
  static let pickles = (expected["pickles"]?.members ?? []).map(\.key)

  @Test(arguments: files)
  func statisticsAreThoseOfNumPy(file: String) throws {
    let run = try torchport("inspect", "--stats", "--json", fixture(file))
    #expect(run.status == 0, "\(run.errors)")
    let found = try #require(run.json?["tensors"]?.array)
    let known = try #require(Self.expected["tensors"]?[file]?.array)
    #expect(found.map { $0["name"] } == known.map { $0["name"] })
    for (ours, theirs) in zip(found, known) {
      let name = ours["name"]?.string ?? ""
      guard let a = ours["statistics"], let b = theirs["statistics"], b != .null else {
        #expect(ours["statistics"] == .null, "\(name)")
        continue
      }
      for key in ["nan", "infinite", "zero", "denormal"] {
        #expect(a[key] == b[key], "\(name) \(key)")
      }
      #expect(a["min"]?.double == b["min"]?.double, "\(name)")
      #expect(a["max"]?.double == b["max"]?.double, "\(name)")
      let scale = max(abs(b["min"]?.double ?? 0), abs(b["max"]?.double ?? 0))
      for key in ["mean", "std"] {
        // NumPy adds in another order; where it overflows, there is no number to compare.
        guard let x = a[key]?.double, let y = b[key]?.double else { continue }
        #expect(abs(x - y) <= 1e-12 * scale, "\(name) \(key): \(x), \(y)")
      }
      #expect((b["mean"] == .null) == (a["mean"] == .null), "\(name)")
    }
  }

  @Test(arguments: files)
  func arraysAreWrittenAsNumPyWritesThem(file: String) throws {
    for (place, known) in (Self.expected["tensors"]?[file]?.array ?? []).prefix(6).enumerated() {
      let name = try #require(known["name"]?.string)
      let path = folder.file("\(place).npy")
      let run = try torchport("inspect", "--tensor", name, "-o", path, fixture(file))
      guard let checksum = known["npy"]?.int else {
        #expect(run.status == 2)
        #expect(!FileManager.default.fileExists(atPath: path))
        continue
      }
      #expect(run.status == 0, "\(run.errors)")
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(crc32(data) == checksum, "\(name)")
    }
  }

  @Test(arguments: pickles)
  func opcodesAreThoseOfPickletools(file: String) throws {
    let known = try #require(Self.expected["pickles"]?[file])
    let run = try torchport("inspect", "--pickle", "--opcodes", "1000000", fixture(file))
    #expect(run.status == 0)
    var lines = ""
    for line in run.output.split(separator: "\n").dropFirst() {
      let words = line.split(separator: " ").filter { $0 != "." }
      lines += "\(words[0]) \(words[1])\n"
    }
    #expect(lines.split(separator: "\n").count == known["count"]?.int)
    #expect(crc32(Data(lines.utf8)) == known["crc32"]?.int, "\(lines.prefix(500))")
    let short = try torchport("inspect", "--pickle", "--opcodes", "3", fixture(file))
    #expect(short.output.split(separator: "\n").count == 5)
    #expect(short.output.contains(" more opcode"))
  }

  @Test func valuesAreShownWhereTheySayMore() throws {
    let run = try torchport(
      "inspect", "--pickle", fixture("gallery/files/hostile/picklescan-13-inst.pth"))
    #expect(run.output.contains("INST os system"))
    #expect(run.output.contains("-> os.system('echo gallery')"), "\(run.output)")
    #expect(try torchport("inspect", "--pickle", fixture("clips/uint8.npy")).status == 2)
    // What cannot be run to its end is shown as far as it goes.
    let broken = try torchport(
      "inspect", "--pickle", fixture("gallery/files/pickle/bad_memo_missing.pkl"))
    #expect(broken.status == 0)
    #expect(broken.output.contains("cannot go on: the memo has no value"))
  }

  @Test(arguments: [
    ("model_state_dict.*", 34), ("*.exp_avg", 22), ("*conv3d[12].weight", 2), ("*conv3d?.bias", 3),
    ("*[!0-9].bias", 1), ("none", 0), ("", 0), ("*", 100),
  ])
  func filterShowsWhatFits(glob: String, count: Int) throws {
    let run = try torchport("inspect", "--json", "--digest", "--filter", glob, Self.best)
    let tensors = try #require(run.json?["tensors"]?.array)
    #expect(tensors.count == count)
    #expect(tensors.allSatisfy { $0["sha256"]?.string?.count == 64 })
  }

  @Test func aTensorIsPrintedAsNumPyPrints() throws {
    let run = try torchport(
      "inspect", "--tensor", "weight", fixture("gallery/files/zip/plain_2_13.pth"))
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("weight: float32 (2, 3)\n"))
    #expect(run.output.split(separator: "\n").count { $0.contains("[") } == 2)
    let long = try torchport("inspect", "--tensor", "model_state_dict.fc1.weight", Self.best)
    #expect(long.output.contains(" ...,\n"))
    #expect(long.output.split(separator: "\n").count < 12)
    let none = try torchport("inspect", "--tensor", "fc1.weight", Self.best)
    #expect(none.status == 2)
    #expect(none.errors.contains("give model_state_dict.fc1.weight"))
    #expect(try torchport("inspect", "-o", folder.file("a.npy"), Self.best).status == 64)
    // What would be passed over in silence is refused: the array was not written.
    for option in ["--pickle", "--digest", "--only=*"] {
      let both = try torchport(
        "inspect", "--tensor", "model_state_dict.fc1.bias", "-o", folder.file("a.npy"), option,
        Self.best)
      #expect(both.status == 64 && both.errors.contains("--tensor shows one tensor"), "\(option)")
    }
  }
}

/// As zlib's `crc32`.
private func crc32(_ data: Data) -> Int {
  var sum: UInt32 = .max
  for byte in data {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return Int(~sum)
}
