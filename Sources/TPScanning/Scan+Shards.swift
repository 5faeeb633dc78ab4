internal import TPBytes
internal import TPPickle

extension Scan {
  /// Whether a file is the index of a checkpoint in several files.
  func isShardIndex(_ region: ByteRegion) -> Bool {
    guard region.count < limits.headerBytes, ContentStart(region).begins([UInt8(ascii: "{")]) else {
      return false
    }
    return offset(of: Array("\"weight_map\"".utf8), in: region.bytes, from: 0) != nil
  }

  /// Looks at every file that an index names. What is not a plain name in the folder of the index
  /// is not opened.
  mutating func shards(_ region: ByteRegion, path: String) throws(PortError) {
    // Two that name each other would never end.
    guard !isShard else {
      throw PortError(
        .malformed, "an index of shards is itself a shard of another",
        remedy: "do not trust this file; no program writes so")
    }
    let text = String(decoding: region.array(), as: UTF8.self)
    guard let map = try JSONValue(parsing: text)["weight_map"]?.members else {
      throw PortError(.malformed, "the index has no weight_map that maps names to files")
    }
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let own = slash.map { String(path[path.index(after: $0)...]) } ?? path
    // By their UTF-8: a file system tells names apart that look the same.
    let names = Set(map.map { Array(($0.value.string ?? "").utf8) })
    for bytes in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let name = String(decoding: bytes, as: UTF8.self)
      guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0),
        name != "..", name != ".", name != own
      else {
        add(
          Finding(
            .unreadable, .unreadable,
            "the index names \(printable(name, limit: 80)), which is no file beside it"))
        continue
      }
      shard(Scanner.scan(path: folder + name, limits: limits, isShard: true), name)
    }
  }

  private mutating func shard(_ shard: ScanReport, _ name: String) {
    report.pickles += shard.pickles
    report.omittedFindings += shard.omittedFindings
    for var finding in shard.findings {
      finding.record = finding.record.map { name + "!" + $0 } ?? name
      add(finding)
    }
    for var global in shard.globals {
      global.record = global.record.map { name + "!" + $0 } ?? name
      judged.insert(GlobalName(module: global.module, name: global.name))
      report.globals.append(global)
    }
  }
}
