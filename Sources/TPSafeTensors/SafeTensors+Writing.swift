public import TPBytes
public import TPTensors

extension SafeTensors {
  /// Writes the native profile, or a plain safetensors file where there are no facts at all.
  ///
  /// The bytes depend on the contents alone: metadata keys sorted by their UTF-8, tensors in the
  /// order of the safetensors crate (wider elements first, then by name), the header padded with
  /// spaces until the tensors begin at a multiple of 64. Each fact becomes `torchport.KEY`; the keys
  /// `profile`, `order`, `aliases`, `crc32`, `header_crc32` and `digests` are made here. Several names
  /// of one tensor are written under the first; other tensors that share memory are written in full,
  /// and in a plain file all are, because nothing could tell what belongs together.
  ///
  /// - Parameters:
  ///   - contents: facts must have `architecture`, `batch_norm`, `digest`, `parameters` and
  ///     `source.digest` or be empty; digests must have each tensor unless facts are empty.
  ///   - output: takes the bytes; committing it is the caller's.
  /// - Throws: `PortError` for a missing fact or digest, an element type or a name that the format
  ///   does not have, bytes that cannot be had, or a failed write.
  public static func write(
    _ contents: WeightFile, to output: inout AtomicFile
  ) throws(PortError) {
    let sharing = contents.facts.isEmpty ? nil : contents.tensors.sharing
    let parts = try canonicalParts(contents.tensors) { sharing?.isAlias($0) ?? false }
    var members: [JSONValue.Member] = []
    if !contents.facts.isEmpty {
      members.append(
        .init("__metadata__", try nativeMetadata(contents, parts, sharing?.aliases ?? [])))
    }
    var end = 0
    for part in parts {
      let start = end
      let (sum, overflow) = end.addingReportingOverflow(part.region.count)
      guard !overflow else { throw PortError(.limit, "the tensors have too many bytes") }
      end = sum
      var extents = part.tensor.shape.extents
      if part.tensor.dtype == .float4_e2m1fn_x2 { extents[extents.count - 1] *= 2 }
      members.append(
        .init(
          part.name,
          [
            "dtype": .string(part.type), "shape": .array(extents.map { .int($0) }),
            "data_offsets": [.int(start), .int(end)],
          ]))
    }
    let header = encoded(.object(members), isNative: !contents.facts.isEmpty)
    let most = ReadLimits().headerBytes
    guard header.count - 8 <= most else {
      throw PortError(
        .limit,
        "the header would have \(header.count - 8) bytes, more than the \(most) that safetensors"
          + " allows", remedy: "write an .h5 file, which has no such bound")
    }
    try output.write(header)
    for part in parts { try output.write(part.region.bytes) }
  }

  private struct Part {
    let name: String
    let tensor: Tensor
    let type: String
    let rank: Int
    let region: ByteRegion
  }

  private static func canonicalParts(
    _ tensors: StateDict, leavingOut isAlias: (String) -> Bool
  ) throws(PortError) -> [Part] {
    var parts: [Part] = []
    for entry in tensors.entries where !isAlias(entry.name) {
      let dtype = entry.tensor.dtype
      guard let type = dtype.safeTensorsName, let rank = dtype.safeTensorsRank else {
        throw PortError(
          .unsupported, "safetensors has no element type for \(dtype.rawValue)", key: entry.name,
          remedy: "convert the tensor to another type, or write a .pth file")
      }
      guard entry.name != "__metadata__" else {
        throw PortError(
          .unsupported, "safetensors keeps this name for itself", key: entry.name,
          remedy: "rename the tensor")
      }
      if dtype == .float4_e2m1fn_x2 {
        // The header counts values, twice as many as PyTorch's pairs.
        guard let last = entry.tensor.shape.extents.last, last <= Int.max / 2 else {
          throw PortError(
            .unsupported, "a single pair of four-bit values has no shape in safetensors",
            key: entry.name)
        }
      }
      do throws(PortError) {
        let region = try entry.tensor.contiguousBytes()
        parts.append(
          Part(name: entry.name, tensor: entry.tensor, type: type, rank: rank, region: region))
      } catch {
        throw error.at(key: entry.name)
      }
    }
    return parts.sorted {
      $0.rank == $1.rank ? utf8Precedes($0.name, $1.name) : $0.rank < $1.rank
    }
  }

  private static func nativeMetadata(
    _ contents: WeightFile, _ parts: [Part], _ aliases: [[String]]
  ) throws(PortError) -> JSONValue {
    var facts = contents.facts.filter { !NativeProfile.computed.contains($0.key) }
    for key in NativeProfile.mandatory where facts[key] == nil {
      guard NativeProfile.computed.contains(key) else {
        throw PortError(.usage, "the native profile cannot be written without this fact", key: key)
      }
    }
    let sorted = parts.sorted { utf8Precedes($0.name, $1.name) }
    var digests: [JSONValue.Member] = []
    for name in contents.tensors.names.sorted(by: utf8Precedes) {
      guard let digest = contents.digests[name], isHexadecimal(digest, count: 64) else {
        throw PortError(
          .usage, "the native profile cannot be written without the SHA-256 of each tensor",
          key: name)
      }
      digests.append(.init(name, .string(digest)))
    }
    facts["profile"] = NativeProfile.version
    facts["aliases"] =
      JSONValue.array(aliases.map { .array($0.map { .string($0) }) }).text()
    facts["order"] = JSONValue.array(contents.tensors.names.map { .string($0) }).text()
    facts["digests"] = JSONValue.object(digests).text()
    facts["crc32"] =
      JSONValue.object(
        sorted.map { .init($0.name, .string(hexadecimal(crc32($0.region.bytes)))) }
      ).text()
    facts["header_crc32"] = "00000000"
    return .object(
      facts.sorted { utf8Precedes($0.key, $1.key) }
        .map { .init(NativeProfile.prefix + $0.key, .string($0.value)) })
  }

  /// Length field, JSON and spaces; in the native profile with the checksum of all three in place.
  private static func encoded(_ json: JSONValue, isNative: Bool) -> [UInt8] {
    var text = Array(json.text().utf8)
    text += repeatElement(UInt8(ascii: " "), count: (64 - (8 + text.count) % 64) % 64)
    var writer = ByteWriter(capacity: 8 + text.count)
    writer.little(UInt64(text.count))
    writer.append(text)
    var bytes = writer.bytes
    let mark = Array((NativeProfile.mark + "00000000\"").utf8)
    if isNative, let start = bytes.firstRange(of: mark)?.lowerBound {
      let digits = start + mark.count - 9
      let sum = NativeProfile.headerChecksum(bytes.span.bytesView, digits: digits)
      bytes.replaceSubrange(digits..<digits + 8, with: hexadecimal(sum).utf8)
    }
    return bytes
  }
}

/// The order of the UTF-8, which is the same everywhere; `String`'s own is that of equivalent text.
func utf8Precedes(_ left: String, _ right: String) -> Bool {
  left.utf8.lexicographicallyPrecedes(right.utf8)
}
