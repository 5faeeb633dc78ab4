import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

/// What a user does with HDF5 files of ours.
@Suite struct HDF5FileTests {
  let folder = TemporaryFolder()
  private let best = fixture("run/best_lightweight_model.pth")

  private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  private func convert(_ source: String, _ name: String, _ options: String...) throws -> String {
    let path = folder.file(name)
    let run = try torchport(["convert", source, "-o", path] + options)
    #expect(run.status == 0, "\(run.errors)")
    return path
  }

  @Test func compressedWeightsAreTheSameWeights() throws {
    let plain = try convert(best, "plain.h5")
    let packed = try convert(best, "packed.h5", "--compress")
    let again = try convert(best, "again.h5", "--compress")
    #expect(try bytes(packed) == bytes(again))
    #expect(try bytes(packed).count < bytes(plain).count)
    #expect(try torchport("diff", plain, packed).status == 0)
    let verdict = try torchport("verify", packed, "--golden", fixture("goldens/bare.npz"))
    #expect(verdict.status == 0, "\(verdict.output)")
    #expect(try bytes(try convert(packed, "back.h5")).count == bytes(plain).count)
  }

  @Test func onlyHDF5IsCompressed() throws {
    let output = folder.file("w.safetensors")
    let run = try torchport("convert", best, "-o", output, "--compress")
    #expect(run.status == 64)
    #expect(run.errors.contains("--compress is for HDF5"))
    #expect(folder.names.isEmpty)
  }

  /// A bit of a tensor: named by whatever uses it, whether libhdf5 can see it or not.
  @Test(arguments: [false, true]) func aFlippedBitIsRefused(isCompressed: Bool) throws {
    let path = folder.file("w.h5")
    let weights = try torchport(
      ["convert", best, "-o", path] + (isCompressed ? ["--compress"] : []))
    #expect(weights.status == 0)
    var bytes = try bytes(path)
    let place: Int
    if isCompressed {
      // The largest dataset fills the middle of the file.
      place = bytes.count / 2
    } else {
      let checkpoint = try CheckpointFile.open(path: best)
      let tensor = try #require(checkpoint.tensors.first { $0.path.last == "lstm.weight_ih_l0" })
      let elements = try tensor.tensor.contiguousBytes().array()
      place = try #require(bytes.firstRange(of: elements)).lowerBound + 4_321
    }
    bytes[place] ^= 16
    try Data(bytes).write(to: URL(filePath: path))
    let output = folder.file("out.safetensors")
    for arguments in [
      ["verify", path, "--golden", fixture("goldens/bare.npz")], ["convert", path, "-o", output],
      ["convert", path, "-o", output, "--architecture", "none"],
      ["predict", path, fixture("clips/uint8.npy")],
    ] {
      let run = try torchport(arguments)
      #expect(run.status == 2)
      #expect(run.errors.contains("/lstm/weight_ih_l0"), "\(run.errors)")
      if !isCompressed { #expect(run.errors.contains("SHA-256")) }
    }
    #expect(!folder.names.contains("out.safetensors"))
    let inspect = try torchport("inspect", "--digest", "--json", path)
    #expect(inspect.status == 2)
    let checksums = inspect.json?["checksums"]
    #expect(checksums?["mismatched"] == ["/lstm/weight_ih_l0"])
    #expect(checksums?["verified"] == 33)
    #expect(try torchport("inspect", path).status == 0)
    // libhdf5 itself gives nothing of a chunk whose checksum is wrong.
    let ignored = try torchport("convert", path, "-o", output, "--ignore-checksums")
    #expect(ignored.status == (isCompressed ? 2 : 0), "\(ignored.errors)")
    if !isCompressed {
      #expect(
        ignored.errors.contains("wrong checksums were ignored: /lstm/weight_ih_l0"),
        "\(ignored.errors)")
    }
  }

  @Test func theDigestsOfEveryDatasetAreVerified() throws {
    let run = try torchport("inspect", "--digest", "--json", try convert(best, "w.h5"))
    #expect(run.status == 0)
    #expect(run.json?["checksums"]?["verified"] == 34)
    #expect(run.json?["checksums"]?["absent"] == 0)
  }

  /// Tied in the file, tied when the child has read it, tied in the next file.
  @Test func aliasesStayOneTensor() throws {
    let shape = Shape(known: [2, 3])
    let tied = Tensor(floats: [1, 2, 3, 4, 5, 6], shape: shape)
    let other = Tensor(floats: [1, 2, 3, 4, 5, 6], shape: shape)
    let tensors = try StateDict([
      ("decoder.weight", tied), ("other.weight", other), ("encoder.weight", tied),
    ])
    let source = folder.file("source.h5")
    try CheckpointFile.write(
      WeightFile(tensors: tensors, facts: [:], digests: [:]), format: .hdf5, to: source,
      replacing: false)
    let copy = try convert(source, "copy.h5", "--architecture", "none")
    for path in [source, copy] {
      let run = try torchport("inspect", "--json", path)
      #expect(run.json?["aliases"] == [["decoder.weight", "encoder.weight"]])
    }
    #expect(
      try torchport("inspect", "--json", copy).output.contains(
        #"[[\"decoder.weight\",\"encoder.weight\"]]"#))
  }
}
