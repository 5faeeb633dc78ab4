package import TPBytes

/// What the first bytes of a file say it is; the extension is never asked.
///
/// Order of the tests: what PyTorch itself looks for (zip, tar, magic number, pickle), arrays, HDF5
/// (which may stand behind a user block), safetensors (whose start is only a number), indexes, what
/// may be an old pickle, and at last what is not ours.
package enum FileSignature: Hashable, Sendable {
  /// A zip archive whose first member is not an array: what `torch.save` writes.
  case torchZip
  /// A stream that begins with PyTorch's pickled magic number: `torch.save` before 1.6.
  case torchLegacy
  /// A tar archive: `torch.save` before 0.1.10.
  case tar
  /// The index of a checkpoint in several files, in JSON.
  case shardIndex
  /// A pickle of protocol 2 or later, which says so.
  case pickle
  /// Perhaps a pickle of protocol 0 or 1, which has no signature; only reading it tells.
  case textPickle
  /// A zip archive whose first member ends in `.npy`.
  case npz
  /// One numpy array.
  case npy
  /// A safetensors file, native profile or not.
  case safetensors
  /// HDF5, its signature at 0 or at a doubling of 512.
  case hdf5

  /// Reads the signature of a file from its bytes.
  ///
  /// - Throws: `PortError` that says what the file is instead, and what to do, where no reader
  ///   of ours takes it.
  package static func sniff(_ bytes: RawSpan) throws(PortError) -> FileSignature {
    let start = FileStart(bytes)
    if start.begins([0x50, 0x4B, 0x03, 0x04]) || start.begins([0x50, 0x4B, 0x05, 0x06]) {
      return start.firstMemberIsArray ? .npz : .torchZip
    }
    if start.has(Array("ustar".utf8), at: 257) { return .tar }
    if start.hasLegacyMagic { return .torchLegacy }
    if start.beginsPickle { return .pickle }
    if start.begins([0x93] + Array("NUMPY".utf8)) { return .npy }
    if start.hasHDF5Signature { return .hdf5 }
    if start.looksLikeSafeTensors { return .safetensors }
    if start.looksLikeIndex { return .shardIndex }
    if start.mayBePickle { return .textPickle }
    throw start.impostor
  }

  /// What a file is that turned out to be no pickle after all.
  package static func impostor(_ bytes: RawSpan) -> PortError { FileStart(bytes).impostor }
}

/// The bytes of a file as signatures ask for them.
struct FileStart: ~Escapable {
  let bytes: RawSpan

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) {
    self.bytes = bytes
  }

  /// Whether the bytes at `offset` are these.
  func has(_ expected: [UInt8], at offset: Int) -> Bool {
    guard offset >= 0, offset <= bytes.byteCount, expected.count <= bytes.byteCount - offset else {
      return false
    }
    for (index, byte) in expected.enumerated() where self.byte(offset + index) != byte {
      return false
    }
    return true
  }

  /// Whether the file begins with these bytes.
  func begins(_ expected: [UInt8]) -> Bool { has(expected, at: 0) }

  /// Whether the file begins with this text.
  func begins(_ text: String) -> Bool { has(Array(text.utf8), at: 0) }

  /// The byte at an offset, `nil` outside of the file.
  func byte(_ offset: Int) -> UInt8? {
    guard offset >= 0, offset < bytes.byteCount else { return nil }
    return unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The first bytes, at most `limit` of them.
  func prefix(_ limit: Int) -> [UInt8] {
    (0..<min(limit, bytes.byteCount)).compactMap { byte($0) }
  }

  /// Whether the name in the first local header of a zip file ends in `.npy`.
  var firstMemberIsArray: Bool {
    guard let low = byte(26), let high = byte(27) else { return false }
    let end = 30 + Int(low) + Int(high) << 8
    return has(Array(".npy".utf8), at: end - 4)
  }

  /// The number 0x1950A86A20F9469CFC6C, which `torch.save` pickled first: in text by protocols 0
  /// and 1, else in binary, perhaps behind a frame.
  var hasLegacyMagic: Bool {
    let number: [UInt8] = [
      0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]
    if begins("L119547037146038801333356L\n") { return true }
    return beginsPickle && (has(number, at: 2) || byte(2) == 0x95 && has(number, at: 11))
  }

  /// The opcode PROTO with a number that is a protocol, or soon may be.
  var beginsPickle: Bool { byte(0) == 0x80 && (2...9).contains(byte(1) ?? 0) }

  /// One of the opcodes that may begin a pickle without PROTO, and STOP at the end.
  var mayBePickle: Bool {
    guard let first = byte(0), byte(bytes.byteCount - 1) == UInt8(ascii: ".") else { return false }
    return Array("(])}lNcILJKMFGSUTVXP".utf8).contains(first)
  }

  /// A JSON object that has the key by which Hugging Face's indexes are known.
  var looksLikeIndex: Bool {
    let head = prefix(1 << 16)
    let first = head.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard first == UInt8(ascii: "{") else { return false }
    // Bytes, not texts: comparing characters of thousands of marks takes long.
    let key = Array("\"weight_map\"".utf8)
    return head.indices.contains { head[$0] == key[0] && head[$0...].starts(with: key) }
  }

  /// The HDF5 signature stands at 0 or, behind a user block, at 512, 1024, 2048 and so on.
  var hasHDF5Signature: Bool {
    var offset = 0
    while offset < bytes.byteCount {
      if has([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], at: offset) { return true }
      offset = offset == 0 ? 512 : offset * 2
    }
    return false
  }

  /// A plausible header length and a brace; the reader judges the rest, a truncated file included.
  var looksLikeSafeTensors: Bool {
    guard byte(8) == UInt8(ascii: "{") else { return false }
    var length: UInt64 = 0
    for index in (0..<8).reversed() { length = length << 8 | UInt64(byte(index) ?? 0) }
    // The limit that the safetensors library itself puts on a header.
    return length >= 2 && length <= 100_000_000
  }
}
