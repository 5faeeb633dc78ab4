public import TPBytes
internal import TPPickle
internal import TPTensors

extension TorchFile {
  /// A member of a tar file of PyTorch 0.1 and the pickles in it.
  package struct TarPickles {
    /// Its name.
    package let name: String
    /// Its bytes.
    package let region: ByteRegion
    /// Whether it is a list of pickles with numbers and elements between them; else one pickle fills
    /// it.
    package let isList: Bool
    /// Where each pickle begins in it.
    package let offsets: [Int]
  }

  /// Every pickle that loading a tar file runs, in the order of the file's members.
  ///
  /// - Throws: `PortError` where the file is not what `torch.save` wrote before 0.1.10, whole and with
  ///   no other members.
  package static func picklesOfTar(
    _ file: ByteRegion, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> [TarPickles] {
    let archive = try TarArchive(file, limits: limits)
    let named = try archive.named()
    guard archive.cut == nil, Set(named.keys) == ["sys_info", "pickle", "storages", "tensors"],
      let storages = named["storages"], let tensors = named["tensors"]
    else { throw PortError(.unsupported, "is no whole tar file of PyTorch") }
    let kept = try TarStorages(storages: storages, tensors: tensors, limits: limits)
    return named.sorted { $0.value.range.lowerBound < $1.value.range.lowerBound }.map {
      let offsets = $0.key == "storages" ? kept.storagePickles : kept.tensorPickles
      let isList = $0.key == "storages" || $0.key == "tensors"
      return TarPickles(
        name: $0.key, region: $0.value, isList: isList, offsets: isList ? offsets : [0])
    }
  }

  /// Finds the tensors of a tar file of PyTorch 0.1 that are there to their last byte. The format has no
  /// checksum that could prove them.
  ///
  /// - Throws: `PortError`, without the name of the file, where the member `pickle`, which names the
  ///   tensors, is lost or damaged.
  public static func recoverTar(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Recovery {
    let archive = try TarArchive(file.region, salvaging: true, limits: limits)
    let members = try archive.named()
    guard let object = members["pickle"] else {
      throw PortError(
        .malformed, "the member pickle is not in what is left, and no tensor has a name without it",
        record: "pickle", remedy: "fetch the file again")
    }
    let left = { (name: String) in
      members[name] ?? (archive.cut?.plainName == name ? archive.cut?.beginning : nil)
    }
    let kept = TarStorages(salvaging: left("storages"), tensors: left("tensors"), limits: limits)
    do throws(PortError) {
      let pickle = try PickleMachine.run(object.bytes, limits: limits)
      let contents = try Interpretation(pickle, source: object, storages: kept, limits: limits)
      return Recovery(
        container: .torchTar, entries: contents.records.map { kept.entry($0) },
        missingBytes: archive.cut.map { max(0, $0.wholeCount - file.count) } ?? 0)
    } catch {
      throw error.at(record: "pickle")
    }
  }
}

extension TarStorages {
  /// What can be said of a tensor.
  fileprivate func entry(_ record: TensorRecord) -> Recovery.Entry {
    let tensor = record.tensor
    let unsure = Recovery.State.unverified("files of this format have no checksums")
    if isUnknown(tensor) {
      return Recovery.Entry(
        record: record, state: .lost("its type and shape are not in what is left of the file"),
        isDescribed: false)
    }
    if tensor.shape.elementCount == 0 { return Recovery.Entry(record: record, state: unsure) }
    do throws(PortError) {
      _ = try tensor.storage.bytes()
      return Recovery.Entry(record: record, state: unsure)
    } catch {
      // A storage that is cut may hold a view whole.
      guard let beginning = beginning(of: tensor),
        let shorter = try? tensor.shortened(to: beginning)
      else { return Recovery.Entry(record: record, state: .lost(error.message)) }
      return Recovery.Entry(
        record: TensorRecord(path: record.path, tensor: shorter), state: unsure)
    }
  }
}
