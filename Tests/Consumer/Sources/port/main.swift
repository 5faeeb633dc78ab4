// A checkpoint of PyTorch becomes a native weight file that is proven: open, look, convert, verify.
//   port checkpoint.pth golden.npz model.safetensors
import TPBytes
import TPCheckpoints
import TPConversion
import TPParity

let arguments = CommandLine.arguments
guard arguments.count == 4 else { fatalError("usage: port CHECKPOINT GOLDEN OUTPUT") }

do {
  let checkpoint = try CheckpointFile.open(path: arguments[1])
  for record in checkpoint.tensors.prefix(3) {
    print(record.name, record.tensor.dtype.rawValue, record.tensor.shape)
  }
  print(checkpoint.tensors.count, "tensors, epoch", ModelFacts(checkpoint).epoch ?? -1)

  let job = ConversionJob(
    input: arguments[1], output: arguments[3], format: .safetensors, options: ConversionOptions())
  print(try job.run().byteCount ?? 0, "bytes written")

  let golden = try Golden.open(path: arguments[2])
  let parity = try Parity.verify(weights: LoadedModel.open(path: arguments[3]), golden: golden)
  print("parity", parity.verdict.rawValue)
  for activation in parity.activations { print(" ", activation.name, activation.maxError ?? 0) }
} catch {
  print(error)
}
