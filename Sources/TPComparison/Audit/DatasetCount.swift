public import TPBytes
internal import TPEvaluation

/// How many lines of a dataset's manifest have which class.
public struct DatasetCount: Hashable, Sendable {
  /// A class and its lines.
  public struct Entry: Hashable, Sendable {
    /// The class, as the manifest calls it.
    public var name: String
    /// How many lines have it.
    public var count: Int
  }

  /// The manifest.
  public var file: String
  /// The lines without the header.
  public var rows: Int
  /// The classes in the order of their names.
  public var classes: [Entry]

  /// The largest class over the smallest; `nil` where there is none.
  public var balance: Double? {
    guard let most = classes.map(\.count).max(), let least = classes.map(\.count).min() else {
      return nil
    }
    return Double(most) / Double(least)
  }

  private static let columns = ["class", "label", "class_name"]
  private static let mostBytes = 256 << 20

  /// Counts a CSV file whose header has a column of classes.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - column: its name; without it `class`, `label` or `class_name`, the first that is there.
  ///   - limits: the bounds on what a file may ask for.
  /// - Throws: `PortError` where the file cannot be read, is no CSV, or has no such column.
  public init(path: String, column: String? = nil, limits: ReadLimits = ReadLimits())
    throws(PortError)
  {
    file = path
    var counts: [String: Int] = [:]
    do throws(PortError) {
      let bytes = try SharedBytes(path: path)
      guard bytes.count <= Self.mostBytes else {
        throw PortError(.limit, "has \(bytes.count) bytes, at most \(Self.mostBytes) are read")
      }
      let all = try CommaSeparatedRows(bytes.region.array(), most: limits.members).rows
      let header = all.first?.fields ?? []
      let wanted = column.map { [$0] } ?? Self.columns
      let place = wanted.compactMap { name in
        header.firstIndex(of: name) ?? header.firstIndex { $0.lowercased() == name }
      }.first
      guard let place else {
        throw PortError(
          .malformed,
          "line 1 names no column \(wanted.map { printable($0) }.joined(separator: ", "))",
          remedy: "name the column of the classes with --class-column")
      }
      for row in all.dropFirst() {
        guard row.fields.indices.contains(place) else {
          throw PortError(
            .malformed,
            "line \(row.line) has \(row.fields.count) fields, and the class is field \(place + 1)")
        }
        counts[row.fields[place], default: 0] += 1
      }
      rows = all.count - 1
    } catch {
      throw error.in(file: path)
    }
    classes = counts.map { Entry(name: $0.key, count: $0.value) }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}

extension RunAudit {
  /// Counts datasets, and holds their classes against those of the checkpoints.
  public mutating func count(
    datasets paths: [String], column: String?, limits: ReadLimits = ReadLimits()
  ) {
    var findings: [(file: String, sentence: String)] = []
    var sentences: [String] = []
    var unread: [(file: String, sentence: String)] = []
    let known = readable.compactMap { $0.run?.classes }.first
    for path in paths {
      do throws(PortError) {
        let dataset = try DatasetCount(path: path, column: column, limits: limits)
        add(dataset)
        sentences.append(RunAudit.sentence(dataset))
        if let problem = RunAudit.problem(dataset, known) {
          findings.append((path, "\(printable(path)): \(problem)"))
        }
      } catch {
        unread.append((path, error.description))
      }
    }
    var check = AuditCheck(
      .datasets, findings: unread + findings, else: sentences.joined(separator: "; "))
    if !unread.isEmpty { check.status = .couldNot }
    add(check)
  }

  private static func sentence(_ dataset: DatasetCount) -> String {
    var text = "\(printable(dataset.file)): \(dataset.rows) lines"
    let shown = dataset.classes.sorted { ($1.count, $0.name) < ($0.count, $1.name) }.prefix(8)
    for entry in shown { text += ", \(printable(entry.name, limit: 40)) \(entry.count)" }
    if dataset.classes.count > 8 { text += ", … (\(dataset.classes.count) classes)" }
    if let balance = dataset.balance {
      text += ", largest over smallest \((balance * 100).rounded() / 100)"
    }
    return text
  }

  private static func problem(_ dataset: DatasetCount, _ known: [String]?) -> String? {
    if dataset.classes.isEmpty { return "has no line" }
    guard let known else { return nil }
    let names = Set(known).union(known.indices.map { "\($0)" })
    if let other = dataset.classes.first(where: { !names.contains($0.name) }) {
      return "\(printable(other.name, limit: 60)) is no class of the checkpoints"
    }
    let there = Set(dataset.classes.map(\.name))
    guard
      let missing = known.indices.first(where: {
        !there.contains(known[$0]) && !there.contains("\($0)")
      })
    else { return nil }
    return "has no line of the class \(printable(known[missing], limit: 60))"
  }
}
