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
            for record in checkpoint.tensors { report.digests.append(try digest(of: record)) }
            for record in checkpoint.arrays {
              report.arrayDigests.append(try digest(of: record))
            }
            report.contentDigest = try contentDigest(of: checkpoint)
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

  /// A tensor without a dense form, or one too large to be given it, is told of and no failure.
  private func digest(of record: TensorRecord) throws(PortError) -> InspectReport.Digest {
    do throws(PortError) {
      return .sha256(try TensorDigest(of: record.tensor).description)
    } catch {
      guard error.kind == .unsupported || error.kind == .limit else {
        throw error.at(key: record.name)
      }
      return .refused(error.description)
    }
  }

  /// The digest of the model, where there is one whose tensors all have digests.
  private func contentDigest(of checkpoint: Checkpoint) throws(PortError) -> String? {
    do throws(PortError) {
      let model = try UnwrappedStateDict(of: checkpoint).stateDict
      return model.isEmpty ? nil : try ContentDigest(of: model).description
    } catch {
      guard error.kind == .unsupported || error.kind == .limit || error.kind == .malformed else {
        throw error
      }
      return nil
    }
  }
}
