internal import TPBytes
internal import TPPickle

extension Scan {
  /// Looks at bytes by what they are, whatever they are called.
  ///
  /// - Parameter isNamedPickle: whether the name alone says that this is a pickle, so that nothing
  ///   else will do.
  mutating func content(_ region: ByteRegion, _ place: Place, isNamedPickle: Bool) {
    guard place.depth <= Self.mostNesting else {
      add(
        Finding(
          .unreadable, .unreadable, "files are nested deeper than \(Self.mostNesting)",
          record: place.record))
      return
    }
    let start = ContentStart(region)
    if start.begins([0x50, 0x4B, 0x03, 0x04]) || start.begins([0x50, 0x4B, 0x05, 0x06]) {
      archive(region, place)
    } else if start.begins([0x93] + Array("NUMPY".utf8)) {
      array(region, place)
    } else if isNamedPickle || start.isPickle {
      stream(region, place)
    } else if place.depth == 0 {
      if start.has(Array("ustar".utf8), at: 257) {
        tar(region, place)
      } else {
        anything(region, place)
      }
    }
  }

  /// A file without a signature. A pickle of protocol 0 or 1 has none, and a zip file may stand
  /// behind something else; whatever is found counts, and the reader will say what the file is.
  private mutating func anything(_ region: ByteRegion, _ place: Place) {
    guard let trace = try? PickleMachine.trace(region.bytes, limits: limits) else { return }
    if ContentStart(region).isOtherFormat {
      // The length and the header that begin a safetensors file can be opcodes as well.
      if trace.arena.globals.contains(where: { isName($0.module) && isName($0.name) }) {
        stream(region, place, first: trace)
      }
    } else if trace.pickle != nil || !trace.arena.globals.isEmpty {
      stream(region, place, first: trace)
    } else {
      survey(region, place)
    }
  }

  /// Pickles one after the other: a legacy file, or a plain pickle and what follows it.
  ///
  /// - Parameter trace: what running the first of them gave, where that was done already.
  mutating func stream(_ region: ByteRegion, _ place: Place, first trace: PickleTrace? = nil) {
    guard let first = run(region, from: 0, place, mayFail: false, trace), let pickle = first.pickle
    else { return }
    var end = first.end
    if isMagic(pickle) {
      end = legacy(region, from: end, place)
      laterStreams(region, from: end, place)
      return
    }
    var isFirst = true
    while end < region.count, report.pickles < 10_000 {
      guard let next = try? PickleMachine.trace(region.bytes, from: end, limits: limits) else {
        return tooMuch(place)
      }
      guard let following = next.pickle else {
        add(
          Finding(
            .trailingBytes, .suspicious,
            "\(region.count - end) bytes follow the end of the pickle", record: place.record,
            offset: end))
        // What runs before the error runs.
        _ = run(region, from: end, place, mayFail: true, next)
        return
      }
      if isFirst, following.arena.int(following.root) == 1001 {
        add(
          Finding(
            .magicNotLiteral, .suspicious,
            "a legacy file's magic number is computed by its first pickle, not written in it",
            record: place.record, offset: 0))
      } else {
        add(
          Finding(
            .trailingPickle, .suspicious, "another pickle follows the end of the pickle",
            record: place.record, offset: end))
      }
      _ = run(region, from: end, place, mayFail: false, next)
      end = next.end
      isFirst = false
    }
    if end < region.count { tooMuch(place) }
  }

  /// The number 0x1950A86A20F9469CFC6C, which torch.save pickles first.
  private func isMagic(_ pickle: Pickle) -> Bool {
    pickle.arena[pickle.root] == .bigInt("119547037146038801333356")
  }

  /// Version, system, object and keys, which follow the magic number; returns where they end.
  private mutating func legacy(_ region: ByteRegion, from start: Int, _ place: Place) -> Int {
    var end = start
    for _ in 0..<4 {
      guard let trace = run(region, from: end, place, mayFail: false), trace.pickle != nil else {
        return region.count
      }
      end = trace.end
    }
    return end
  }

