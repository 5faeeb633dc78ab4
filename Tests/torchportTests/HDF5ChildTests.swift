import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

/// HDF5 is read in a process of its own: whatever becomes of that, the command says a sentence.
@Suite struct HDF5ChildTests {
  let folder = TemporaryFolder()

  private static let launcher = HDF5Launcher(
    executable: commandURL.path, arguments: ["__hdf5"])

  private func failure(_ launcher: HDF5Launcher, _ path: String) -> PortError? {
    do throws(PortError) {
      _ = try CheckpointFile.open(path: path, hdf5: launcher)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["deep", "links", "ordered", "types"])
  func theChildTellsWhatTheLibraryReads(name: String) throws {
    let path = fixture("weight-files/\(name).h5")
    let here = try CheckpointFile.open(path: path, hdf5: nil)
    let there = try CheckpointFile.open(path: path, hdf5: Self.launcher)
    #expect(there.metadata.nodes == here.metadata.nodes)
    #expect(there.metadata.root == here.metadata.root)
    #expect(there.facts.map(\.value) == here.facts.map(\.value))
    #expect(there.tensors.map(\.path) == here.tensors.map(\.path))
    for (one, other) in zip(there.tensors, here.tensors) {
      #expect(one.tensor.dtype == other.tensor.dtype)
      #expect(one.tensor.shape == other.tensor.shape)
      #expect(
        try one.tensor.contiguousBytes().array() == other.tensor.contiguousBytes().array())
    }
  }

  /// More than is kept of a file: the child is asked for it each time.
  @Test func elementsAreAskedForAgain() throws {
    let path = folder.file("large.h5")
    let count = 1 << 26 | 1
    let tensor = try Tensor(
      dtype: .uint8, shape: Shape([count]),
      storage: Storage(key: "w", region: ByteRegion([UInt8](repeating: 7, count: count))))
    let digest = try TensorDigest(of: tensor).description
    var contents = WeightFile(
      tensors: try StateDict([("w", tensor)]), facts: ["profile": "1"], digests: ["w": digest])
    contents.isCompressed = true
    try CheckpointFile.write(contents, format: .hdf5, to: path, replacing: false)
    let checkpoint = try CheckpointFile.open(path: path, hdf5: Self.launcher)
    #expect(checkpoint.verifyChecksums().verified == 1)
    let found = try #require(checkpoint.tensors.first?.tensor)
    let first = try found.contiguousBytes(caching: false)
    let second = try found.contiguousBytes(caching: false)
    #expect(first.owner !== second.owner)
    #expect(first.hasSameBytes(as: second))
    #expect(try TensorDigest(of: found).description == digest)
  }

