import Foundation
import TPBytes
import TPNumPy
import TPPickle
import TPSafeTensors
import TPTensors
import TPTorchFiles
import TPZip
import TestSupport
import Testing

/// 20,000 damaged inputs: every parser returns or throws, soon.
///
/// `TORCHPORT_SEED` and `TORCHPORT_INPUTS` choose others; a crash leaves the seed on stdout and the
/// input in the file that is named there.
@Suite(.serialized) struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["TORCHPORT_SEED"].flatMap(UInt64.init) ?? 20_261_122
  private static let inputs = environment["TORCHPORT_INPUTS"].flatMap(Int.init) ?? 20_000

  /// What a few bytes may ask for here: small, so that 20,000 inputs are done in seconds.
  private static let limits: ReadLimits = {
    var limits = ReadLimits()
    limits.objects = 200_000
    limits.members = 10_000
    limits.pickleBytes = 1 << 24
    limits.headerBytes = 1 << 22
    limits.materialisedBytes = 1 << 24
    return limits
  }()

  /// The parsers, and how many of 20 inputs each gets.
  private static let parsers: [(name: String, share: Int)] = [
    ("pickle", 3), ("plain", 1), ("zip", 1), ("torch", 2), ("repacked", 5), ("recover", 1),
    ("legacy", 2), ("tar", 1), ("safetensors", 1), ("npy", 1), ("npz", 1), ("json", 1),
  ]

  @Test func damagedInputsNeverCrash() throws {
    let seeds = try Seeds()
    let trace = FileManager.default.temporaryDirectory.appending(path: "torchport-mutation.bin")
    print(
      "mutations: seed \(Self.seed), \(Self.inputs) inputs; the current one is in \(trace.path)")
    let keepsInput = Self.environment["TORCHPORT_SEED"] != nil
    var random = SeededGenerator(seed: Self.seed)
    var slowest = (duration: Duration.zero, name: "")
    for (name, share) in Self.parsers {
      let files = seeds.files(for: name)
      try #require(!files.isEmpty, "no seed for \(name)")
      for _ in 0..<Self.inputs * share / 20 {
        guard let file = files.randomElement(using: &random),
          let other = files.randomElement(using: &random)
        else { continue }
        let input =
          name == "repacked"
          ? seeds.repacked(file.bytes, &random)
          : Mutator.mutate(file.bytes, with: other.bytes, &random)
        if keepsInput { try Data(input).write(to: trace) }
        let start = Self.processorTime()
        Self.parse(input, as: name)
        let time = Self.processorTime() - start
        if time > slowest.duration { slowest = (time, "\(name) from \(file.name)") }
      }
    }
    print("mutations: the slowest took \(slowest.duration) of the processor: \(slowest.name)")
    #expect(slowest.duration < .seconds(2))
  }

  /// Of this thread: what else the machine does, and the tests beside this one, are not the parser's.
  private static func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// Parses and then uses what there is; errors are what is expected.
  private static func parse(_ input: [UInt8], as name: String) {
    let file = SharedBytes(input)
    switch name {
    case "pickle":
      _ = try? PickleMachine.run(file.bytes, limits: limits)
    case "zip":
      guard let archive = try? ZipArchive(file, limits: limits) else { return }
      _ = archive.verify()
    case "plain": use(try? TorchFile.readPickle(file, limits: limits))
    case "legacy": use(try? TorchFile.readLegacy(file, limits: limits))
    case "tar": use(try? TorchFile.readTar(file, limits: limits))
    case "recover":
      guard let recovery = try? TorchFile.recoverZip(file, limits: limits) else { return }
      for entry in recovery.entries.prefix(50)
      where (entry.record.tensor.byteCount ?? .max) < 1 << 20 {
        _ = try? entry.record.tensor.contiguousBytes(limits: limits)
      }
    case "torch", "repacked": use(try? TorchFile.read(file, limits: limits))
    case "safetensors": use(try? SafeTensors.read(file, limits: limits))
    case "npy": use(try? NumPyFile.readArray(file, limits: limits))
    case "npz": use(try? NumPyFile.readArchive(file, limits: limits))
    default: _ = try? JSONValue(parsing: file.bytes)
    }
  }

  private static func use(_ checkpoint: Checkpoint?) {
    guard let checkpoint else { return }
    for record in checkpoint.tensors.prefix(50) where (record.tensor.byteCount ?? .max) < 1 << 20 {
      _ = try? record.tensor.contiguousBytes(limits: limits)
    }
    _ = checkpoint.verifyChecksums()
  }
}

