public import TPBytes
public import TPTensors

/// SHA-256 of one tensor's contiguous little-endian row-major elements.
public struct TensorDigest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Hashes the elements where they lie; only what is not contiguous is gathered first. A storage that
  /// a tensor fills is hashed once.
  ///
  /// - Throws: `PortError` where the bytes cannot be had.
  public init(of tensor: Tensor, limits: ReadLimits = ReadLimits()) throws(PortError) {
    let storage = tensor.wholeStorage
    if let known = storage?.digest {
      bytes = known
      return
    }
    let region = try tensor.contiguousBytes(limits: limits, caching: false)
    bytes = TensorDigest(ofElements: region).bytes
    storage?.digest = bytes
  }

  /// Hashes contiguous little-endian elements.
  init(ofElements region: ByteRegion) {
    var hash = SHA256Hash()
    hash.update(region.bytes)
    bytes = hash.digest
  }

  /// 64 lowercase hex digits.
  public var description: String { hexadecimal(bytes) }
}

/// What identifies weights whatever file they came in: SHA-256 over names, types, shapes and the
/// digests of the elements.
///
/// The hashed bytes are ASCII `torchport-digest-1` and a line feed, then for every entry in the
/// order of the names' UTF-8: the name and the type's PyTorch name, each behind its length; the
/// rank; each extent; the 32 bytes of the tensor's digest. Numbers are u64, little-endian.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]
  /// The digest of each tensor by name, as 64 hex digits: what `WeightFile.digests` takes.
  public let tensors: [String: String]

  /// Hashes every tensor of a state_dict whose names are unwrapped already.
  ///
  /// - Throws: `PortError` with the key of a tensor whose bytes cannot be had.
  public init(of stateDict: StateDict, limits: ReadLimits = ReadLimits()) throws(PortError) {
    var hash = SHA256Hash()
    var tensors: [String: String] = [:]
    hash.update(ByteWriter(text: "torchport-digest-1\n"))
    let entries = stateDict.entries.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    for entry in entries {
      let digest: TensorDigest
      do throws(PortError) {
        digest = try TensorDigest(of: entry.tensor, limits: limits)
      } catch {
        throw error.at(key: entry.name)
      }
      tensors[entry.name] = digest.description
      var record = ByteWriter()
      for text in [entry.name, entry.tensor.dtype.rawValue] {
        record.little(UInt64(text.utf8.count))
        record.append(utf8: text)
      }
      record.little(UInt64(entry.tensor.shape.rank))
      // A shape's extents are never negative.
      for extent in entry.tensor.shape.extents { record.little(UInt64(extent)) }
      record.append(digest.bytes)
      hash.update(record)
    }
    bytes = hash.digest
    self.tensors = tensors
  }

  /// 64 lowercase hex digits.
  public var description: String { hexadecimal(bytes) }
}

extension ByteWriter {
  fileprivate init(text: String) {
    self.init()
    append(utf8: text)
  }
}
