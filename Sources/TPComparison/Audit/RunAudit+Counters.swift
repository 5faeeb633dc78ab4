internal import TPBytes

/// Questions about what counts steps and batches.
extension RunAudit {
  /// The steps of an epoch are the same in every file.
  var optimizer: AuditCheck {
    let stating = readable.compactMap { file -> (file: AuditedFile, steps: Double, epochs: Int)? in
      guard let run = file.run, let steps = run.optimizer?.steps, let epochs = epochs(of: run)
      else { return nil }
      return (file, steps.upperBound, epochs)
    }
    guard !stating.isEmpty else {
      return AuditCheck(
        .optimizer, .notApplicable, "no file has both an epoch and an optimizer that counts steps")
    }
    let usual = median(stating.map { $0.steps / Double($0.epochs) })
    let findings = stating.compactMap { entry -> (file: String, sentence: String)? in
      abs(entry.steps - usual * Double(entry.epochs)) <= 1e-6 * max(entry.steps, 1)
        ? nil
        : (
          file: entry.file.path,
          sentence: "the optimizer of \(entry.file.name) has done \(number(entry.steps)) steps in"
            + " \(entry.epochs) epochs where the others do \(number(usual)) in each"
        )
    }
    return AuditCheck(
      .optimizer, findings: findings,
      else: "\(number(usual)) steps in each epoch, in \(stating.count) files")
  }

  /// All batch norms of a file have seen as many batches, as many in each epoch, and as many for each
  /// step of the optimizer.
  var batchCounters: AuditCheck {
    let stating = readable.filter { $0.run?.counters.isEmpty == false }
    guard !stating.isEmpty else {
      return AuditCheck(.batchCounters, .notApplicable, "no file has a batch norm that counts")
    }
    var findings: [(file: String, sentence: String)] = []
    var perEpoch: [(file: AuditedFile, value: Double)] = []
    var perStep: [(file: AuditedFile, value: Double)] = []
    for file in stating {
      guard let run = file.run, let first = run.counters.first else { continue }
      if let other = run.counters.first(where: { $0.batches != first.batches }) {
        findings.append(
          (
            file.path,
            "\(file.name): \(printable(first.name, limit: 80)) is \(first.batches) and"
              + " \(printable(other.name, limit: 80)) is \(other.batches)"
          ))
        continue
      }
      if let epochs = epochs(of: run) {
        perEpoch.append((file, Double(first.batches) / Double(epochs)))
      }
      if let steps = run.optimizer?.steps?.upperBound, steps > 0 {
        perStep.append((file, Double(first.batches) / steps))
      }
    }
    for (what, ratios) in [("epoch", perEpoch), ("step of the optimizer", perStep)] {
      let usual = median(ratios.map(\.value))
      for entry in ratios where abs(entry.value - usual) > 1e-9 * max(usual, 1) {
        findings.append(
          (
            entry.file.path,
            "\(entry.file.name) has seen \(number(entry.value)) batches for each \(what) where the"
              + " others have seen \(number(usual))"
          ))
      }
    }
    let each = perEpoch.isEmpty ? "" : ", \(number(median(perEpoch.map(\.value)))) batches an epoch"
    return AuditCheck(
      .batchCounters, findings: findings,
      else: "all counters of each of \(stating.count) files are equal\(each)")
  }

  /// How many epochs a file's training has done: the values of its history, else its epoch.
  private func epochs(of run: RunFile) -> Int? {
    let count = run.curves.count > 0 ? run.curves.count : run.epoch ?? 0
    return count > 0 ? count : nil
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.filter { !$0.isNaN }.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  private func number(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)"
  }
}
