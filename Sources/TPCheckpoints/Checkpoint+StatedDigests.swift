internal import TPBytes
internal import TPTensors

extension Checkpoint {
  /// The same checkpoint of an HDF5 file of ours, with each dataset held against the SHA-256 that the
  /// file states for it when its bytes are first used, unless `limits` has checksums ignored, and all
  /// of them by `verifyChecksums`.
  func holdingDatasetsToTheirDigests(_ limits: ReadLimits) -> Checkpoint {
    let stated = statedDigests()
    if stated.isEmpty { return self }
    var copy = self
    let budget = CacheBudget()
    var checked: [ObjectIdentifier: Storage] = [:]
    let unchecked = tensors.map(\.tensor.storage)
    var storages = unchecked
    for place in tensors.indices {
      let tensor = tensors[place].tensor
      guard let digest = stated[tensor.storage.key] else { continue }
      let storage =
        checked[ObjectIdentifier(tensor.storage)] ?? tensor.storage.held(to: digest, budget)
      checked[ObjectIdentifier(tensor.storage)] = storage
      storages[place] = storage
      if limits.ignoresChecksums { continue }
      if let held = try? tensor.moved(to: storage) { copy.tensors[place].tensor = held }
    }
    copy.verifyChecksums = { [storages] in
      var checksums = Checksums()
      var seen: Set<ObjectIdentifier> = []
      for (storage, own) in zip(storages, unchecked)
      where seen.insert(ObjectIdentifier(storage)).inserted {
        guard stated[storage.key] != nil else {
          checksums.absent += 1
          continue
        }
        do throws(PortError) {
          _ = try storage.bytes(caching: false)
          storage.digest = own.digest
          checksums.verified += 1
        } catch {
          checksums.mismatched.append(storage.key)
        }
      }
      return checksums
    }
    return copy
  }

  /// What the file states for its datasets, by their paths; nothing where it is not one of ours.
  private func statedDigests() -> [String: String] {
    guard case .string? = metadata.node(at: "torchport.profile"), let root = metadata.root,
      case .dict(let entries) = metadata[root]
    else { return [:] }
    var digests: [String: String] = [:]
    for entry in entries {
      // A slash before a combining mark is one character with it.
      guard case .string(let path) = metadata[entry.key], path.utf8.first == UInt8(ascii: "/"),
        let value = metadata.value("sha256", of: entry.value)
      else { continue }
      // Whatever else stands there is not the digest of anything.
      if case .string(let text) = metadata[value] {
        digests[path] = text
      } else {
        digests[path] = ""
      }
    }
    return digests
  }
}

extension Storage {
  /// The same bytes, refused where their SHA-256 is another one.
  fileprivate func held(to digest: String, _ budget: CacheBudget) -> Storage {
    Storage(
      key: key, location: location, byteOrder: byteOrder, byteCount: byteCount, budget: budget
    ) { () throws(PortError) in
      let region = try self.bytes(caching: false)
      let found = TensorDigest(ofElements: region)
      self.digest = found.bytes
      guard found.description == digest else {
        throw PortError(
          .checksum,
          "the file states the SHA-256 \(printable(digest, limit: 64)) for the dataset and its bytes"
            + " have \(found)", record: self.key,
          remedy: "copy the file again, or convert the checkpoint again")
      }
      return region
    }
  }
}

extension Tensor {
  fileprivate func moved(to storage: Storage) throws(PortError) -> Tensor {
    try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: offset, storage: storage,
      requiresGrad: requiresGrad, layout: layout, pending: pending)
  }
}
