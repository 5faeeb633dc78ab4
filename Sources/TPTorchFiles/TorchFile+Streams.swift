public import TPBytes
internal import TPPickle
public import TPTensors

extension TorchFile {
  /// Reads a legacy stream: what `torch.save` wrote from 0.1.10 to 1.5, and later on request.
  ///
  /// - Parameter file: begins with the pickled magic number; whatever follows the stream is ignored.
  /// - Throws: `PortError`; of a file that was cut short it says how much of it is there.
  public static func readLegacy(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let stream = try LegacyStream(file.region, limits: limits)
    let storages = stream.storages
    let contents = try Interpretation(
      stream.pickle, source: file.region, storages: storages, limits: limits)
    guard storages.missingBytes == 0 else {
      let intact = contents.records.filter { storages.isComplete($0.tensor) }.count
      throw PortError(
        .truncated,
        "has \(file.count) of \(storages.end) bytes; \(intact) of \(contents.records.count)"
          + " tensors intact", offset: file.count,
        remedy: "fetch the file again, or save what is left with torchport recover")
    }
    return Checkpoint(
      container: .torchLegacy, metadata: contents.tree, tensors: contents.records,
      arrays: contents.arrays, globals: contents.globals, facts: stream.facts,
      verifyChecksums: noChecksums(storages.count))
  }

  /// Reads a plain pickle, with the tensors and NumPy arrays in it.
  ///
  /// - Throws: `PortError` for whatever is no pickle, or one that needs more than itself.
  public static func readPickle(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let pickle = try PickleMachine.run(file.bytes, limits: limits)
    guard pickle.range.upperBound == file.count else {
      throw PortError(
        .malformed, "\(file.count - pickle.range.upperBound) bytes follow the end of the pickle",
        offset: pickle.range.upperBound,
        remedy: "do not trust this file: what follows a pickle is not seen by every tool")
    }
    let contents = try Interpretation(
      pickle, source: file.region, storages: NoPersistentSource(), limits: limits)
    return Checkpoint(
      container: .pickle, metadata: contents.tree, tensors: contents.records,
      arrays: contents.arrays, globals: contents.globals,
      facts: [(name: "pickle_protocol", value: String(pickle.protocolNumber))],
      verifyChecksums: noChecksums(1))
  }

  /// Reads what `torch.save` wrote before 0.1.10: a tar file.
  ///
  /// - Throws: `PortError` for another tar file, a damaged or truncated one.
  public static func readTar(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let archive = try TarArchive(file.region, limits: limits)
    let members = try archive.named()
    if let cut = archive.cut { throw truncated(file, cut, limits) }
    guard let object = members["pickle"], let storages = members["storages"] else {
      throw PortError(
        .unsupported,
        "is a tar archive of other things than PyTorch's sys_info, pickle, storages and tensors",
        remedy: "unpack it and give the checkpoint in it")
    }
    guard let tensors = members["tensors"] else {
      throw PortError(
        .malformed,
        "the member tensors is missing, without which nothing tells the tensors' shapes",
        record: "tensors", remedy: "the file is incomplete; fetch it again")
    }
    let kept = try TarStorages(storages: storages, tensors: tensors, limits: limits)
    do throws(PortError) {
      let pickle = try PickleMachine.run(object.bytes, limits: limits)
      let contents = try Interpretation(
        pickle, source: object, storages: kept, limits: limits)
      return Checkpoint(
        container: .torchTar, metadata: contents.tree, tensors: contents.records,
        arrays: contents.arrays, globals: contents.globals,
        facts: [(name: "pickle_protocol", value: String(pickle.protocolNumber))],
        verifyChecksums: noChecksums(kept.storageCount))
    } catch {
      throw error.at(record: "pickle")
    }
  }

  /// A tar file that ends too soon: how much of it is there.
  private static func truncated(
    _ file: SharedBytes, _ cut: TarArchive.Cut, _ limits: ReadLimits
  ) -> PortError {
    var message = "has \(file.count) of at least \(cut.wholeCount) bytes"
    var remedy = "the file is incomplete; fetch it again"
    if let left = try? recoverTar(file, limits: limits) {
      let intact = left.entries.count { !$0.state.isLost }
      message += "; \(intact) of \(left.entries.count) tensors intact"
      if intact > 0 { remedy += ", or save what is left with torchport recover" }
    } else {
      message += " and ends before the pickle that names its tensors is whole"
    }
    return PortError(
      .truncated, message, offset: file.count, record: cut.plainName.map { printable($0) },
      remedy: remedy)
  }

  private static func noChecksums(_ count: Int) -> @Sendable () -> Checkpoint.Checksums {
    {
      var checksums = Checkpoint.Checksums()
      checksums.absent = count
      return checksums
    }
  }
}
