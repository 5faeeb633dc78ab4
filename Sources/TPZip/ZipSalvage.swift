internal import CTPLibDeflate
public import TPBytes

/// What can still be found in a zip file whose directory is lost or wrong: the members that stand
/// behind local headers, each with what its checksums say.
///
/// Nothing is believed that a checksum contradicts. A member's size comes from the directory's entry
/// where one is left, from its own header, or from the data descriptor behind it, which repeats the
/// distance to the member's start and so cannot be mistaken.
public struct ZipSalvage: Sendable {
  /// What is left of a member.
  public enum State: Sendable {
    /// Its bytes, which agree with every checksum that the file has of them.
    case intact(ByteRegion)
    /// Its bytes; the file has no checksum of them.
    case unverified(ByteRegion)
    /// Its end is not marked: what follows its start, up to the next thing that was found.
    case open(ByteRegion)
    /// Nothing that may be used, and why.
    case lost(String)
  }

  /// A member that a local header, or an entry of the directory, speaks of.
  public struct Record: Sendable {
    /// Its name.
    public let name: String
    /// Where its local header lies.
    public let headerOffset: Int
    /// What is left of it.
    public internal(set) var state: State
  }

  /// The members in the order of the file.
  public let records: [Record]

  /// Looks through the whole file once.
  ///
  /// - Throws: `PortError` where there is no member at all, or more than the limits allow.
  public init(_ file: SharedBytes, limits: ReadLimits = ReadLimits()) throws(PortError) {
    var search = try ZipSearch(file, limits: limits)
    records = try search.run()
  }
}

/// The search of one file.
private struct ZipSearch {
  private let file: SharedBytes
  private let limits: ReadLimits
  private let marks: ZipMarks
  private var entries: [Int: ZipEntry] = [:]
  private var descriptors: [Int: ZipDescriptor] = [:]
  /// Bytes that may still be hashed or taken for names: headers that overlap must not cost the square
  /// of the file.
  private var budget: Int
  /// Bytes that may still be made by inflating: a megabyte may become a gigabyte, and all are kept.
  private var inflatedLeft: Int

  init(_ file: SharedBytes, limits: ReadLimits) throws(PortError) {
    self.file = file
    self.limits = limits
    budget = 4 * max(file.count, 1 << 20)
    inflatedLeft = max(limits.materialisedBytes, 4 * file.count)
    marks = try ZipMarks(file.bytes, limits: limits)
    guard !marks.headers.isEmpty || !marks.entries.isEmpty else {
      throw PortError(.malformed, "no member of a zip file is left in it")
    }
    // Entries of a directory do not overlap, so neither do their names.
    var nameBytesLeft = file.count
    for offset in marks.entries {
      var cursor = ByteCursor(file.bytes)
      guard (try? cursor.seek(to: offset)) != nil, let entry = try? ZipEntry(&cursor) else {
        continue
      }
      nameBytesLeft -= entry.name.count
      guard nameBytesLeft >= 0 else { break }
      guard let header = Int(exactly: entry.headerOffset), entries[header] == nil else { continue }
      entries[header] = entry
    }
    for offset in marks.descriptors {
      for descriptor in ZipDescriptor.readings(file.bytes, at: offset)
      where descriptors[descriptor.start] == nil {
        descriptors[descriptor.start] = descriptor
      }
    }
  }

  mutating func run() throws(PortError) -> [ZipSalvage.Record] {
    var records: [ZipSalvage.Record] = []
    var end = 0
    for offset in marks.headers where offset >= end {
      guard let header = ZipHeader(file.bytes, at: offset) else { continue }
      budget -= header.name.count
      guard budget >= 0 else { break }
      guard let name = String(validating: header.name, as: UTF8.self), !name.isEmpty,
        !hasTooManyMarks(name)
      else { continue }
      let found = member(header, entries[offset])
      records.append(ZipSalvage.Record(name: name, headerOffset: offset, state: found.state))
      end = max(offset + 4, found.end)
    }
    let known = Set(records.map(\.headerOffset))
    // In the order of the file, so that the same ones are lost where the bounds are met.
    for (offset, entry) in entries.sorted(by: { $0.key < $1.key }) where !known.contains(offset) {
      guard let name = String(validating: entry.name, as: UTF8.self), !hasTooManyMarks(name) else {
        continue
      }
      records.append(
        ZipSalvage.Record(name: name, headerOffset: offset, state: hidden(entry, offset)))
    }
    records.sort { $0.headerOffset < $1.headerOffset }
    close(&records)
    separate(&records)
    return records
  }

