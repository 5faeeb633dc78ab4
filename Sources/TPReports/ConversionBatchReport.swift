public import TPBytes
public import TPCheckpoints
public import TPConversion
internal import TPParity
internal import TPTensors

/// What came of several conversions.
public struct ConversionBatchReport: Sendable {
  /// The folder of the outputs.
  public var folder: String
  /// Their format.
  public var format: WeightFormat
  /// What came of each file, in order.
  public var results: [ConversionBatch.Result]
  /// The exit status that each would have had alone.
  public var statuses: [Int32]

  /// A report on a batch.
  public init(
    folder: String, format: WeightFormat, results: [ConversionBatch.Result], statuses: [Int32]
  ) {
    self.folder = folder
    self.format = format
    self.results = results
    self.statuses = statuses
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    [
      "output_directory": .string(folder),
      "format": .string(format.rawValue),
      "files": .array(
        zip(results, statuses).map { result, status in
          let members: [JSONValue.Member] =
            switch result.outcome {
            case .success(let report): report.json(file: result.job.input).members ?? []
            case .failure:
              [
                .init("file", .string(result.job.input)),
                .init("output", .string(result.job.output)),
              ]
            }
          let error: JSONValue =
            if case .failure(let error) = result.outcome { error.json } else { .null }
          return .object([.init("status", .int(Int(status))), .init("error", error)] + members)
        }),
    ]
  }

  /// The report for a terminal: a table, then why what failed did.
  public var text: String {
    var table = Table([
      ("file", .left), ("output", .left), ("tensors", .right), ("size", .right), ("", .left),
    ])
    var notes = ""
    for result in results {
      let input = printable(result.job.input, limit: 60)
      switch result.outcome {
      case .success(let report):
        let isRefused = report.state == .refused
        let output = isRefused ? "" : printable(result.job.output, limit: 60)
        let size = report.byteCount.map { bytes($0) } ?? ""
        let written = report.state == .planned ? "nothing is written" : "written"
        table.add(
          input, output, grouped(report.plan.contents.tensors.count), size,
          isRefused ? "REFUSED" : written)
        if let reason = report.verification?.parity.reason, isRefused {
          notes += "  \(input): \(printable(reason, limit: 400))\n"
        }
        for warning in report.plan.warnings {
          notes += "  warning: \(input): \(printable(warning, limit: 400))\n"
        }
      case .failure(let error):
        table.add(input, "", "", "", "FAILED")
        notes += "  \(printable(error.description, limit: 800))\n"
      }
    }
    let done = statuses.count { $0 == 0 }
    let summary =
      "\(grouped(done)) of \(counted(results.count, "file")) converted to \(format.label)"
    return table.text + notes + summary + " in \(printable(folder))\n"
  }
}
