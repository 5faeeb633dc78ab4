public import TPBytes
internal import TPParity

/// An earlier run's figures, from the JSON that `verify` printed, which a later run must not exceed.
public struct ParityBaseline: Sendable {
  /// By how much a figure may differ from the earlier one: the same build gives the same bits, and
  /// this leaves room for another's last digit.
  static let slack = 1.01

  /// The file, as the user gave it.
  let file: String
  /// Figures by golden, then by place.
  private let goldens: [(golden: String, figures: [Place: Double])]

  /// What a figure is about.
  struct Place: Hashable {
    var activation: String
    var mode: String
    /// `PyTorch` or `port`, or empty for both.
    var side: String
    /// `max |z|`, `rms z` or `max error`.
    var measure: String
  }

  /// Takes the figures out of what `verify --json` printed.
  ///
  /// - Throws: `PortError` where it is something else.
  public init(file: String, json: JSONValue) throws(PortError) {
    self.file = file
    let reports = json["goldens"]?.array ?? [json]
    var goldens: [(golden: String, figures: [Place: Double])] = []
    for report in reports {
      guard let golden = report["golden"]?.string, let rows = report["activations"]?.array else {
        continue
      }
      goldens.append((golden, ParityBaseline.figures(rows)))
    }
    guard json["command"]?.string == "verify", !goldens.isEmpty else {
      throw PortError(
        .malformed, "is not what `verify --golden GOLDEN --json` printed of a judged golden",
        file: file, remedy: "give the output of such a run")
    }
    self.goldens = goldens
  }

  private static func figures(_ rows: [JSONValue]) -> [Place: Double] {
    var figures: [Place: Double] = [:]
    for row in rows {
      guard let name = row["name"]?.string, let mode = row["mode"]?.string else { continue }
      func note(_ side: String, _ measure: String, _ value: JSONValue?) {
        guard let value, let number = number(value) else { return }
        figures[Place(activation: name, mode: mode, side: side, measure: measure)] = number
      }
      for (side, key) in [("PyTorch", "golden"), ("port", "port")] {
        note(side, "max |z|", row[key]?["max"])
        note(side, "rms z", row[key]?["rms"])
      }
      note("", "max error", row["max_abs"])
    }
    return figures
  }

  /// A number of a report; those that JSON cannot hold stand there as strings.
  private static func number(_ value: JSONValue) -> Double? {
    if let number = value.double { return number }
    switch value.string {
    case "Infinity"?, "NaN"?: return .infinity
    default: return nil
    }
  }

  /// What grew, of every golden that both runs have: the same name, folders apart, or each the only one.
  public func comparison(_ reports: [VerifyReport]) -> BaselineComparison {
    var result = BaselineComparison(file: file)
    for report in reports {
      let name = lastComponent(report.golden)
      let same = goldens.filter { lastComponent($0.golden) == name }
      guard
        let before = same.count == 1
          ? same[0] : goldens.count == 1 && reports.count == 1 ? goldens[0] : nil
      else {
        result.unknown.append(report.golden)
        continue
      }
      let rows = report.json["activations"]?.array ?? []
      let now = ParityBaseline.figures(rows)
      let order = Dictionary(
        rows.enumerated().compactMap { index, row in row["name"]?.string.map { ($0, index) } },
        uniquingKeysWith: min)
      let places = before.figures.keys.sorted { a, b in
        func key(_ place: Place) -> (Int, String, String, String) {
          (order[place.activation] ?? .max, place.mode, place.side, place.measure)
        }
        return key(a) < key(b)
      }
      for place in places {
        guard let old = before.figures[place] else { continue }
        result.compared += 1
        let new = now[place]
        // Written so that a figure which is not a number counts as grown.
        if let new, new <= old * ParityBaseline.slack { continue }
        result.grown.append(
          .init(
            golden: report.golden, activation: place.activation, mode: place.mode,
            side: place.side, measure: place.measure, before: old, now: new))
      }
    }
    let judged = Set(reports.map { lastComponent($0.golden) })
    if goldens.count > 1 || reports.count > 1 {
      result.missing = goldens.map(\.golden).filter { !judged.contains(lastComponent($0)) }
    }
    return result
  }

  private func lastComponent(_ path: String) -> Substring {
    path.split(separator: "/").last ?? ""
  }
}

/// What an earlier run's figures say of this one's.
public struct BaselineComparison: Sendable, Hashable {
  /// A figure that is larger than it was.
  public struct Growth: Sendable, Hashable {
    /// The golden's file, as the user gave it.
    public var golden: String
    /// The name of the activation.
    public var activation: String
    /// `chained` or `isolated`.
    public var mode: String
    /// `PyTorch` or `port`; empty where it is the larger of both.
    public var side: String
    /// `max |z|`, `rms z` or `max error`.
    public var measure: String
    /// What the earlier run found.
    public var before: Double
    /// `nil` where it can no longer be compared.
    public var now: Double?
  }

  /// The earlier run's file.
  public var file: String
  /// How many figures both runs have, or only the earlier one.
  public var compared = 0
  /// Those that grew, in forward order.
  public var grown: [Growth] = []
  /// Goldens that the earlier run does not have.
  public var unknown: [String] = []
  /// Goldens that only the earlier run has: nobody can say that they did not get worse.
  public var missing: [String] = []

  init(file: String) {
    self.file = file
  }

  /// Whether there was anything to compare.
  public var isDecided: Bool { compared > 0 }
  /// Whether a figure grew, or can no longer be compared.
  public var isWorse: Bool { !grown.isEmpty || !missing.isEmpty }

  var json: JSONValue {
    [
      "file": .string(file),
      "compared": .int(compared),
      "unknown": .array(unknown.map(JSONValue.string)),
      "missing": .array(missing.map(JSONValue.string)),
      "grown": .array(
        grown.map { growth in
          [
            "golden": .string(growth.golden),
            "activation": .string(growth.activation),
            "mode": .string(growth.mode),
            "side": growth.side.isEmpty ? .null : .string(growth.side),
            "measure": .string(growth.measure),
            "before": .double(growth.before),
            "now": growth.now.map(JSONValue.double) ?? .null,
          ]
        }),
    ]
  }

  var text: String {
    let name = printable(file)
    var text = unknown.map { "  \(printable($0)) is not in \(name)\n" }.joined()
    text += missing.map { "  WORSE: \(printable($0)) of \(name) was not judged\n" }.joined()
    if !isDecided { return text + "  nothing could be compared with \(name)\n" }
    if grown.isEmpty {
      let words = missing.isEmpty ? "at least as good as" : "against"
      return text + "  \(words) \(name): none of \(counted(compared, "figure")) grew\n"
    }
    text += "  WORSE than \(name): \(grown.count) of \(counted(compared, "figure")) grew\n"
    for growth in grown.prefix(20) { text += "    \(growth.clause)\n" }
    if grown.count > 20 { text += "    and \(grown.count - 20) more\n" }
    return text
  }
}

extension BaselineComparison.Growth {
  /// `fc1 (port, rms z): 0.4 was 0.3`
  var clause: String {
    var text = printable(activation, limit: 40)
    if mode == "isolated" { text += " in isolation" }
    text += side.isEmpty ? " (\(measure)): " : " (\(side), \(measure)): "
    guard let now else { return text + "no longer compared, was \(significant(before))" }
    return text + "\(significant(now)), was \(significant(before))"
  }
}
