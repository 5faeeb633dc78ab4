internal import TPBytes

/// Questions about which epochs are there, and under which names.
extension RunAudit {
  /// The file that is called the best has the weights of its epoch's own file, and its epoch is best.
  var bestFile: AuditCheck {
    let best = readable.filter { $0.run?.isCalledBest == true }
    guard !best.isEmpty else {
      return AuditCheck(.bestFile, .notApplicable, "no file is called best")
    }
    var findings: [(file: String, sentence: String)] = []
    var evidence: [String] = []
    for file in best {
      guard let run = file.run, let epoch = run.epoch else {
        findings.append((file.path, "\(file.name) names no epoch"))
        continue
      }
      var sentence = "\(file.name) is epoch \(epoch)"
      let own = readable.first { $0.run?.epoch == epoch && $0.run?.isCalledBest == false }
      if let own {
        if own.run?.digest == run.digest {
          sentence += ", the weights of \(own.name)"
        } else {
          findings.append(
            (
              file.path,
              "\(file.name) says epoch \(epoch) and has other weights than \(own.name)"
            ))
        }
      } else {
        sentence += ", of which there is no other file"
      }
      if let problem = notBest(epoch, file) {
        findings.append((file.path, problem))
      } else if let accuracy = accuracy(at: epoch), let curves {
        let percent = (curves.percent(accuracy) * 100).rounded() / 100
        sentence += "; \(percent) % is the best validation accuracy"
      }
      evidence.append(sentence)
    }
    return AuditCheck(.bestFile, findings: findings, else: evidence.joined(separator: "; "))
  }

  private func accuracy(at epoch: Int) -> Double? {
    guard let curves else { return nil }
    let place = epoch.subtractingReportingOverflow(curves.firstEpoch)
    let values = curves.recorded.validationAccuracies
    return !place.overflow && values.indices.contains(place.partialValue)
      ? values[place.partialValue] : nil
  }

  private func notBest(_ epoch: Int, _ file: AuditedFile) -> String? {
    guard let curves, let best = curves.best, best.isByAccuracy else { return nil }
    guard let own = accuracy(at: epoch) else {
      return "\(file.name) says epoch \(epoch), of which no history tells"
    }
    let points = rule.improvement.isFinite ? rule.improvement : Rule().improvement
    let behind = curves.percent(best.value) - curves.percent(own)
    guard !(behind <= points + 1e-9) else { return nil }
    return "\(file.name) is epoch \(epoch) with a validation accuracy of \(own); epoch"
      + " \(best.epoch) has \(best.value)"
  }

  /// Every epoch that the rule saves is there.
  var epochs: AuditCheck {
    guard rule.every > 0 || rule.improvement.isFinite else {
      return AuditCheck(.epochs, .notApplicable, "no rule says which epochs were saved")
    }
    let known = Set(readable.compactMap { $0.run?.epoch })
    // A file that cannot be read is no missing one; that it cannot be read is told elsewhere.
    let there = known.union(
      files.filter { $0.run == nil }.compactMap { RunAudit.epoch(named: $0.name) })
    guard let last = known.max(), let curves else {
      return AuditCheck(
        .epochs, .notApplicable, "no history says how many epochs there were")
    }
    var findings: [(file: String, sentence: String)] = []
    var needed = 0
    var best = 0.0
    let accuracies = curves.recorded.validationAccuracies
    for place in 0..<curves.recorded.count {
      let epoch = curves.epoch(place)
      if epoch > last { break }
      var reasons: [String] = []
      if rule.every > 0, (place + 1).isMultiple(of: rule.every) {
        reasons.append("every \(rule.every) epochs one is saved")
      }
      if place < accuracies.count, accuracies[place].isFinite {
        let percent = curves.percent(accuracies[place])
        // The same subtraction as in the training; a hair less is not asked for.
        if percent - best > rule.improvement + 1e-9 {
          let points = ((percent - best) * 100).rounded() / 100
          reasons.append("the validation accuracy grew by \(points) points")
        }
        best = max(best, percent)
      }
      if reasons.isEmpty { continue }
      needed += 1
      if !there.contains(epoch) {
        findings.append(
          ("", "epoch \(epoch) is missing: \(reasons.joined(separator: ", and "))"))
      }
    }
    var check = AuditCheck(
      .epochs, findings: findings, else: "all \(needed) epochs that the rule saves are there")
    check.files = []
    return check
  }

  /// The number behind `epoch` in a file's name is the epoch that it names inside.
  var names: AuditCheck {
    let stating = readable.compactMap { file -> (file: AuditedFile, name: Int, epoch: Int)? in
      guard let run = file.run, let epoch = run.epoch, let name = RunAudit.epoch(named: run.name)
      else { return nil }
      return (file, name, epoch)
    }
    guard !stating.isEmpty else {
      return AuditCheck(.names, .notApplicable, "no file's name has the number of an epoch")
    }
    // Names that count from 1 where the training counts from 0 agree, where all do.
    let isShifted = stating.allSatisfy { $0.epoch < Int.max && $0.name == $0.epoch + 1 }
    let findings = stating.compactMap { entry -> (file: String, sentence: String)? in
      isShifted || entry.name == entry.epoch
        ? nil
        : (
          file: entry.file.path,
          sentence: "\(entry.file.name) is of epoch \(entry.epoch)"
        )
    }
    return AuditCheck(
      .names, findings: findings,
      else: "\(stating.count) names have the epoch that the file has"
        + (isShifted ? ", counted from 1" : ""))
  }

  /// The number that follows the last `epoch` in a name and at most one of `_`, `-`, `=`, `.`, space.
  static func epoch(named name: String) -> Int? {
    let lower = Array(name.lowercased().utf8)
    let word = Array("epoch".utf8)
    var found: Int?
    for start in lower.indices where lower[start...].starts(with: word) {
      var place = start + word.count
      if place < lower.count, Array("_-=. ".utf8).contains(lower[place]) { place += 1 }
      let digits = lower[place...].prefix { (0x30...0x39).contains($0) }
      if let number = Int(String(decoding: digits, as: UTF8.self)) { found = number }
    }
    return found
  }
}
