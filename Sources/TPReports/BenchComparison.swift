public import TPBenchmarks
public import TPBytes
internal import TPModels

/// An earlier run's times, from the JSON that `bench` printed.
public struct BenchBaseline: Sendable {
  /// The file, as the user gave it.
  let file: String
  /// What the run said of machine and network.
  fileprivate let json: JSONValue
  /// Medians in seconds, and spreads as shares of them, by the names of jobs.
  fileprivate let times: [String: (median: Double, spread: Double)]

  /// Takes the times out of what `bench --json` printed.
  ///
  /// - Throws: `PortError` that names the file, where it is something else.
  public init(file: String, json: JSONValue) throws(PortError) {
    let remedy = "give the output of such a run"
    guard json["command"]?.string == "bench", let jobs = json["jobs"]?.array else {
      throw PortError(
        .malformed, "is not what `bench --json` printed", file: file, remedy: remedy)
    }
    var times: [String: (median: Double, spread: Double)] = [:]
    for (place, job) in jobs.enumerated() {
      guard let name = job["job"]?.string, let median = job["median"]?.double, median > 0,
        let spread = job["spread"]?.double
      else {
        throw PortError(
          .malformed, "has a job without its times", file: file, key: "jobs[\(place)]",
          remedy: remedy)
      }
      times[Self.name(name, job["threads"]?.int)] = (median, spread)
    }
    (self.file, self.json, self.times) = (file, json, times)
  }

  /// What it says of a later run.
  public func comparison(_ result: Benchmark.Result) -> BenchComparison {
    BenchComparison(self, result)
  }

  fileprivate static func name(_ job: String, _ threads: Int?) -> String {
    threads.map { "\(job), \(counted($0, "thread"))" } ?? job
  }
}

/// What an earlier `bench --json` says of this one.
///
/// A job is slower, or faster, where the medians are further apart than both spreads together, and
/// by a twentieth at least: less cannot be told from chance.
public struct BenchComparison: Sendable {
  /// A job that both have.
  public struct Row: Sendable {
    /// Its name, and the number of threads where that was chosen.
    public let job: String
    /// The medians, in seconds.
    public let before: Double, now: Double
    /// By how much they may differ by chance, as a share of the earlier one.
    public let slack: Double

    /// The later as a multiple of the earlier.
    public var ratio: Double { before > 0 ? now / before : .infinity }
    /// Whether the later is slower than chance explains.
    public var isSlower: Bool { ratio > 1 + slack }
    /// Whether it is faster.
    public var isFaster: Bool { ratio < 1 / (1 + slack) }
  }

  /// The least difference that counts, as a share.
  public static let leastSlack = 0.05

  /// The earlier run's file.
  public let file: String
  /// The jobs that both have, in the order of the later.
  public let rows: [Row]
  /// Why the two cannot be held against each other; empty where they can.
  public let obstacles: [String]

  /// Whether there was anything to compare, and on a machine of the same kind.
  public var isDecided: Bool { obstacles.isEmpty && !rows.isEmpty }
  /// Whether a job became slower.
  public var isSlower: Bool { rows.contains { $0.isSlower } }

  fileprivate init(_ earlier: BenchBaseline, _ result: Benchmark.Result) {
    file = earlier.file
    rows = result.timings.compactMap { timing in
      let name = BenchBaseline.name(timing.job, timing.threads)
      guard let before = earlier.times[name] else { return nil }
      return Row(
        job: name, before: before.median, now: timing.median,
        slack: max(Self.leastSlack, before.spread + timing.spread))
    }
    let (json, machine) = (earlier.json, result.machine)
    var obstacles: [String] = []
    func hold(_ what: String, _ before: JSONValue?, _ now: JSONValue) {
      guard let before, before != now else { return }
      obstacles.append("\(what): \(before.text(.compact)) then, \(now.text(.compact)) now")
    }
    hold("processor", json["machine"]?["processor"], .string(machine.processor))
    hold("kernels", json["machine"]?["kernels"], .string(machine.kernels.rawValue))
    hold("processors", json["machine"]?["processors"], .int(machine.processors))
    hold(
      "architecture", json["architecture"],
      result.architecture.map { .string($0.name) } ?? .null)
    self.obstacles = obstacles
  }

  var json: JSONValue {
    [
      "file": .string(file),
      "obstacles": .array(obstacles.map(JSONValue.string)),
      "jobs": .array(
        rows.map { row in
          [
            "job": .string(row.job), "before": .double(row.before), "now": .double(row.now),
            "ratio": .double(row.ratio), "slack": .double(row.slack),
            "verdict": .string(row.isSlower ? "slower" : row.isFaster ? "faster" : "same"),
          ]
        }),
    ]
  }

  var text: String {
    let name = printable(file)
    if rows.isEmpty { return "no job of \(name) was run again\n" }
    var text = "against \(name)\n"
    for obstacle in obstacles { text += "  not comparable, \(printable(obstacle, limit: 200))\n" }
    var table = Table([
      ("job", .left), ("before", .right), ("now", .right), ("ratio", .right), ("", .left),
    ])
    for row in rows {
      table.add(
        printable(row.job, limit: 80), milliseconds(row.before), milliseconds(row.now),
        fixed(row.ratio, 2), row.isSlower ? "SLOWER" : row.isFaster ? "faster" : "")
    }
    return text + table.text
  }
}
