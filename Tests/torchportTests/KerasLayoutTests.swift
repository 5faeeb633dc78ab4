import Foundation
import TPBytes
import TPCheckpoints
import TPTensors
import TestSupport
import Testing

/// `convert --layout keras`, against what Keras itself saves (fixtures/weight-files/make_keras.py).
@Suite struct KerasLayoutTests {
  let folder = TemporaryFolder()
  private let best = fixture("run/best_lightweight_model.pth")

  private func converted(_ options: String...) throws -> (path: String, run: Run) {
    let path = folder.file("best.weights.h5")
    let run = try torchport(
      ["convert", best, "-o", path, "--layout", "keras", "--json", "--force"] + options)
    #expect(run.status == 0, "\(run.errors)")
    return (path, run)
  }

  @Test(arguments: [[], ["--compress"]]) func everyDatasetIsTheOneThatKerasSaves(
    options: [String]
  ) throws {
    let path = folder.file("best.weights.h5")
    let run = try torchport(["convert", best, "-o", path, "--layout", "keras"] + options)
    #expect(run.status == 0)
    let text = try String(contentsOfFile: fixture("weight-files/keras.json"), encoding: .utf8)
    let datasets = try #require(try JSONValue(parsing: text)["datasets"]?.members)
    #expect(datasets.count == 29)
    // Stored as they lie in the file, whatever order PyTorch's view of them has.
    let checkpoint = try CheckpointFile.open(path: path, hdf5: nil)
    var storages: [String: (storage: Storage, extents: [Int])] = [:]
    for record in checkpoint.tensors {
      // The extents in the order of the strides, largest first, are those of the dataset.
      let tensor = record.tensor
      let order = tensor.shape.extents.indices.sorted {
        (tensor.strides[$0], tensor.shape[$0]) > (tensor.strides[$1], tensor.shape[$1])
      }
      storages[tensor.storage.key] = (tensor.storage, order.map { tensor.shape[$0] })
    }
    for dataset in datasets {
      let found = try #require(storages[dataset.key], "\(dataset.key)")
      let shape = dataset.value["shape"]?.array?.compactMap(\.int) ?? []
      #expect(found.extents == shape, "\(dataset.key)")
      let flat = try Tensor(
        dtype: .float32, shape: Shape(known: shape), storage: found.storage)
      #expect(
        try TensorDigest(of: flat).description == dataset.value["sha256"]?.string,
        "\(dataset.key)")
      storages[dataset.key] = nil
    }
    #expect(
      storages.keys.sorted() == [
        "/bn3d1/num_batches_tracked", "/bn3d2/num_batches_tracked", "/bn3d3/num_batches_tracked",
        "/bn_fc1/num_batches_tracked", "/lstm/bias_hh_l0",
      ])
    // h5py sees the same: every attribute sha256 is of the dataset's own bytes.
    #expect(checkpoint.verifyChecksums().verified == 34)
  }

  @Test func theReportSaysWhatWasSummed() throws {
    let (_, run) = try converted()
    #expect(run.json?["layout"] == "keras")
    #expect(run.json?["summed_biases"] == ["lstm"])
    var files: [String: JSONValue] = [:]
    for name in ["common.json", "convert.json"] {
      files[name] = try JSONValue(
        parsing: try String(
          contentsOf: packageRoot.appending(path: "docs/json/\(name)"), encoding: .utf8))
    }
    #expect(JSONSchema(files: files).findings(run.json ?? .null, file: "convert.json") == [])
    let text = try torchport(
      "convert", best, "-o", folder.file("b.weights.h5"), "--layout", "keras")
    #expect(text.output.contains("the biases of 1 LSTM summed"))
    #expect(text.output.contains("the two biases of lstm are one, their sum in float32"))
    let plan = try torchport(
      "convert", best, "-o", folder.file("c.weights.h5"), "--layout", "keras", "--dry-run")
    #expect(plan.output.contains("as DHWIO at /layers/conv3d/vars/0"))
    #expect(plan.output.contains("summed, because Keras has one bias"))
  }

  @Test func theFileIsTakenWhereverWeightsAre() throws {
    let (path, run) = try converted()
    let verdict = try torchport("verify", path, "--golden", fixture("goldens/bare.npz"))
    #expect(verdict.status == 0)
    #expect(verdict.errors.contains("summed") || verdict.output.contains("summed"))
    #expect(try torchport("predict", path, fixture("clips/uint8.npy")).status == 0)
    // Back: every tensor but the biases is the original's, and the second bias is zero.
    let back = folder.file("back.safetensors")
    let conversion = try torchport("convert", path, "-o", back, "--json")
    #expect(conversion.status == 0)
    #expect(conversion.json?["digest"] == run.json?["digest"])
    #expect(conversion.errors.contains("bias_ih holds the sum, bias_hh zeros"))
    let there = try CheckpointFile.open(path: back).tensors
    let here = try CheckpointFile.open(path: best).tensors
    #expect(there.count == 34)
    var biases: [String: [Float]] = [:]
    for record in here where record.path[0] == "model_state_dict" {
      let found = try #require(there.first { $0.name == record.path[1] })
      if record.path[1].hasPrefix("lstm.bias") {
        biases[record.path[1]] = try record.tensor.floats()
        biases["found " + record.path[1]] = try found.tensor.floats()
      } else {
        #expect(
          try found.tensor.contiguousBytes().hasSameBytes(as: record.tensor.contiguousBytes()),
          "\(record.path[1])")
      }
    }
    let (first, second) = (biases["lstm.bias_ih_l0"] ?? [], biases["lstm.bias_hh_l0"] ?? [])
    #expect(biases["found lstm.bias_ih_l0"] == zip(first, second).map { $0 + $1 })
    #expect(biases["found lstm.bias_hh_l0"]?.allSatisfy { $0 == 0 } == true)
    // And there again: the sum of a sum and zeros is the sum.
    let again = folder.file("again.weights.h5")
    #expect(try torchport("convert", back, "-o", again, "--layout", "keras").status == 0)
    let digests = try [path, again].map { try CheckpointFile.open(path: $0).metadata }.map {
      $0.node(at: "torchport.digest")
    }
    #expect(digests[0] == digests[1])
  }

  @Test func theSourceProvesItAndFilesMadeOfIt() throws {
    let (path, _) = try converted()
    let back = folder.file("back.h5")
    #expect(try torchport("convert", path, "-o", back).status == 0)
    for file in [path, back] {
      let proof = try torchport("verify", file, "--source", best)
      #expect(proof.status == 0, "\(proof.output)")
      #expect(proof.output.contains("2 what was declared"))
    }
  }

  @Test func foldedRoundedAndMany() throws {
    let folded = folder.file("folded.weights.h5")
    let run = try torchport(
      "convert", best, "-o", folded, "--layout", "keras", "--fold-batch-norm", "--dtype", "float16")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try torchport("predict", folded, fixture("clips/uint8.npy")).status == 0)
    #expect(try torchport("verify", folded, "--source", best).status == 0)
    let layers = try CheckpointFile.open(path: folded).metadata.node(at: "torchport.keras")
    if case .string(let text)? = layers { #expect(!text.contains("BatchNormalization")) }
    let scales = try torchport(
      "convert", best, "-o", folder.file("i.weights.h5"), "--layout", "keras", "--dtype", "int8")
    #expect(scales.status == 2)
    #expect(scales.errors.contains(".scale"))
    let many = try torchport(
      "convert", best, fixture("run/checkpoint_epoch_5.pth"), "--output-directory",
      folder.file("many"), "--format", "h5", "--layout", "keras")
    #expect(many.status == 0, "\(many.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("many")).sorted()
    #expect(names == ["best_lightweight_model.weights.h5", "checkpoint_epoch_5.weights.h5"])
  }

  @Test(arguments: [
    (["w.h5", "--layout", "keras"], "ends in .weights.h5"),
    (["w.safetensors", "--layout", "keras"], "ends in .weights.h5"),
    (["w.weights.h5", "--layout", "keras", "--architecture", "none"], "architecture"),
    (["w.weights.h5", "--layout", "theano"], "theano"),
  ])
  func wrongUsage(arguments: [String], says: String) throws {
    let run = try torchport(
      ["convert", best, "-o", folder.file(arguments[0])] + arguments.dropFirst())
    #expect(run.status == 64)
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(folder.names.isEmpty)
  }
}
