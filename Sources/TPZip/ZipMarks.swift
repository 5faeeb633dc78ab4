internal import TPBytes

/// Where signatures of a zip file stand, found by looking at every byte.
struct ZipMarks: Sendable {
  /// `50 4b 03 04`, in order.
  private(set) var headers: [Int] = []
  /// `50 4b 07 08`, in order.
  private(set) var descriptors: [Int] = []
  /// `50 4b 01 02`, in order.
  private(set) var entries: [Int] = []
  private var all: Set<Int> = []

  init(_ file: RawSpan, limits: ReadLimits) throws(PortError) {
    let bound = limits.members
    unsafe file.withUnsafeBytes { bytes in
      var place = 0
      while place + 4 <= bytes.count, all.count <= 3 * bound {
        guard unsafe bytes[place] == 0x50, unsafe bytes[place + 1] == 0x4B else {
          place += 1
          continue
        }
        switch unsafe (bytes[place + 2], bytes[place + 3]) {
        case (3, 4): headers.append(place)
        case (7, 8): descriptors.append(place)
        case (1, 2): entries.append(place)
        case (5, 6), (6, 6), (6, 7): break
        default:
          place += 1
          continue
        }
        all.insert(place)
        place += 1
      }
    }
    guard all.count <= 3 * bound else {
      throw PortError(
        .limit, "has more than \(bound) members", remedy: ReadLimits.Named.members.remedy)
    }
  }

  /// Whether a signature stands there.
  func isMark(_ offset: Int) -> Bool { all.contains(offset) }
}

/// A local header as it stands, right or wrong.
struct ZipHeader {
  let flags: UInt16
  let method: UInt16
  let checksum: UInt32
  let storedCount: Int
  let byteCount: Int
  let name: [UInt8]
  let dataOffset: Int

  /// `nil` where the bytes cannot be a header.
  ///
  /// - Parameter trusting: whether the fields must make sense; without it only the two lengths count.
  init?(_ file: RawSpan, at offset: Int, trusting: Bool = true) {
    do throws(PortError) {
      var cursor = ByteCursor(file)
      try cursor.seek(to: offset)
      try cursor.skip(6)
      flags = try cursor.little(UInt16.self)
      method = try cursor.little(UInt16.self)
      try cursor.skip(4)
      checksum = try cursor.little(UInt32.self)
      let stored = try cursor.little(UInt32.self)
      let whole = try cursor.little(UInt32.self)
      let nameLength = Int(try cursor.little(UInt16.self))
      let extraLength = Int(try cursor.little(UInt16.self))
      if trusting, method != 0 && method != 8 || nameLength == 0 || flags & ~0x080E != 0 {
        return nil
      }
      name = try cursor.array(nameLength)
      var extra = ByteCursor(try cursor.span(extraLength))
      var wide: [UInt64] = []
      while extra.remaining >= 4 {
        let tag = try extra.little(UInt16.self)
        let length = Int(try extra.little(UInt16.self))
        guard length <= extra.remaining else { break }
        var field = ByteCursor(try extra.span(length))
        while tag == 1, field.remaining >= 8 { wide.append(try field.little(UInt64.self)) }
      }
      // The local header's field has the whole size first (APPNOTE 4.5.3).
      let full: UInt64 = whole == .max && !wide.isEmpty ? wide.removeFirst() : UInt64(whole)
      let packed: UInt64 = stored == .max && !wide.isEmpty ? wide.removeFirst() : UInt64(stored)
      byteCount = Int(clamping: full)
      storedCount = Int(clamping: packed)
      dataOffset = cursor.offset
    } catch {
      return nil
    }
  }
}

/// The record behind a member's bytes, where its header could not know their number.
struct ZipDescriptor {
  /// Where the member's bytes begin, by what the descriptor says.
  let start: Int
  let checksum: UInt32
  let storedCount: Int
  let byteCount: Int

  /// What may stand at an offset: with sizes of 32 bits, and of 64.
  static func readings(_ file: RawSpan, at offset: Int) -> [ZipDescriptor] {
    var result: [ZipDescriptor] = []
    for isWide in [false, true] {
      var cursor = ByteCursor(file)
      do throws(PortError) {
        try cursor.seek(to: offset + 4)
        let checksum = try cursor.little(UInt32.self)
        let stored: UInt64
        let whole: UInt64
        if isWide {
          stored = try cursor.little(UInt64.self)
          whole = try cursor.little(UInt64.self)
        } else {
          stored = UInt64(try cursor.little(UInt32.self))
          whole = UInt64(try cursor.little(UInt32.self))
        }
        guard let storedCount = Int(exactly: stored), let byteCount = Int(exactly: whole),
          storedCount <= offset, (storedCount == 0) == (byteCount == 0)
        else { continue }
        result.append(
          ZipDescriptor(
            start: offset - storedCount, checksum: checksum, storedCount: storedCount,
            byteCount: byteCount))
      } catch {
        continue
      }
    }
    return result
  }
}
