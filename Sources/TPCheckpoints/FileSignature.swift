package import TPBytes

/// What the first bytes of a file say it is; the extension is never asked.
///
/// Order of the tests: docs "PyTorch's files", detection order; then HDF5 (which may stand behind a
/// user block), safetensors (whose start is only a number), and at last what is not ours.
package enum FileSignature: Hashable, Sendable {
  /// A zip archive whose first member is not an array: what `torch.save` writes.
  case torchZip
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
    if start.begins([0x93] + Array("NUMPY".utf8)) { return .npy }
    if start.hasHDF5Signature { return .hdf5 }
    if start.looksLikeSafeTensors { return .safetensors }
    throw start.impostor
  }
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