/// Small files that the mutations start from.
private struct Seeds {
  struct File {
    let name: String
    let bytes: [UInt8]
  }

  private var byKind: [String: [File]] = [:]
  private let members: [Int: [(name: String, bytes: [UInt8])]]
  private static let largest = 40_000

  init() throws {
    var kinds: [String: [File]] = [:]
    let folders = [
      "fixtures/gallery", "fixtures/weight-files", "fixtures/torch-files", "docs/json",
    ]
    for folder in folders {
      let base = packageRoot.appending(path: folder)
      let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String }
      for path in (paths ?? []).sorted() {
        guard let data = try? Data(contentsOf: base.appending(path: path)),
          data.count <= Self.largest, data.count > 0
        else { continue }
        let file = File(name: path, bytes: [UInt8](data))
        // The directory, where the beginning of a file does not tell.
        if path.contains("/tar/") || path.contains("/legacy/") {
          kinds[path.contains("/tar/") ? "tar" : "legacy", default: []].append(file)
        }
        switch (path.split(separator: ".").last, file.bytes.starts(with: [0x50, 0x4B, 3, 4])) {
        case ("safetensors", _): kinds["safetensors", default: []].append(file)
        case ("npy", _): kinds["npy", default: []].append(file)
        case ("npz", _):
          kinds["npz", default: []].append(file)
          kinds["zip", default: []].append(file)
        case ("json", _): kinds["json", default: []].append(file)
        case (_, true):
          kinds["torch", default: []].append(file)
          kinds["zip", default: []].append(file)
          kinds["recover", default: []].append(file)
        case ("pkl", _), ("pth", _), ("pt", _), ("bin", _), ("pickle", _):
          kinds["pickle", default: []].append(file)
        default: break
        }
      }
    }
    // The pickles inside of checkpoints, and the checkpoints whose members can be packed again.
    var pickles: [File] = []
    var archives: [Int: [(name: String, bytes: [UInt8])]] = [:]
    var repacked: [File] = []
    for file in kinds["torch"] ?? [] {
      guard let archive = try? ZipArchive(SharedBytes(file.bytes)) else { continue }
      let members = archive.members.compactMap { member in
        (try? archive.bytes(of: member)).map { (name: member.name, bytes: $0.array()) }
      }
      for member in members where member.name.hasSuffix(".pkl") {
        pickles.append(File(name: file.name + "!" + member.name, bytes: member.bytes))
      }
      archives[repacked.count] = members
      repacked.append(File(name: file.name, bytes: [UInt8](String(repacked.count).utf8)))
    }
    kinds["pickle", default: []] += pickles
    kinds["plain"] = kinds["pickle"]
    kinds["repacked"] = repacked
    byKind = kinds
    members = archives
  }

  func files(for kind: String) -> [File] { byKind[kind] ?? [] }

  /// A checkpoint with one damaged member and right checksums; `place` is the number of a checkpoint
  /// in digits.
  func repacked(_ place: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    let place = Int(String(decoding: place, as: UTF8.self)) ?? 0
    var members = members[place] ?? []
    let pickle = members.firstIndex { $0.name.hasSuffix("/data.pkl") }
    let isPickle = Int.random(in: 0..<5, using: &random) > 0
    guard let target = isPickle ? pickle : members.indices.randomElement(using: &random) else {
      return TestZip.archive(members)
    }
    members[target].bytes = Mutator.mutate(members[target].bytes, with: [], &random)
    return TestZip.archive(members)
  }
}
