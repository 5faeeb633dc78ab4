internal import TPBytes
internal import TPTensors

/// Questions about the files as such.
extension RunAudit {
  func opens(_ failures: [PortError]) -> AuditCheck {
    var findings: [(file: String, sentence: String)] = []
    for file in files {
      if let error = file.error, error.kind != .checksum {
        findings.append((file.path, sentence(error, file)))
      }
    }
    for failure in failures { findings.append((failure.file ?? "", failure.description)) }
    return AuditCheck(
      .opens, findings: findings, else: "\(files.count) of \(files.count) files open")
  }

  var checksums: AuditCheck {
    var findings: [(file: String, sentence: String)] = []
    for file in files {
      if let error = file.error, error.kind == .checksum {
        findings.append((file.path, sentence(error, file)))
      } else if let record = file.checksums.mismatched.first {
        findings.append(
          (
            file.path,
            "\(file.name): the checksum of \(printable(record, limit: 100)) contradicts its bytes"
          ))
      }
    }
    let verified = files.reduce(0) { $0 + $1.checksums.verified }
    guard verified > 0 || !findings.isEmpty else {
      return AuditCheck(.checksums, .notApplicable, "the files carry no checksums")
    }
    return AuditCheck(
      .checksums, findings: findings,
      else: "\(verified) records in \(readable.count) files agree with theirs")
  }

  var architecture: AuditCheck {
    majority(.architecture, { $0.layout }) { run in
      let fit = run.architecture.map { ", that of \(printable($0, limit: 60))" } ?? ""
      return "the same \(run.tensors) names, types and shapes\(fit)"
    } difference: { run, usual in
      "has \(run.tensors) tensors where the others have \(usual.tensors)"
        + (run.tensors == usual.tensors ? ", of other names, types or shapes" : "")
    }
  }

  var parameters: AuditCheck {
    majority(.parameters, { "\($0.parameters)" }) { run in
      "\(run.parameters) trainable numbers"
    } difference: { run, usual in
      "has \(run.parameters) trainable numbers where the others have \(usual.parameters)"
    }
  }

  var finite: AuditCheck {
    let findings = readable.compactMap { file -> (file: String, sentence: String)? in
      file.nonFinite.map { found in
        (
          file: file.path,
          sentence: "\(file.name): \(printable(found.tensor, limit: 100)) has \(found.nan) NaN and"
            + " \(found.infinite) infinite elements"
        )
      }
    }
    guard !readable.isEmpty else { return nothing(.finite) }
    return AuditCheck(
      .finite, findings: findings, else: "every tensor of \(readable.count) files is finite")
  }

  /// A file may have the weights of another only where its name says what it is for.
  var duplicates: AuditCheck {
    guard !readable.isEmpty else { return nothing(.duplicates) }
    let roles = ["best", "last", "latest", "final"]
    var groups: [String: [AuditedFile]] = [:]
    for file in readable { groups[file.run?.digest ?? "", default: []].append(file) }
    var findings: [(file: String, sentence: String)] = []
    var copies = 0
    for file in readable {
      guard let group = groups[file.run?.digest ?? ""], group.count > 1,
        group[0].path == file.path
      else { continue }
      var taken: Set<String> = []
      var plain = 0
      var isRepeated = false
      for other in group {
        if let role = roles.first(where: { other.name.lowercased().contains($0) }) {
          copies += 1
          if !taken.insert(role).inserted { isRepeated = true }
        } else {
          plain += 1
        }
      }
      if plain < 2, !isRepeated { continue }
      findings.append(
        (
          group[1].path,
          "\(group.prefix(4).map(\.name).joined(separator: " and ")) hold the same weights"
        ))
    }
    return AuditCheck(
      .duplicates, findings: findings,
      else: "\(groups.count) different weights in \(readable.count) files"
        + (copies > 0 ? "; copies are named as such" : ""))
  }

  /// What an error says, without the folders of the path.
  func sentence(_ error: PortError, _ file: AuditedFile) -> String {
    var error = error
    error.file = nil
    return "\(file.name): \(error.description)"
  }

  func nothing(_ kind: AuditCheck.Kind) -> AuditCheck {
    AuditCheck(kind, .couldNot, "no file could be read")
  }

  /// Whether all files have one value; those that have not the most frequent one are told.
  func majority(
    _ kind: AuditCheck.Kind, _ key: (RunFile) -> String,
    agreed: (RunFile) -> String, difference: (RunFile, RunFile) -> String
  ) -> AuditCheck {
    let runs = readable.compactMap(\.run)
    var counts: [String: Int] = [:]
    for run in runs { counts[key(run), default: 0] += 1 }
    guard let most = counts.values.max(), let usual = runs.first(where: { counts[key($0)] == most })
    else { return nothing(kind) }
    let findings = zip(readable, runs).compactMap {
      file, run -> (file: String, sentence: String)? in
      key(run) == key(usual)
        ? nil : (file: file.path, sentence: "\(file.name) \(difference(run, usual))")
    }
    return AuditCheck(
      kind, findings: findings, else: "\(runs.count) files have \(agreed(usual))")
  }
}