  /// Several torch.save may have written to one file; storages lie between them.
  private mutating func laterStreams(_ region: ByteRegion, from start: Int, _ place: Place) {
    let magic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let bytes = region.bytes
    var position = start
    while let hit = offset(of: magic, in: bytes, from: position) {
      guard report.pickles < 10_000, nestedBytesLeft > 0 else { return tooMuch(place) }
      position = hit + magic.count
      guard hit >= start + 2,
        unsafe bytes.unsafeLoad(fromByteOffset: hit - 2, as: UInt8.self) == 0x80,
        let first = try? PickleMachine.trace(bytes, from: hit - 2, limits: limits)
      else { continue }
      guard let pickle = first.pickle, isMagic(pickle) else {
        nestedBytesLeft -= first.end - hit + Self.placeCost
        continue
      }
      position = max(position, min(legacy(region, from: first.end, place), region.count))
    }
  }

  mutating func tooMuch(_ place: Place) {
    add(
      Finding(
        .unreadable, .unreadable,
        "the file has more places that look like pickles than may be looked at",
        record: place.record))
  }

  /// Whether a run names anything that is not known to be needed.
  func hasStranger(_ trace: PickleTrace) -> Bool {
    trace.arena.globals.contains {
      KnownGlobals.standing(module: $0.module, name: $0.name) != .known
    }
  }

  /// The data of a NumPy array is a pickle where its type has objects in it.
  private mutating func array(_ region: ByteRegion, _ place: Place) {
    var cursor = ByteCursor(region.bytes)
    do throws(PortError) {
      try cursor.skip(6)
      let major = try cursor.byte()
      try cursor.skip(1)
      let length = major == 1 ? try cursor.length(UInt16.self) : try cursor.length(UInt32.self)
      let header = try cursor.array(length)
      guard mentionsObjects(header) else { return }
      add(
        Finding(
          .nestedPickle, .note, "the array holds Python objects, which are a pickle",
          record: place.record, offset: cursor.offset))
      _ = run(region, from: cursor.offset, place, mayFail: false)
    } catch {
      add(error, place)
    }
  }

  /// Whether a type string is `O`, alone or in a list of fields: `'|O'`, `'O'`, `'O8'`.
  private func mentionsObjects(_ header: [UInt8]) -> Bool {
    let quotes = [UInt8(ascii: "'"), UInt8(ascii: "\"")]
    for place in header.indices.dropFirst() where header[place] == UInt8(ascii: "O") {
      var before = header[place - 1]
      if "|<>=".utf8.contains(before), place >= 2 { before = header[place - 2] }
      if quotes.contains(before) || (0x30...0x39).contains(before) || before == 0x29 {
        return true
      }
    }
    return false
  }
}

/// Where bytes occur first, from `start` on.
func offset(of needle: [UInt8], in bytes: RawSpan, from start: Int) -> Int? {
  guard let first = needle.first, start >= 0 else { return nil }
  var place = start
  while place + needle.count <= bytes.byteCount {
    if unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) == first {
      var same = 1
      while same < needle.count,
        unsafe bytes.unsafeLoad(fromByteOffset: place + same, as: UInt8.self) == needle[same]
      {
        same += 1
      }
      if same == needle.count { return place }
    }
    place += 1
  }
  return nil
}

/// The first bytes of a region as signatures ask for them.
struct ContentStart {
  private let region: ByteRegion

  init(_ region: ByteRegion) {
    self.region = region
  }

  func has(_ expected: [UInt8], at offset: Int) -> Bool {
    region.slice(offset: offset, length: expected.count)?.array() == expected
  }

  func begins(_ expected: [UInt8]) -> Bool { has(expected, at: 0) }

  /// A PROTO opcode of a protocol that exists or may come to exist.
  var isPickle: Bool {
    guard let head = region.slice(offset: 0, length: 2)?.array() else { return false }
    return head[0] == 0x80 && head[1] <= 15
  }

  /// HDF5 at its usual place and safetensors: formats without pickles, judged by their readers.
  var isOtherFormat: Bool {
    begins([0x89, 0x48, 0x44, 0x46]) || has([0x7B], at: 8) && has([0, 0], at: 6)
  }
}
