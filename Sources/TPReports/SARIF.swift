public import TPBytes
public import TPScanning

/// What a scan found as SARIF 2.1.0 (OASIS, 2020), for code scanning.
///
/// The findings are about binaries: a result points at line 1 of its file, which GitHub asks for, and
/// keeps record and byte as properties.
public enum SARIF {
  /// GitHub takes no more results in a run.
  private static let mostResults = 25_000

  /// The whole document.
  public static func document(_ scan: FolderScan) -> JSONValue {
    let rules = Rule.allCases
    var results: [JSONValue] = []
    for report in scan.reports {
      for finding in report.findings where results.count < mostResults {
        results.append(result(finding, file: report.file, rules))
      }
    }
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        [
          "tool": [
            "driver": [
              "name": .string(Tool.name),
              "semanticVersion": .string(Tool.version),
              "rules": .array(rules.map(rule)),
            ]
          ],
          "invocations": [
            ["executionSuccessful": .bool(scan.verdict != .unreadable)]
          ],
          "results": .array(results),
        ]
      ],
    ]
  }

  private static func rule(_ rule: Rule) -> JSONValue {
    [
      "id": .string(rule.rawValue),
      "shortDescription": ["text": .string(rule.summary)],
    ]
  }

  private static func result(_ finding: Finding, file: String, _ rules: [Rule]) -> JSONValue {
    var text = printable(finding.message, limit: 1000)
    if let record = finding.record { text += " (record \(printable(record)))" }
    return [
      "ruleId": .string(finding.rule.rawValue),
      "ruleIndex": .int(rules.firstIndex(of: finding.rule) ?? -1),
      "level": .string(level(finding.severity)),
      "message": ["text": .string(text + ".")],
      "locations": [
        [
          "physicalLocation": [
            "artifactLocation": ["uri": .string(uri(file))], "region": ["startLine": 1],
          ]
        ]
      ],
      "partialFingerprints": [
        "torchportFinding/v1": .string(
          fingerprint([finding.rule.rawValue, file, finding.record ?? "", finding.message]))
      ],
      "properties": [
        "severity": .string(finding.severity.rawValue),
        "record": finding.record.map(JSONValue.string) ?? .null,
        "offset": finding.offset.map(JSONValue.int) ?? .null,
      ],
    ]
  }

  private static func level(_ severity: Finding.Severity) -> String {
    switch severity {
    case .note: "note"
    case .suspicious: "warning"
    case .unreadable, .dangerous: "error"
    }
  }

  /// A path as a URI reference (RFC 3986): relative paths stay relative.
  private static func uri(_ path: String) -> String {
    var text = path.hasPrefix("/") ? "file://" : ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "%" + hexadecimal([byte]).uppercased()
      }
    }
    return text
  }

  /// FNV-1a of 64 bits over texts with a zero byte behind each.
  private static func fingerprint(_ texts: [String]) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for text in texts {
      for byte in Array(text.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    return hexadecimal((0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - 8 * $0)) })
  }
}
