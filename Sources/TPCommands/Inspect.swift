internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPReports
internal import TPTensors

/// `torchport inspect FILE`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is inside a file: container, metadata, tensors.",
    discussion: """
      Example:
        torchport inspect best.pth
        torchport inspect --digest --json model.safetensors
      """)

  @Argument(help: "A PyTorch checkpoint, safetensors, HDF5, .npy or .npz file.")
  var file: String

  @Flag(help: "Hash every tensor with SHA-256 and verify the checksums of the file.")
  var digest = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    try output.report("inspect") { () throws(PortError) in
      let checkpoint = try CheckpointFile.open(path: file)
      var report = InspectReport(file: file, checkpoint: checkpoint)
      var status = Status.done
      if digest {
        do throws(PortError) {
          // The sums first: a wrong one is listed with every other, not only met as the first error.
          let checksums = checkpoint.verifyChecksums()
          report.checksums = checksums
          if checksums.mismatched.isEmpty {
            for record in checkpoint.tensors {
              report.digests.append(try TensorDigest(of: record.tensor).description)
            }
            let model = try UnwrappedStateDict(of: checkpoint).stateDict
            if !model.isEmpty { report.contentDigest = try ContentDigest(of: model).description }
          } else {
            status = .failed
          }
        } catch {
          throw error.in(file: file)
        }
      }
      return Outcome(status: status, text: report.text, json: report.json)
    }
  }
}
