internal import ArgumentParser
internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPNumPy
internal import TPReports
internal import TPScanning
internal import TPTensors

/// `torchport inspect FILE` or `torchport inspect --architecture NAME|FILE.json`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is inside a file: container, metadata, tensors; or a network's layers.",
    discussion: guide.discussion)

  @Argument(
    help: "A PyTorch checkpoint, safetensors, HDF5, .npy or .npz file.", completion: .checkpoint)
  var file: String?

  @Option(
    help: ArgumentHelp(
      "Show a network instead: its layers with shapes, parameters and arithmetic.",
      valueName: "name|file.json"), completion: ArchitectureOption.completion(["none"]))
  var architecture: String?

  @Flag(help: "Hash every tensor with SHA-256 and verify the checksums of the file.")
  var digest = false

  @Flag(help: "Measure every tensor: least, greatest, mean, deviation, zeros, denormals, NaN, inf.")
  var stats = false

  @OptionGroup var names: OnlyOption

  @Option(help: ArgumentHelp("Print the values of one tensor.", valueName: "name"))
  var tensor: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Write the tensor of --tensor as an array of NumPy.", valueName: "file.npy"),
    completion: .report("npy"))
  var output: String?

  @Flag(help: .force)
  var force = false

  @Flag(help: "Disassemble the file's pickles: offset, opcode, argument, and the value it built.")
  var pickle = false

  @Option(help: ArgumentHelp("The most opcodes of a pickle that --pickle shows.", valueName: "n"))
  var opcodes = 10_000

  @OptionGroup var reading: ReadingOptions
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    guard (file == nil) != (architecture == nil) else {
      throw ValidationError("Give a file, or --architecture with a name or a description.")
    }
    if architecture != nil,
      digest || stats || pickle || names.only != nil || tensor != nil || output != nil
    {
      throw ValidationError("--architecture shows a network; the other options are about a file.")
    }
    guard output == nil || tensor != nil else {
      throw ValidationError("-o writes the tensor of --tensor NAME; give that, too")
    }
    if tensor != nil, digest || pickle || names.only != nil {
      throw ValidationError("--tensor shows one tensor; leave out --digest, --pickle and --only")
    }
    guard opcodes > 0 else {
      throw ValidationError("--opcodes takes a number of at least 1, not \(opcodes)")
    }
  }

  func run() throws {
    try printing.report("inspect") { () throws(PortError) in
      guard let file else {
        let report = ArchitectureReport(
          try Architecture.named(orInFile: architecture ?? ""))
        return Outcome(status: .done, text: report.text, json: report.json)
      }
      // Opcode by opcode, a file can be shown that nothing else can be said about.
      if pickle, !printing.json {
        let listings = try listings(file)
        return Outcome(
          status: .done, text: listings.map(\.text).joined(separator: "\n"), json: [:])
      }
      if let output { try AtomicFile.check(path: output, replacing: force) }
      let checkpoint = try CheckpointFile.open(path: file, limits: reading.limits)
      do throws(PortError) {
        if let tensor { return try one(tensor, of: checkpoint, file) }
        return try all(checkpoint, file)
      } catch {
        throw error.in(file: file)
      }
    }
  }

  private func listings(_ file: String) throws(PortError) -> [PickleListing] {
    var listings: [PickleListing] = []
    for found in try Scanner.pickles(path: file) {
      listings.append(
        try PickleListing(
          record: found.record, bytes: found.bytes, offset: found.offset, limit: opcodes))
    }
    guard !listings.isEmpty else {
      throw PortError(.unsupported, "holds no pickle", file: file)
    }
    return listings
  }

  private func all(_ checkpoint: Checkpoint, _ file: String) throws(PortError) -> Outcome {
    var report = InspectReport(file: file, checkpoint: checkpoint)
    var status = Status.done
    let warnings = names.warnings((report.tensors + report.arrays).lazy.map(\.record.name))
    if let glob = names.glob {
      report.tensors.removeAll { !glob.matches($0.record.name) }
      report.arrays.removeAll { !glob.matches($0.record.name) }
    }
    if pickle { report.pickles = try listings(file) }
    if digest {
      // The sums first: a wrong one is listed with every other, not only met as the first error.
      let checksums = checkpoint.verifyChecksums()
      report.checksums = checksums
      if checksums.mismatched.isEmpty || reading.ignoreChecksums {
        for place in report.tensors.indices {
          let record = report.tensors[place].record
          report.tensors[place].digest = try digest(of: record)
          if record.tensor.quantization != nil {
            report.tensors[place].dequantizedDigest = try digest(of: record) {
              (tensor) throws(PortError) in try tensor.dequantized() ?? tensor
            }
          }
        }
        for place in report.arrays.indices {
          report.arrays[place].digest = try digest(of: report.arrays[place].record)
        }
        report.contentDigest = try contentDigest(of: checkpoint)
      } else {
        status = .failed
      }
    }
    if stats, status == .done {
      report.isMeasured = true
      for place in report.tensors.indices {
        report.tensors[place].statistics = try statistics(of: report.tensors[place].record)
      }
      for place in report.arrays.indices {
        report.arrays[place].statistics = try statistics(of: report.arrays[place].record)
      }
    }
    return Outcome(
      status: status, text: report.text, json: report.json,
      warnings: reading.warnings((file, checkpoint)) + warnings)
  }

  private func one(
    _ name: String, of checkpoint: Checkpoint, _ file: String
  ) throws(PortError) -> Outcome {
    let records = checkpoint.tensors + checkpoint.arrays
    guard let record = records.first(where: { $0.name == name }) else {
      let all = records.prefix(100_000).map(\.name)
      let near = all.filter { $0.hasSuffix(name) }.prefix(3)
      throw PortError(
        .mismatch, "has no tensor of this name", key: name,
        remedy: near.isEmpty
          ? meant(name, among: all) ?? "list the names with torchport inspect"
          : "give " + near.joined(separator: " or "))
    }
    var report = InspectReport(file: file, checkpoint: checkpoint)
    let values = try TensorReport(record)
    report.values = values
    report.isMeasured = true
    report.tensors = [.init(record: record, statistics: values.statistics)]
    report.arrays = []
    if let output {
      var target = try AtomicFile(path: output, replacing: force)
      try NumPyFile.write(try record.tensor.dequantized() ?? record.tensor, to: &target)
      try target.commit()
    }
    return Outcome(
      status: .done, text: values.text, json: report.json,
      warnings: reading.warnings((file, checkpoint)))
  }

  /// `nil` for a tensor whose elements cannot be had, as for a type without statistics.
  private func statistics(of record: TensorRecord) throws(PortError) -> TensorStatistics? {
    do throws(PortError) {
      return try TensorStatistics(record.tensor)
    } catch {
      guard error.kind == .unsupported || error.kind == .limit else {
        throw error.at(key: record.name)
      }
      return nil
    }
  }

  /// A tensor without a dense form, or one too large to be given it, is told of and no failure.
  private func digest(
    of record: TensorRecord,
    _ values: (Tensor) throws(PortError) -> Tensor = { (tensor) throws(PortError) in tensor }
  ) throws(PortError) -> InspectReport.Digest {
    do throws(PortError) {
      return .sha256(try TensorDigest(of: values(record.tensor)).description)
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
