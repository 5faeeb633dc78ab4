public import TPBytes
internal import TPCheckpoints
internal import TPPickle
internal import TPTensors

/// Says what opening files in Python would run; nothing in them is executed.
///
/// Every pickle is run by the machine that reads checkpoints, every archive is walked by the reader
/// of archives, and at last the file is opened as any other command opens it: what one of them
/// refuses is never clean.
public enum Scanner {
  /// Looks at one file, whatever its format and its name.
  ///
  /// - Returns: a report in any case; a file that cannot be looked at is `unreadable`.
  public static func scan(path: String, limits: ReadLimits = ReadLimits()) -> ScanReport {
    scan(path: path, limits: limits, isShard: false)
  }

  /// - Parameter isShard: whether an index names the file.
  static func scan(path: String, limits: ReadLimits, isShard: Bool) -> ScanReport {
    var scan = Scan(file: path, limits: limits)
    scan.isShard = isShard
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      try scan.file(file, path: path)
    } catch {
      scan.add(error)
    }
    return scan.report
  }

  /// The pickles of a file with their places, for who wants to see them opcode by opcode.
  ///
  /// - Throws: `PortError` where the file itself cannot be read; what lies in it throws nothing.
  public static func pickles(
    path: String, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> [FoundPickle] {
    var scan = Scan(file: path, limits: limits)
    let file = try SharedBytes(path: path)
    scan.grant(file.count)
    scan.content(file.region, Place(), isNamedPickle: false)
    return scan.found
  }
}

/// A pickle and where it lies.
public struct FoundPickle: Sendable {
  /// The record of the archive, or the path of nested files joined by `!`.
  public let record: String?
  /// The record.
  public let bytes: ByteRegion
  /// Where the pickle begins in it.
  public let offset: Int
}

/// Where something lies that is being looked at.
struct Place {
  /// The record, or the path of nested files.
  var record: String?
  /// How many files it is nested in.
  var depth = 0
  /// Whether the archive around it is TorchScript, whose own classes Python does not import.
  var isTorchScript = false

  /// A file inside of this one.
  func inside(_ name: String) -> Place {
    let path = record.map { $0 + "!" + name } ?? name
    return Place(record: path, depth: depth + 1, isTorchScript: isTorchScript)
  }
}

/// One scan while it runs.
struct Scan {
  /// The most findings that are listed.
  static let mostFindings = 1_000
  /// From so many findings on that are not listed, they are only counted.
  static let mostOmitted = 10_000
  /// The most names that are listed.
  static let mostGlobals = 10_000
  /// How deep files may be nested.
  static let mostNesting = 6

  var report: ScanReport
  var found: [FoundPickle] = []
  let limits: ReadLimits
  /// Whether the file is one of those that an index names.
  var isShard = false
  /// Bytes that may yet be run in vain: a small file can hold many places that look like a pickle, and
  /// a large one has some by chance.
  var nestedBytesLeft = 1 << 24
  /// What a place costs besides the bytes that are run from it.
  static let placeCost = 64
  /// Bytes to which members of archives in the file may yet inflate: archives in archives, each of many
  /// members, would come to more than any machine could look at. The file's own are in proportion to it.
  var inflatedLeft: Int
  /// What has been listed already.
  private var seen: Set<Finding> = []
  /// Module and name of every global that was judged, wherever it was found; without those that were
  /// crowded out.
  var judged: Set<GlobalName> = []
  private var gravest = Finding.Severity.note
  /// Which globals are listed already, by the UTF-8 of record and name.
  var knownGlobals: [[UInt8]: Int] = [:]
  /// Whether some pickle or archive could not be looked at whole.
  private(set) var isIncomplete = false

  init(file: String, limits: ReadLimits) {
    report = ScanReport(file: file)
    self.limits = limits
    inflatedLeft = limits.materialisedBytes
  }

  /// Whether a finding of a severity would still be listed, or decide the verdict.
  func wouldList(_ severity: Finding.Severity) -> Bool {
    report.findings.count < Self.mostFindings || severity > gravest
  }

  /// Whether a finding of a severity is one too many: the verdict stands, and a sentence for each of
  /// millions would take long to make and to tell from the others.
  func isOnlyCounted(_ severity: Finding.Severity) -> Bool {
    report.omittedFindings >= Self.mostOmitted && !wouldList(severity)
  }

  mutating func add(_ finding: Finding) {
    if finding.severity == .unreadable { isIncomplete = true }
    if isOnlyCounted(finding.severity) {
      report.omittedFindings += 1
      return
    }
    guard seen.insert(finding).inserted else { return }
    guard report.findings.count < Self.mostFindings else {
      report.omittedFindings += 1
      // What decides the verdict must not be crowded out.
      if finding.severity > gravest {
        gravest = finding.severity
        report.findings[report.findings.count - 1] = finding
      }
      return
    }
    gravest = max(gravest, finding.severity)
    report.findings.append(finding)
  }

