import Foundation
import TPBytes
import TestSupport
import Testing

/// What every command that reads weights has in common.
@Suite struct ReadingTests {
  let folder = TemporaryFolder()
  private static let gallery = "gallery/files/"

  @Test(arguments: ["damaged/zip_bit_data.pth", "package/export_2_6_bit.pt2"])
  func wrongChecksumsAreIgnoredOnRequestAndTold(file: String) throws {
    let path = fixture(Self.gallery + file)
    let output = folder.file("out.safetensors")
    let convert = ["convert", path, "-o", output, "--architecture", "none"]
    #expect(try torchport(convert).status == 2)
    #expect(!FileManager.default.fileExists(atPath: output))
    let ignored = try torchport(convert + ["--ignore-checksums"])
    #expect(ignored.status == 0, "\(ignored.errors)")
    #expect(ignored.errors.contains("wrong checksums were ignored: "), "\(ignored.errors)")
    let inspected = try torchport("inspect", "--digest", "--json", "--ignore-checksums", path)
    #expect(inspected.status == 0)
    #expect(inspected.json?["checksums"]?["mismatched"]?.array?.isEmpty == false)
    #expect(inspected.json?["tensors"]?.array?.allSatisfy { $0["sha256"] != .null } == true)
  }

  @Test func aDamagedNativeFileIsReadOnRequest() throws {
    let output = folder.file("a.safetensors")
    let source = fixture("run/best_lightweight_model.pth")
    #expect(try torchport("convert", source, "-o", output).status == 0)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: output))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: output))
    #expect(try torchport("diff", source, output).status == 2)
    let run = try torchport("diff", source, output, "--ignore-checksums")
    #expect(run.status == 1)
    #expect(run.errors.contains("wrong checksums were ignored: "), "\(run.errors)")
  }

  /// Goldens, clips and the files of a run, too: what was ignored is told, whoever reads it.
  @Test func everyCommandTellsWhatItIgnored() throws {
    let model = fixture("run/best_lightweight_model.pth")
    let golden = folder.file("golden.safetensors")
    let convert = [
      "convert", fixture("goldens/bare.npz"), "-o", golden, "--architecture", "none",
    ]
    #expect(try torchport(convert).status == 0)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: golden))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: golden))
    let lines: [[String]] = [
      ["verify", model, "--golden", golden, "--no-diagnosis"],
      ["verify", model, "--source", golden],
      ["convert", model, "-o", folder.file("a.h5"), "--verify", golden],
      ["convert", model, "--output-directory", folder.file("all"), "--verify", golden],
      ["diff", model, fixture("run/checkpoint_epoch_5.pth"), "--golden", golden],
      ["predict", model, golden], ["bench", golden, "--runs", "1"], ["history", golden],
    ]
    for line in lines {
      let run = try torchport(line + ["--ignore-checksums"])
      let told = "golden.safetensors: wrong checksums were ignored: "
      #expect(run.errors.contains(told), "\(line[0]): \(run.errors)")
    }
    let strict = try torchport("verify", model, "--golden", golden)
    #expect(strict.status == 2 && strict.errors.contains("the file is damaged"), "\(strict.errors)")
  }

  /// fixtures/gallery has PyTorch's digests of the dequantized values.
  @Test(arguments: [
    "qint8_per_tensor", "quint8_per_tensor", "qint32_per_tensor", "qint8_per_channel",
    "quint8_float_qparams", "qint8_transposed", "qint8_lists",
  ])
  func quantizedTensorsAreWrittenAsWhatTheyStandFor(name: String) throws {
    let file = Self.gallery + "dtypes/\(name).pth"
    let text = try String(contentsOfFile: fixture("gallery/expected.json"), encoding: .utf8)
    let entry = try JSONValue(parsing: text).array?.first {
      $0["file"]?.string == "dtypes/\(name).pth"
    }
    let expected = entry?["inspect"]?["tensors"]?.array?.first?["dequantized_sha256"]
    let output = folder.file(name + ".safetensors")
    let run = try torchport("convert", fixture(file), "-o", output, "--architecture", "none")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("float32 values that the quantized integers stand for: w"))
    #expect(!run.output.contains("left out"), "\(run.output)")
    let found = try torchport("inspect", "--digest", "--json", output)
    #expect(found.json?["tensors"]?.array?.count == 1)
    #expect(found.json?["tensors"]?.array?.first?["sha256"] == expected)
    let values = try torchport("inspect", "--tensor", "w", fixture(file))
    #expect(values.status == 0, "\(values.errors)")
  }

  /// fixtures/gallery has the digests of what PyTorch's to_dense gives.
  @Test(arguments: ["sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc"])
  func sparseTensorsAreWrittenDense(name: String) throws {
    let file = Self.gallery + "dtypes/\(name).pth"
    let text = try String(contentsOfFile: fixture("gallery/expected.json"), encoding: .utf8)
    let entry = try JSONValue(parsing: text).array?.first {
      $0["file"]?.string == "dtypes/\(name).pth"
    }
    let expected = entry?["inspect"]?["tensors"]?.array?.first?["sha256"]
    let output = folder.file(name + ".safetensors")
    let run = try torchport(
      "convert", fixture(file), "-o", output, "--architecture", "none", "--json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.json?["left_out"] == [])
    #expect(
      run.json?["warnings"] == ["sparse in the source and written with every element: w"])
    let found = try torchport("inspect", "--digest", "--json", output)
    #expect(found.json?["tensors"]?.array?.map { $0["name"] } == ["w"])
    #expect(found.json?["tensors"]?.array?.first?["sha256"] == expected)
  }
}
