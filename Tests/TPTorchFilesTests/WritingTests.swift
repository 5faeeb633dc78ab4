import Foundation
import TPBytes
import TPTensors
import TPTorchFiles
import Testing

/// Files are held against those that `torch.save` itself made, byte for byte.
@Suite struct WritingTests {
  private func temporary() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// What is written of a checkpoint that was read.
  private func written(_ checkpoint: Checkpoint, archiveName: String) throws -> [UInt8] {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "out.pth").path
    var output = try AtomicFile(path: path, replacing: false)
    try TorchFile.write(
      checkpoint.metadata, tensors: checkpoint.tensors, archiveName: archiveName, to: &output)
    try output.commit()
    return [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  /// Whole checkpoints of a training run, optimizer and all, and files for single questions: what was
  /// read is written as PyTorch 2.13 wrote it.
  @Test(arguments: [
    "run/best_lightweight_model.pth", "run/checkpoint_epoch_5.pth", "run/checkpoint_epoch_15.pth",
    "torch-files/good/batches.pt", "torch-files/good/dtypes.pt", "torch-files/good/empty.pt",
    "torch-files/good/keys.pt", "torch-files/good/list.pt", "torch-files/good/shapes.pt",
    "torch-files/good/shared.pt", "torch-files/good/tensor.pt", "torch-files/good/views.pt",
    "torch-files/good/cyclic.pt", "written/plain.pth", "written/ties.pth",
  ])
  func theBytesAreThoseOfPyTorch(_ name: String) throws {
    let path = Fixtures.folder + "../" + name
    let original = try SharedBytes(path: path).region.array()
    let checkpoint = try TorchFile.read(SharedBytes(original))
    let root = try #require(checkpoint.facts.first { $0.name == "root" }?.value)
    let bytes = try written(checkpoint, archiveName: root)
    let same = zip(bytes, original).prefix { $0 == $1 }.count
    #expect((bytes.count, same) == (original.count, original.count))
  }
}
