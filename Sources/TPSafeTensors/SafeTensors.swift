public import TPBytes
public import TPTensors

// Layout, little-endian (huggingface/safetensors README, "Format", and safetensors/src/tensor.rs):
//   0    u64   n, length of the header, at most 100,000,000
//   8    n B   UTF-8 JSON that begins with '{': name -> {dtype, shape, data_offsets: [begin, end)},
//              and `__metadata__`: text -> text; white space may follow it
//   8+n        tensor bytes, row-major; sorted by offset they tile this region without gap or overlap

/// Files of tensors in Hugging Face's safetensors format, and TorchPort's native profile of it.
///
/// The native profile is an ordinary safetensors file whose bytes depend on its content alone and
/// whose `__metadata__` has keys that begin with `torchport.`: what the tensors are, their order in
/// the state_dict, and checksums of the header and of each tensor.
public enum SafeTensors {
  /// Reads the header; the bytes of tensors are lent where they lie in `file`.
  ///
  /// A file with any `torchport.` key must keep the native profile: its header is verified now,
  /// each tensor's CRC-32 when its bytes are asked for first. Further names of a tensor share its
  /// storage. `metadata` is the dict of the texts of
  /// `__metadata__`. Tensors come in the order of the state_dict where the profile gives it, else as
  /// the header lists them.
  ///
  /// - Parameters:
  ///   - file: the whole file.
  ///   - limits: bounds the header's length and the rank of tensors.
  /// - Throws: `PortError` for whatever breaks the format or the profile, with offset or key.
  public static func read(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    let header = try Header(file, limits: limits)
    let profile = try NativeProfile(header, in: file)
    var records: [TensorRecord] = []
    var sums: [Sum] = []
    records.reserveCapacity(header.entries.count)
    for entry in header.entries {
      guard let region = file.region.slice(offset: entry.start, length: entry.length) else {
        throw PortError(
          .truncated, "the tensor lies outside of the file", offset: entry.start, key: entry.name)
      }
      let storage: Storage
      if let expected = profile?.checksums[entry.name] {
        let sum = Sum(name: entry.name, region: region, expected: expected)
        sums.append(sum)
        storage = Storage(key: entry.name, byteCount: region.count) { () throws(PortError) in
          try limits.ignoresChecksums ? sum.region : sum.verified()
        }
      } else {
        storage = Storage(key: entry.name, region: region)
      }
      let tensor = try Tensor(dtype: entry.dtype, shape: entry.shape, storage: storage)
      records.append(TensorRecord(path: [entry.name], tensor: tensor))
    }
    if let profile { records = profile.completed(records) }
    let (all, isNative) = (sums, profile != nil)
    let unchecked = header.entries.count - sums.count
    return Checkpoint(
      container: .safetensors, metadata: header.tree, tensors: records,
      facts: [("header_bytes", String(header.length))]
    ) {
      var result = Checkpoint.Checksums()
      // The header's own checksum was verified when the file was opened.
      result.verified = isNative ? 1 : 0
      result.absent = unchecked
      for sum in all {
        if sum.found == sum.expected {
          result.verified += 1
        } else {
          result.mismatched.append(sum.name)
        }
      }
      return result
    }
  }
}

/// The bytes of one tensor and the CRC-32 that the header gives for them.
private struct Sum: Sendable {
  let name: String
  let region: ByteRegion
  let expected: UInt32

  var found: UInt32 { crc32(region.bytes) }

  func verified() throws(PortError) -> ByteRegion {
    let found = found
    guard found == expected else {
      throw PortError(
        .checksum,
        "the tensor's bytes have the CRC-32 \(hexadecimal(found)) and the header says"
          + " \(hexadecimal(expected))", offset: region.range.lowerBound, key: name,
        remedy: "the file is damaged; copy it again or convert it anew")
    }
    return region
  }
}
