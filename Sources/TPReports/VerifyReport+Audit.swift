internal import TPBytes
internal import TPParity

extension VerifyReport {
  func json(_ audit: GoldenAudit) -> JSONValue {
    [
      "injected": .int(audit.injected),
      "caught": .int(audit.caught),
      "kill_score": .double(audit.killScore),
      "faults": .array(
        audit.rows.map { row in
          [
            "layer": .string(row.layer),
            "fault": .string(row.fault.rawValue),
            "injected": .int(row.injected),
            "caught": .int(row.caught),
          ]
        }),
      "survivors": .array(
        audit.survivors.map { survivor in
          [
            "layer": .string(survivor.layer),
            "fault": .string(survivor.fault.rawValue),
            "what": .string(survivor.what),
            "reason": .string(survivor.reason),
            "advice": .string(survivor.advice),
          ]
        }),
    ]
  }

  /// What the golden would catch, and what to add to it.
  func auditLines(_ audit: GoldenAudit) -> String {
    let share = (audit.killScore * 1000).rounded() / 10
    var text =
      "  audit of the golden: \(audit.caught) of \(counted(audit.injected, "injected fault"))"
    text += audit.caught == 1 ? " is caught" : " are caught"
    text += " (\(significant(share)) %)\n"
    var advice: [String] = []
    for survivor in audit.survivors {
      let layer = printable(survivor.layer, limit: 40)
      text += "    not caught: \(layer), \(survivor.fault.rawValue):"
      text += " \(printable(survivor.what, limit: 400))\n"
      text += "      \(printable(survivor.reason, limit: 400))\n"
      if !advice.contains(survivor.advice) { advice.append(survivor.advice) }
    }
    if !advice.isEmpty { text += "  to catch more:\n" }
    return text + advice.map { "    \(printable($0, limit: 400))\n" }.joined()
  }
}
