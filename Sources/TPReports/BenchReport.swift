public import TPBenchmarks
public import TPBytes
internal import TPModels

/// What `bench` tells.
public struct BenchReport: Sendable {
  /// What was measured.
  public var result: Benchmark.Result
  /// What an earlier run says of it, where one was given.
  public var comparison: BenchComparison?

  /// A report on what was measured.
  public init(_ result: Benchmark.Result, comparison: BenchComparison? = nil) {
    self.result = result
    self.comparison = comparison
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "checkpoint": .string(result.checkpoint),
      "architecture": result.architecture.map { .string($0.name) } ?? .null,
      "machine": machine,
      "jobs": .array(result.timings.map(json)),
      "comparison": comparison?.json ?? .null,
    ]
  }

  private var machine: JSONValue {
    let machine = result.machine
    return [
      "processor": .string(machine.processor),
      "processors": .int(machine.processors),
      "kernels": .string(machine.kernels.rawValue),
      "peaks": .array(
        machine.peaks.sorted { $0.key < $1.key }.map {
          ["threads": .int($0.key), "operations_per_second": .double($0.value)]
        }),
      "copied_bytes_per_second": .double(machine.copying),
    ]
  }

  private func json(_ timing: Timing) -> JSONValue {
    [
      "job": .string(timing.job),
      "threads": timing.threads.map(JSONValue.int) ?? .null,
      "runs": .int(timing.seconds.count),
      "median": .double(timing.median),
      "least": .double(timing.least),
      "spread": .double(timing.spread),
      "bytes": timing.bytes.map(JSONValue.int) ?? .null,
      "operations": timing.operations.map(JSONValue.int) ?? .null,
      "bytes_per_second": timing.bandwidth.map(JSONValue.double) ?? .null,
      "operations_per_second": timing.rate.map(JSONValue.double) ?? .null,
    ]
  }

  /// The report for a terminal.
  public var text: String {
    var text = printable(result.checkpoint)
    if let architecture = result.architecture {
      let operations = 2 * architecture.multiplyAdds.reduce(0) { $0 + $1.count }
      text += ": \(printable(architecture.name, limit: 60)),"
      text += " \(counted(architecture.parameterCount, "parameter")),"
      text += " \(significant(Double(operations) / 1e9)) GFLOP a clip"
    }
    let machine = result.machine
    text += "\n" + (machine.processor.isEmpty ? "processor" : printable(machine.processor))
    text += ", \(counted(machine.processors, "processor")), \(machine.kernels.rawValue) kernels\n"
    for (threads, peak) in machine.peaks.sorted(by: { $0.key < $1.key }) {
      text += "  at most \(significant(peak / 1e9)) GFLOP/s with \(counted(threads, "thread"))\n"
    }
    text += "  memory is copied at \(significant(machine.copying / 1e9)) GB/s\n"
    if let runs = result.timings.first?.seconds.count {
      text +=
        "\n\(counted(runs, "run")) of each job, in turns; the spread is the distance between"
        + " the quartiles\n"
    }
    text += table
    if let comparison { text += "\n" + comparison.text }
    return text
  }

  private var table: String {
    var table = Table([
      ("job", .left), ("threads", .right), ("median", .right), ("least", .right),
      ("spread", .right), ("", .right), ("of the peak", .right),
    ])
    for timing in result.timings {
      var speed = ""
      var share = ""
      if let rate = timing.rate {
        speed = "\(significant(rate / 1e9)) GFLOP/s"
        if let peak = timing.threads.flatMap({ result.machine.peaks[$0] }), peak > 0 {
          share = percent(rate / peak, decimals: 0)
        }
      } else if let bandwidth = timing.bandwidth {
        speed = "\(significant(bandwidth / 1e9)) GB/s"
      }
      table.add(
        timing.job, timing.threads.map { "\($0)" } ?? "", milliseconds(timing.median),
        milliseconds(timing.least), percent(timing.spread, decimals: 0), speed, share)
    }
    return table.text
  }
}

/// A time in seconds, as milliseconds with three digits.
func milliseconds(_ seconds: Double) -> String { significant(seconds * 1e3) + " ms" }