  @Test func hardLinksStayOneTensor() throws {
    let path = fixture("weight-files/links.h5")
    let here = try CheckpointFile.open(path: path, hdf5: nil)
    let there = try CheckpointFile.open(path: path, hdf5: Self.launcher)
    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
      #expect(
        there.tensors[first].tensor.isSame(as: there.tensors[second].tensor)
          == here.tensors[first].tensor.isSame(as: here.tensors[second].tensor))
    }
  }

  @Test(arguments: ["disordered", "twice"]) func theChildsErrorsAreTheLibrarys(name: String) {
    let path = fixture("weight-files/\(name).h5")
    let here = #expect(throws: PortError.self) {
      try CheckpointFile.open(path: path, hdf5: nil)
    }
    #expect(failure(Self.launcher, path) == here)
  }

  // A shell plays a child that libhdf5 took down.
  @Test(arguments: [
    ("kill -SEGV $$", PortError.Kind.malformed, "signal 11"),
    ("kill -24 $$", .limit, "processor time"),
    ("exit 3", .malformed, "status 3"),
    ("printf 'no answer that means anything' >&0; sleep 1", .malformed, "no sensible answer"),
    (
      "printf '\\001\\004\\000\\000\\000\\000\\000\\000\\000\\377\\377\\377\\377' >&0; sleep 1",
      .truncated, "length"
    ),
    ("sleep 20", .limit, "longer than 1 seconds"),
  ])
  func aChildThatFails(script: String, kind: PortError.Kind, says: String) {
    var launcher = HDF5Launcher(executable: "/bin/sh", arguments: ["-c", script])
    // Only where the limit itself is tried may a busy machine run into it.
    launcher.seconds = says.hasPrefix("longer") ? 1 : 60
    let path = fixture("weight-files/deep.h5")
    let error = failure(launcher, path)
    #expect(error?.kind == kind)
    #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    #expect(error?.file == path)
  }

  @Test func anExecutableThatIsNotThere() {
    let launcher = HDF5Launcher(executable: folder.file("none"), arguments: [])
    let error = failure(launcher, fixture("weight-files/deep.h5"))
    #expect(error?.kind == .inputOutput)
  }

  /// Damaged files: a reading or a sentence, never anything else. `TORCHPORT_HDF5_INPUTS` sets how
  /// many, `TORCHPORT_SEED` which.
  @Test func damagedFilesEndInASentence() throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["TORCHPORT_HDF5_INPUTS"].flatMap(Int.init) ?? 300
    let seed = environment["TORCHPORT_SEED"].flatMap(UInt64.init) ?? 20_261_122
    // Small files of h5py's, and one of our own.
    let own = folder.file("own.h5")
    let convert = try torchport(
      "convert", fixture("weight-files/types.h5"), "-o", own, "--architecture", "none")
    #expect(convert.status == 0, "\(convert.errors)")
    var files: [[UInt8]] = []
    for name in ["deep", "links", "ordered", "types", "disordered"] {
      files.append([UInt8](try Data(contentsOf: URL(filePath: fixture("weight-files/\(name).h5")))))
    }
    if convert.status == 0 { files.append([UInt8](try Data(contentsOf: URL(filePath: own)))) }
    var random = SeededGenerator(seed: seed)
    var readings = 0
    var failures = 0
    var crashes = 0
    let path = folder.file("damaged.h5")
    let clock = ContinuousClock()
    var slowest = Duration.zero
    for index in 0..<count {
      var bytes = files[index % files.count]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[place] = 0xFF
        case 2: bytes[place] = 0
        case 3:
          for next in place..<min(place + 8, bytes.count) {
            bytes[next] = UInt8.random(in: 0...255, using: &random)
          }
        case 4 where index % 7 == 0: bytes.removeSubrange(place...)
        default: bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      try Data(bytes).write(to: URL(filePath: path))
      let time = clock.measure {
        do throws(PortError) {
          let checkpoint = try CheckpointFile.open(path: path, hdf5: Self.launcher)
          for record in checkpoint.tensors where (record.tensor.byteCount ?? .max) < 1 << 24 {
            _ = try record.tensor.contiguousBytes()
          }
          readings += 1
        } catch {
          failures += 1
          if error.description.contains("crashed") { crashes += 1 }
          #expect(error.file == path || error.record != nil)
          #expect(!error.message.isEmpty)
        }
      }
      slowest = max(slowest, time)
    }
    print(
      "damaged HDF5: seed \(seed), \(count) files: \(readings) read, \(failures) refused,"
        + " of which \(crashes) took the child down; the slowest took \(slowest)")
    #expect(readings + failures == count)
    #expect(slowest < .seconds(70))
  }

  /// The whole command, its status and its sentence, for some of them.
  @Test func theCommandEndsWithStatusTwo() throws {
    var bytes = [UInt8](
      try Data(contentsOf: URL(filePath: fixture("weight-files/types.h5"))))
    bytes.removeSubrange(9_000...)
    let path = folder.file("cut.h5")
    try Data(bytes).write(to: URL(filePath: path))
    let run = try torchport("inspect", path)
    #expect(run.status == 2)
    #expect(run.errors.split(separator: "\n").count == 1)
    #expect(run.errors.contains("cut.h5"))
  }
}
