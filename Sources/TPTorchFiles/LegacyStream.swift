internal import TPBytes
internal import TPPickle
internal import TPTensors

// What torch.save wrote before 1.6 (torch/serialization.py, `_legacy_save`), one after the other:
//   pickle   0x1950A86A20F9469CFC6C
//   pickle   1001
//   pickle   {protocol_version, little_endian, type_sizes}
//   pickle   the object; its storages are persistent ids
//   pickle   the keys of the storages, in the order in which they follow
//   per key  i64 number of elements, then the elements without padding
// The elements are little-endian whatever sys_info says (`THPStorage_writeFileRaw`); only the count
// was in the machine's order before 2019. The size of an element stands in the persistent ids alone.

/// A legacy stream, its storages located.
struct LegacyStream {
  /// The object that was saved.
  let pickle: Pickle
  /// Its storages.
  let storages: LegacyStorages
  /// The protocol of the pickles and what else a reader may want to know.
  let facts: [(name: String, value: String)]

  private static let magic = "119547037146038801333356"

  /// Reads a stream that begins with the region; whatever follows it is left alone.
  ///
  /// - Throws: `PortError`, its offset from the start of the region. A stream that ends inside of its
  ///   storages is no error here: ``LegacyStorages/missingBytes``.
  init(_ region: ByteRegion, limits: ReadLimits) throws(PortError) {
    let magic = try LegacyStream.run(region, 0, limits)
    // Made by a call, the number would come of code that runs.
    guard case .bigInt(LegacyStream.magic) = magic.arena[magic.root] else {
      throw PortError(
        .malformed, "the stream does not begin with PyTorch's magic number", offset: 0)
    }
    let version = try LegacyStream.run(region, magic.range.upperBound, limits)
    guard case .int(1001) = version.arena[version.root] else {
      throw PortError(
        .unsupported,
        "the stream is of another protocol than 1001, the only one that PyTorch ever wrote",
        offset: version.range.lowerBound)
    }
    let system = try LegacyStream.run(region, version.range.upperBound, limits)
    guard case .dict = system.arena[system.root] else {
      throw PortError(
        .malformed, "the stream's facts about its machine are no dict",
        offset: system.range.lowerBound)
    }
    pickle = try LegacyStream.run(region, system.range.upperBound, limits)
    let list = try LegacyStream.run(region, pickle.range.upperBound, limits)
    let keys = try LegacyStream.keys(list)
    storages = try LegacyStorages(
      pickle.arena, keys: keys, region: region, start: list.range.upperBound)
    facts =
      [(name: "protocol_version", value: "1001")]
      + LegacyStream.endian(system)
      + [(name: "pickle_protocol", value: String(pickle.protocolNumber))]
      + (storages.end < region.count
        ? [(name: "bytes_behind", value: String(region.count - storages.end))] : [])
  }

  private static func run(
    _ region: ByteRegion, _ offset: Int, _ limits: ReadLimits
  ) throws(PortError) -> Pickle {
    do throws(PortError) {
      return try PickleMachine.run(region.bytes, from: offset, limits: limits)
    } catch {
      guard error.kind == .truncated else { throw error }
      throw PortError(
        .truncated, "has \(region.count) bytes and ends before its storages: \(error.message)",
        offset: error.offset, remedy: "the file is incomplete; fetch it again")
    }
  }

  private static func keys(_ list: Pickle) throws(PortError) -> [String] {
    var keys: [String] = []
    if case .list(let elements) = list.arena[list.root] {
      for element in elements {
        guard let key = list.arena.text(element) else { break }
        keys.append(key)
      }
      if keys.count == elements.count { return keys }
    }
    throw PortError(
      .malformed, "the list of storages that follows the pickle is no list of texts",
      offset: list.range.lowerBound, remedy: "the file is damaged; fetch it again")
  }

  private static func endian(_ system: Pickle) -> [(name: String, value: String)] {
    guard case .dict(let pairs) = system.arena[system.root] else { return [] }
    let value = pairs.last { system.arena.text($0.key) == "little_endian" }?.value
    guard let value, case .bool(let isLittle) = system.arena[value] else { return [] }
    return [(name: "saved_on", value: isLittle ? "little-endian" : "big-endian")]
  }
}
