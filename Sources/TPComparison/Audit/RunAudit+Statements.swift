internal import TPBytes

/// Questions about what the files say of the training.
extension RunAudit {
  var classes: AuditCheck {
    let stating = readable.filter { $0.run?.classes != nil || $0.run?.classesProblem != nil }
    guard !stating.isEmpty else {
      return AuditCheck(.classes, .notApplicable, "no file names classes")
    }
    var counts: [[String]: Int] = [:]
    for file in stating { if let own = file.run?.classes { counts[own, default: 0] += 1 } }
    let most = counts.values.max() ?? 0
    let usual = stating.compactMap { $0.run?.classes }.first { counts[$0] == most } ?? []
    var findings: [(file: String, sentence: String)] = []
    for file in stating {
      if let problem = file.run?.classesProblem {
        findings.append((file.path, "\(file.name): \(problem)"))
      } else if let own = file.run?.classes, own != usual {
        findings.append(
          (file.path, "\(file.name) has \(words(own)) where most files have \(words(usual))"))
      }
    }
    let silent = readable.count - stating.count
    return AuditCheck(
      .classes, findings: findings,
      else: "\(stating.count) files have \(words(usual))"
        + (silent > 0 ? "; \(silent) name none" : ""))
  }

  private func words(_ classes: [String]) -> String {
    let shown = classes.prefix(8).map { printable($0, limit: 40) }.joined(separator: ", ")
    return shown + (classes.count > 8 ? ", … (\(classes.count))" : "")
  }

  /// Every list is the beginning of the longest, and as long as the epoch says.
  var histories: AuditCheck {
    let stating = readable.filter { ($0.run?.curves.count ?? 0) > 0 }
    guard let longest = stating.max(by: { count($0) < count($1) }), let whole = longest.run else {
      return AuditCheck(.histories, .notApplicable, "no file has a history")
    }
    var findings: [(file: String, sentence: String)] = []
    for file in readable {
      for problem in file.run?.curves.problems ?? [] {
        findings.append((file.path, "\(file.name): \(problem)"))
      }
    }
    let offset = usualOffset(stating)
    for file in stating {
      guard let run = file.run else { continue }
      for (own, all) in zip(run.curves.lists, whole.curves.lists) where !own.values.isEmpty {
        if own.values.count != run.curves.count {
          findings.append(
            (
              file.path,
              "\(file.name): \(own.name) has \(own.values.count) values where another list has"
                + " \(run.curves.count)"
            ))
        } else if let place = firstDifference(own.values, all.values) {
          let other = place < all.values.count ? "\(all.values[place])" : "nothing"
          findings.append(
            (
              file.path,
              "\(file.name) has \(own.values[place]) as value \(place + 1) of \(own.name) where"
                + " \(longest.name) has \(other)"
            ))
        }
      }
      if let epoch = run.epoch, let offset {
        let own = epoch.subtractingReportingOverflow(run.curves.count)
        if own.overflow || own.partialValue != offset {
          findings.append(
            (file.path, "\(file.name) is of epoch \(epoch) and has \(run.curves.count) values"))
        }
      }
    }
    return AuditCheck(
      .histories, findings: findings,
      else: "those of \(stating.count) files are beginnings of that of \(longest.name),"
        + " \(whole.curves.count) epochs")
  }

  private func count(_ file: AuditedFile) -> Int { file.run?.curves.count ?? 0 }

  /// The most frequent difference between epoch and number of values: 0 where epochs count from 1.
  private func usualOffset(_ files: [AuditedFile]) -> Int? {
    var counts: [Int: Int] = [:]
    for file in files {
      guard let epoch = file.run?.epoch else { continue }
      let offset = epoch.subtractingReportingOverflow(count(file))
      if !offset.overflow { counts[offset.partialValue, default: 0] += 1 }
    }
    return counts.max {
      ($0.value, $1.key.magnitude, $0.key) < ($1.value, $0.key.magnitude, $1.key)
    }?.key
  }

  private func firstDifference(_ own: [Double], _ all: [Double]) -> Int? {
    own.indices.first {
      $0 >= all.count || own[$0] != all[$0] && !(own[$0].isNaN && all[$0].isNaN)
    }
  }

  /// A file may be written before or after its own epoch moves the best accuracy, and the training may
  /// move it only when it grows by the points of the rule.
  var bestAccuracy: AuditCheck {
    let stating = readable.filter {
      $0.run?.bestAccuracy != nil && $0.run?.curves.validationAccuracies.isEmpty == false
    }
    guard !stating.isEmpty, let curves else {
      return AuditCheck(
        .bestAccuracy, .notApplicable, "no file has both a best accuracy and validation accuracies")
    }
    let points = rule.improvement.isFinite ? rule.improvement : Rule().improvement
    var findings: [(file: String, sentence: String)] = []
    for file in stating {
      guard let run = file.run, let best = run.bestAccuracy else { continue }
      let values = run.curves.validationAccuracies.filter(\.isFinite)
      let after = values.max() ?? 0
      let before = run.curves.validationAccuracies.dropLast().filter(\.isFinite).max()
      let slack = 1e-6 * max(abs(after), 1e-6)
      let isRecorded = values.contains { abs($0 - best) <= slack } || before == nil && best == 0
      let lag = curves.percent(before ?? 0) - curves.percent(best)
      if !best.isFinite || best > after + slack {
        findings.append(
          (
            file.path,
            "\(file.name) says \(best) and the greatest of its validation accuracies is \(after)"
          ))
      } else if lag > points + 1e-9 || !isRecorded {
        findings.append(
          (
            file.path,
            "\(file.name) says \(best)"
              + (isRecorded ? "" : ", which is none of its validation accuracies,")
              + " and they reached \(before ?? after)"
          ))
      }
    }
    return AuditCheck(
      .bestAccuracy, findings: findings,
      else: "\(stating.count) files say what their histories say, to within \(points) points")
  }
}
