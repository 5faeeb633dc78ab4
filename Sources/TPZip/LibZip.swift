internal import CTPLibDeflate
internal import CTPLibZip
internal import TPBytes

/// libzip's view of the same memory; an owner of its handle. Used by one thread at a time.
@safe struct LibZip: ~Copyable {
  private let archive: OpaquePointer
  // libzip reads this memory as long as the handle lives.
  private let file: SharedBytes

  /// Opens the file with libzip's own consistency checks (`ZIP_CHECKCONS`).
  init(_ file: SharedBytes) throws(PortError) {
    var failure = unsafe zip_error_t()
    unsafe zip_error_init(&failure)
    defer { unsafe zip_error_fini(&failure) }
    let source = unsafe file.bytes.withUnsafeBytes { bytes in
      unsafe zip_source_buffer_create(bytes.baseAddress, zip_uint64_t(bytes.count), 0, &failure)
    }
    guard let source = unsafe source else { throw unsafe LibZip.refusal(&failure) }
    let flags = ZIP_RDONLY | ZIP_CHECKCONS
    guard let archive = unsafe zip_open_from_source(source, flags, &failure) else {
      unsafe zip_source_free(source)
      throw unsafe LibZip.refusal(&failure)
    }
    unsafe self.archive = archive
    self.file = file
  }

  deinit { unsafe zip_discard(archive) }

  private static func refusal(_ failure: inout zip_error_t) -> PortError {
    let words = unsafe zip_error_strerror(&failure).map { unsafe String(cString: $0) } ?? ""
    return PortError(
      .malformed, "libzip finds the zip file inconsistent: \(words)",
      remedy: "the file is damaged or made to deceive; fetch it again")
  }

  /// Checks that libzip sees the members that we see.
  func agree(with members: [ZipMember]) throws(PortError) {
    let count = unsafe zip_get_num_entries(archive, 0)
    guard count == zip_int64_t(members.count) else {
      throw PortError(
        .malformed, "libzip finds \(count) members in the zip file, and we find \(members.count)",
        remedy: "the file is damaged or made to deceive; fetch it again")
    }
    for member in members {
      var status = unsafe zip_stat_t()
      let index = zip_uint64_t(member.index)
      let code = unsafe zip_stat_index(archive, index, zip_flags_t(ZIP_FL_ENC_RAW), &status)
      guard code == 0, let name = unsafe status.name,
        unsafe String(cString: name).utf8.elementsEqual(member.name.utf8),
        unsafe status.size == zip_uint64_t(member.byteCount),
        unsafe status.comp_size == zip_uint64_t(member.storedRange.count),
        unsafe status.comp_method == member.method.rawValue
      else {
        throw PortError(
          .malformed, "libzip sees another name or size of the member than we do",
          offset: member.headerOffset, record: member.name,
          remedy: "the file is damaged or made to deceive; fetch it again")
      }
    }
  }

  /// Inflates a member, to exactly the size that the directory gives.
  func inflate(_ member: ZipMember) throws(PortError) -> ByteRegion {
    guard let stream = unsafe zip_fopen_index(archive, zip_uint64_t(member.index), 0) else {
      throw unsafe broken(member, zip_get_error(archive))
    }
    defer { unsafe zip_fclose(stream) }
    let shared = try unsafe SharedBytes(count: member.byteCount) {
      (memory: UnsafeMutableRawBufferPointer) throws(PortError) in
      var done = 0
      while done < memory.count {
        let wanted = zip_uint64_t(memory.count - done)
        let got = unsafe zip_fread(stream, memory.baseAddress?.advanced(by: done), wanted)
        guard got > 0 else {
          throw unsafe broken(member, zip_file_get_error(stream), after: done)
        }
        done += Int(got)
      }
    }
    // Reading on makes libzip compare the checksum, and an absent one looks wrong to it; only a
    // further byte means anything here.
    var further: UInt8 = 0
    if unsafe zip_fread(stream, &further, 1) > 0 {
      throw PortError(
        .malformed, "the member inflates to more than the \(member.byteCount) bytes it claims",
        offset: member.headerOffset, record: member.name,
        remedy: "the file is damaged or made to deceive; fetch it again")
    }
    return shared.region
  }

  private func broken(
    _ member: ZipMember, _ failure: UnsafeMutablePointer<zip_error_t>?, after done: Int = 0
  ) -> PortError {
    let words = unsafe zip_error_strerror(failure).map { unsafe String(cString: $0) } ?? ""
    return PortError(
      .malformed,
      "the member cannot be inflated beyond \(done) of \(member.byteCount) bytes: \(words)",
      offset: member.headerOffset, record: member.name,
      remedy: "the file is damaged; fetch it again")
  }
}

extension LibZip {
  /// Names that may lie in one bucket of libzip's table. Honest ones come to a dozen.
  private static let mostCollisions = 1_000

  /// Refuses names that were chosen to lie in one bucket of libzip's table: it looks at all that are
  /// there for each that it adds, and in libzip 1.7 the hash has no secret.
  static func checkCollisions(of members: [ZipMember]) throws(PortError) {
    guard members.count > mostCollisions else { return }
    var buckets = 256
    while buckets < members.count * 4 / 3 { buckets *= 2 }
    var counts = [Int](repeating: 0, count: buckets)
    for member in members {
      var hash: UInt32 = 5381
      var hasControls = false
      for byte in member.name.utf8 {
        hash = hash &* 33 &+ UInt32(byte)
        hasControls = hasControls || byte < 0x20
      }
      // Such a name it takes for one in code page 437, and hashes what that is in UTF-8.
      let bucket = hasControls ? 0 : Int(hash) & (buckets - 1)
      counts[bucket] += 1
      guard counts[bucket] <= mostCollisions else {
        throw PortError(
          .limit,
          "more than \(mostCollisions) members of the zip file have names that libzip cannot tell"
            + " apart without comparing them all", offset: member.headerOffset, record: member.name,
          remedy: "the file was made to exhaust its reader; do not trust it")
      }
    }
  }
}

/// CRC-32 as zip files use it; pass the result for the bytes before as `seed` to go on.
func crc32(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  unsafe bytes.withUnsafeBytes { buffer in
    // For no bytes at all libdeflate begins anew.
    guard let start = buffer.baseAddress else { return seed }
    return unsafe libdeflate_crc32(seed, start, buffer.count)
  }
}