  /// What stands behind a header, and where the search goes on.
  private mutating func member(
    _ header: ZipHeader, _ entry: ZipEntry?
  ) -> (state: ZipSalvage.State, end: Int) {
    let start = header.dataOffset
    var sums: Set<UInt32> = []
    var sizes: (stored: Int, whole: Int)?
    if let descriptor = descriptors[start], header.flags & 8 != 0 {
      sums.insert(descriptor.checksum)
      sizes = (descriptor.storedCount, descriptor.byteCount)
    }
    if header.flags & 8 == 0 {
      sums.insert(header.checksum)
      sizes = (header.storedCount, header.byteCount)
    }
    if let entry {
      sums.insert(entry.checksum)
      if let stored = Int(exactly: entry.storedCount), let whole = Int(exactly: entry.byteCount) {
        if let sizes, sizes != (stored, whole) {
          return (.lost("the file gives it two sizes, \(sizes.stored) and \(stored)"), start)
        }
        sizes = (stored, whole)
      }
    }
    guard let sizes else {
      guard header.method == 0 else { return (.lost("it is compressed and has no end"), start) }
      return (
        file.region.slice(offset: start, length: file.count - start).map { .open($0) }
          ?? .lost("it has no bytes"), start
      )
    }
    guard let stored = file.region.slice(offset: start, length: sizes.stored) else {
      let left = file.count - start
      // A damaged size and a cut file look the same; either way the end is not there.
      guard header.method == 0 else {
        return (.lost("\(left) of \(sizes.stored) compressed bytes are left"), start)
      }
      return (
        file.region.slice(offset: start, length: left).map { .open($0) }
          ?? .lost("it has no bytes"), start
      )
    }
    let state = judge(stored, method: header.method, byteCount: sizes.whole, sums)
    let next = start + sizes.stored
    // Where the size is wrong, other members may lie in what it covers.
    if case .lost = state, !marks.isMark(next) { return (state, start) }
    return (state, next)
  }

  /// A member whose own header is damaged; only a checksum of the directory can prove it.
  private mutating func hidden(_ entry: ZipEntry, _ offset: Int) -> ZipSalvage.State {
    let reason = "its header is damaged"
    guard budget >= 0, let header = ZipHeader(file.bytes, at: offset, trusting: false) else {
      return .lost(reason)
    }
    budget -= header.name.count
    guard let count = Int(exactly: entry.storedCount), let whole = Int(exactly: entry.byteCount),
      let stored = file.region.slice(offset: header.dataOffset, length: count)
    else { return .lost(reason) }
    let state = judge(stored, method: entry.method, byteCount: whole, [entry.checksum])
    if case .intact = state { return state }
    return .lost(reason)
  }

  private mutating func judge(
    _ stored: ByteRegion, method: UInt16, byteCount: Int, _ sums: Set<UInt32>
  ) -> ZipSalvage.State {
    budget -= stored.count
    guard budget >= 0 else { return .lost("too many members overlap") }
    switch method {
    case 0:
      guard stored.count == byteCount else { return .lost("it is stored and has two sizes") }
      return judge(stored, sums)
    case 8:
      let (bound, overflow) = stored.count.multipliedReportingOverflow(by: limits.inflateRatio)
      guard byteCount <= min(limits.materialisedBytes, inflatedLeft),
        byteCount <= 1 << 20 || overflow || byteCount <= bound
      else { return .lost("it would inflate to more than the limits allow") }
      inflatedLeft -= byteCount
      guard let inflated = inflate(stored, byteCount) else {
        return .lost("it cannot be inflated")
      }
      return judge(inflated, sums)
    default: return .lost("it is compressed by a method that is not read")
    }
  }

  private func judge(_ bytes: ByteRegion, _ sums: Set<UInt32>) -> ZipSalvage.State {
    let found = crc32(bytes.bytes)
    // PyTorch writes 0 where it was told to compute none.
    let stated = sums.filter { $0 != 0 || bytes.count == 0 }
    if stated.isEmpty { return found == 0 ? .intact(bytes) : .unverified(bytes) }
    guard stated == [found] else { return .lost("its checksum contradicts its bytes") }
    return .intact(bytes)
  }

  private func inflate(_ stored: ByteRegion, _ byteCount: Int) -> ByteRegion? {
    guard let inflater = unsafe libdeflate_alloc_decompressor() else { return nil }
    defer { unsafe libdeflate_free_decompressor(inflater) }
    var isWhole = false
    let shared = unsafe SharedBytes(count: byteCount) { (memory: UnsafeMutableRawBufferPointer) in
      let result = unsafe stored.bytes.withUnsafeBytes { input in
        unsafe libdeflate_deflate_decompress(
          inflater, input.baseAddress, input.count, memory.baseAddress, memory.count, nil)
      }
      isWhole = result == LIBDEFLATE_SUCCESS
    }
    return isWhole ? shared.region : nil
  }

  /// A member without an end reaches to the next one that is there.
  private func close(_ records: inout [ZipSalvage.Record]) {
    let headers = Set(marks.headers)
    var next = entries.filter { headers.contains($0.key) }.map(\.value.offset).min() ?? file.count
    for index in records.indices.reversed() {
      let record = records[index]
      switch record.state {
      case .open(let region):
        let count = max(0, min(region.range.upperBound, next) - region.range.lowerBound)
        if let shorter = region.slice(offset: 0, length: count) {
          records[index].state = .open(shorter)
        }
      case .intact, .unverified: next = record.headerOffset
      case .lost: break
      }
    }
  }

  /// Nobody can say which of two members of one name was meant.
  private func separate(_ records: inout [ZipSalvage.Record]) {
    var counts: [String: Int] = [:]
    for record in records { counts[record.name, default: 0] += 1 }
    for index in records.indices where counts[records[index].name, default: 0] > 1 {
      records[index].state = .lost("the file has two members of this name")
    }
  }
}
