public import TPBytes
public import TPTensors
internal import TPZip

extension NumPyFile {
  /// Reads an archive of arrays, as `numpy.savez` and `numpy.savez_compressed` write it.
  ///
  /// The member `float64/logits.npy` is the tensor `float64/logits`, one path component whatever its
  /// slashes; tensors come in the order of the archive. Texts are metadata under their name.
  /// Stored elements are lent where they lie, deflated ones are inflated when they are asked for;
  /// either way the member's CRC-32 is verified then. Members that are no arrays stand in `facts`
  /// under `not_read`. Facts that `writeArchive` put into the comment are metadata.
  ///
  /// - Parameters:
  ///   - file: the whole file.
  ///   - limits: bounds members, their inflated size, headers, rank, and the texts of all members
  ///     together.
  /// - Throws: `PortError` for a broken archive, and, with the member as record, for whatever
  ///   `readArray` refuses.
  public static func readArchive(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let archive = try ZipArchive(file, limits: limits)
    var metadata = MetadataTree()
    var entries: [MetadataTree.Entry] = []
    var tensors: [TensorRecord] = []
    var facts: [(name: String, value: String)] = []
    // A text may take no byte of the file: all members share the number that may be made.
    var left = limits
    let budget = CacheBudget()
    for member in archive.members {
      guard member.name.hasSuffix(".npy") else {
        facts.append(("not_read", "\(member.name): not an array file"))
        continue
      }
      let name = String(member.name.dropLast(4))
      do throws(PortError) {
        switch try content(of: member, in: archive, name: name, limits: left, budget) {
        case .tensor(let tensor): tensors.append(TensorRecord(path: [name], tensor: tensor))
        case .texts(let texts):
          left.objects -= texts.nodes.count
          entries.append(.init(key: metadata.add(.string(name)), value: metadata.add(texts)))
        }
      } catch {
        throw error.at(record: member.name)
      }
    }
    for fact in NumPyFile.facts(in: archive.comment) {
      let key = metadata.add(.string(fact.key))
      entries.append(.init(key: key, value: metadata.add(.string(fact.value))))
    }
    metadata.root = metadata.add(.dict(entries))
    return Checkpoint(container: .npz, metadata: metadata, tensors: tensors, facts: facts) {
      let found = archive.verify()
      var checksums = Checkpoint.Checksums()
      checksums.verified = found.verified
      checksums.absent = found.absent
      checksums.mismatched = found.mismatched
      return checksums
    }
  }

  private static func content(
    of member: ZipMember, in archive: ZipArchive, name: String, limits: ReadLimits,
    _ budget: CacheBudget
  ) throws(PortError) -> Content {
    let region: ByteRegion
    switch member.method {
    case .stored:
      // The header alone is looked at now: no pass over all bytes for a checksum yet.
      guard
        let stored = archive.file.region.slice(
          offset: member.storedRange.lowerBound, length: member.storedRange.count)
      else { throw PortError(.truncated, "the member lies outside of the file") }
      region = stored
    case .deflated:
      // Inflated again when it is asked for, so that what nobody asks for takes no memory.
      region = try archive.bytes(of: member)
    }
    let content = try content(of: region, name: name, limits: limits) { data, offset, byteOrder in
      Storage(
        key: name, byteOrder: byteOrder, byteCount: data.count,
        budget: member.method == .deflated ? budget : nil
      ) {
        [count = data.count] () throws(PortError) in
        let whole = try archive.bytes(of: member)
        guard let elements = whole.slice(offset: offset, length: count) else {
          throw PortError(.truncated, "the array lies outside of the member", record: member.name)
        }
        return elements
      }
    }
    // A text is read now, so its checksum is due now.
    if case .texts = content { _ = try archive.bytes(of: member) }
    return content
  }
}
