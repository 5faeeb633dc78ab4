internal import TPBytes
internal import TPTensors
internal import TPZip

// A program of torch.export of PyTorch 2.1 to 2.6 (torch/export/__init__.py): a plain zip file of
//   serialized_exported_program.json         the program
//   serialized_state_dict.pt                 a file of torch.save; 2.1 called it .json all the same
//   serialized_constants.pt                  the same for constants, from 2.2 on
//   serialized_example_inputs.pt, version    not weights

extension TorchFile {
  /// Whether an archive is such a program.
  static func isOldExport(_ archive: ZipArchive) -> Bool {
    archive["serialized_exported_program.json"] != nil
  }

  /// The state_dict of the program, and its constants.
  static func readOldExport(
    _ archive: ZipArchive, _ limits: ReadLimits
  ) throws(PortError) -> Checkpoint {
    var allowance = PickleAllowance(archiveBytes: archive.file.count, limits: limits)
    guard let weights = try part("serialized_state_dict", of: archive, &allowance) else {
      throw PortError(
        .malformed, "the program's weights (serialized_state_dict.pt) are missing",
        record: "serialized_state_dict.pt", remedy: "the file is incomplete; fetch it again")
    }
    var tensors = weights.tensors
    var globals = weights.globals
    if let constants = try part("serialized_constants", of: archive, &allowance) {
      tensors += constants.tensors
      globals = Interpretation.merged([globals, constants.globals])
    }
    var tree = MetadataTree()
    let entries = tensors.indices.map { place in
      MetadataTree.Entry(
        key: tree.add(.string(tensors[place].name)), value: tree.add(.tensor(place)))
    }
    tree.root = tree.add(.dict(entries))
    var facts: [(name: String, value: String)] = []
    if let version = archive["version"], version.byteCount <= 64 {
      let text = String(decoding: try archive.bytes(of: version).array(), as: UTF8.self)
      facts = [(name: "version", value: text)]
    }
    // The sums of the outer archive cover those of the files in it.
    return Checkpoint(
      container: .torchExport, metadata: tree, tensors: tensors, globals: globals, facts: facts,
      verifyChecksums: checksums(of: archive))
  }

  /// A file of torch.save in the archive, read where it lies.
  private static func part(
    _ name: String, of archive: ZipArchive, _ allowance: inout PickleAllowance
  ) throws(PortError) -> Checkpoint? {
    guard let member = archive[name + ".pt"] ?? archive[name + ".json"], member.byteCount > 0 else {
      return nil
    }
    do throws(PortError) {
      // No pass over all weights for the outer sum now: their own sums are verified at their use.
      let bytes = try archive.bytesDespiteChecksum(of: member)
      let inner = try TorchFile.readInner(
        SharedBytes(lending: bytes), allowance.limits(for: member))
      allowance.take(values: inner.metadata.nodes.count, bytes: member.byteCount)
      return inner
    } catch {
      let record = error.record.map { member.name + "!" + $0 } ?? member.name
      throw PortError(
        error.kind, error.message, offset: error.offset, record: record, key: error.key,
        remedy: error.remedy)
    }
  }
}