  /// An error of a reader: what it could not read, nobody looked at.
  mutating func add(_ error: PortError, _ place: Place = Place()) {
    add(
      Finding(
        .unreadable, .unreadable, sentence(error), record: error.record ?? place.record,
        offset: error.offset))
  }

  /// Lets a file be looked at in proportion to its size.
  mutating func grant(_ fileBytes: Int) {
    nestedBytesLeft = nestedBytesLeft.addingReportingOverflow(2 * fileBytes).partialValue
    // A checkpoint that was packed again inflates to little beside its own size.
    let (sum, overflow) = inflatedLeft.addingReportingOverflow(8 * fileBytes)
    inflatedLeft = overflow ? .max : sum
  }

  /// The whole of a file: what lies in it, then what a reader makes of it.
  mutating func file(_ file: SharedBytes, path: String) throws(PortError) {
    grant(file.count)
    content(file.region, Place(), isNamedPickle: false)
    if isShardIndex(file.region) {
      try shards(file.region, path: path)
    }
    do throws(PortError) {
      let checkpoint = try CheckpointFile.open(path: path, limits: limits)
      for global in checkpoint.globals {
        let standing = self.standing(of: global.module, global.name, Place())
        guard !isCrowdedOut(standing),
          !judged.contains(GlobalName(module: global.module, name: global.name))
        else { continue }
        name(global.module, global.name, standing, Place(), offset: 0, calledBy: nil)
      }
      lambdas(checkpoint.metadata)
    } catch {
      refused(error)
    }
  }

  /// The reader refuses the file. Where every pickle was run to its end, what loading would do is
  /// known all the same, and a verdict that stands is not hidden by the refusal.
  private mutating func refused(_ error: PortError) {
    let isInterpretation = error.record?.hasSuffix("data.pkl") == true && report.pickles > 0
    let wasRun = !isIncomplete && report.pickles > 0
    if wasRun, report.verdict == .suspicious || error.kind == .unsupported && isInterpretation {
      add(
        Finding(
          .notUnderstood, .suspicious, sentence(error), record: error.record, offset: error.offset))
    } else {
      report.isOfUnknownFormat = error.kind == .unsupported && error.record == nil
      add(error)
    }
  }

  /// Keras keeps a Lambda layer as marshalled bytecode in the description of the model.
  private mutating func lambdas(_ tree: MetadataTree) {
    // One text may stand in many places; all of a pickle's are no longer than itself.
    var left = limits.pickleBytes
    for case .string(let text) in tree.nodes where text.utf8.count > 20 {
      left -= text.utf8.count
      guard left >= 0 else {
        add(
          PortError(
            .limit,
            "the texts of the file have more than \(limits.pickleBytes) bytes together and were not"
              + " all searched", remedy: ReadLimits.Named.pickleBytes.remedy))
        return
      }
      let plain = ByteRegion(unescaped(text))
      guard offset(of: Array("\"Lambda\"".utf8), in: plain.bytes, from: 0) != nil,
        offset(of: Array("class_name".utf8), in: plain.bytes, from: 0) != nil
      else { continue }
      add(
        Finding(
          .lambdaLayer, .suspicious,
          "the description of the model has a Lambda layer, which is Python bytecode"))
    }
  }

  private func sentence(_ error: PortError) -> String {
    error.remedy.map { "\(error.message); \($0)" } ?? error.message
  }
}

/// The bytes of a JSON text with the ASCII that it writes as `\u00XX` in its place: a name can be hidden
/// so.
private func unescaped(_ text: String) -> [UInt8] {
  let bytes = Array(text.utf8)
  let backslash = UInt8(ascii: "\\")
  guard bytes.contains(backslash) else { return bytes }
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count)
  var place = 0
  while place < bytes.count {
    guard bytes[place] == backslash, place + 1 < bytes.count else {
      result.append(bytes[place])
      place += 1
      continue
    }
    let digits = String(
      decoding: bytes[place..<min(place + 6, bytes.count)].dropFirst(2), as: UTF8.self)
    if bytes[place + 1] == UInt8(ascii: "u"), digits.utf8.count == 4,
      let value = UInt32(digits, radix: 16), value < 0x80
    {
      result.append(UInt8(truncatingIfNeeded: value))
      place += 6
    } else {
      result += [backslash, bytes[place + 1]]
      place += 2
    }
  }
  return result
}
