internal import TPBytes
internal import TPParity

extension VerifyReport {
  func json(_ entry: LedgerEntry) -> JSONValue {
    [
      "name": .string(entry.name),
      "source": .string(entry.source),
      "elements": .int(entry.count),
      "introduced": .double(entry.introduced),
      "inherited": .double(entry.inherited),
      "amplified": entry.amplified.map(JSONValue.double) ?? .null,
    ]
  }

  func json(_ diagnosis: Diagnosis) -> JSONValue {
    [
      "layer": .string(diagnosis.layer),
      "fault": .string(diagnosis.fault.rawValue),
      "sentence": .string(diagnosis.sentence),
      "residual": .double(diagnosis.residual),
      "runner_up": .string(diagnosis.runnerUp),
      "remedy": .string(diagnosis.remedy),
      "map": diagnosis.map.map(JSONValue.string) ?? .null,
    ]
  }

  /// What is wrong, where the diagnosis says so.
  var diagnosisLines: String {
    if parity.diagnosis.isEmpty { return "" }
    return parity.diagnosis.map { diagnosis in
      let sentence = printable(diagnosis.sentence, limit: 2000)
      var lines = "  \(printable(diagnosis.layer, limit: 40)): \(sentence)\n"
      if !diagnosis.remedy.isEmpty {
        lines += "    remedy: \(printable(diagnosis.remedy, limit: 2000))\n"
      }
      // A map is JSON to be copied: its controls are escaped, and it is not cut.
      if let map = diagnosis.map { lines += "    in a map: \(printable(map, limit: .max))\n" }
      return lines
    }.joined() + "\n"
  }

  /// Each layer from the golden's own record of what it read, and what it adds to the error.
  var ledgerTable: String {
    var table = Table([
      ("layer", .left), ("from", .left), ("n", .right), ("max z", .right), ("rms z", .right),
      ("line", .right), ("of 8", .right), ("introduced", .right), ("inherited", .right),
      ("amplified", .right), ("", .left),
    ])
    for (row, entry) in zip(parity.isolated, parity.ledger) {
      table.add(
        printable(row.name, limit: 40), printable(entry.source, limit: 40), grouped(entry.count),
        number(row.golden?.max), number(row.golden?.rms),
        significant(NoiseScore.rmsLine(count: entry.count)), number(row.ofBound),
        significant(entry.introduced), significant(entry.inherited), number(entry.amplified),
        remark(row))
    }
    if table.isEmpty {
      return "  no layer can be isolated: the golden does not record what any of them reads\n"
    }
    return table.text
  }
}
