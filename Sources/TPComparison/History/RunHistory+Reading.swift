public import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPTensors

extension RunHistory {
  /// Reads checkpoints in any order and puts them in that of their epochs.
  ///
  /// Never are more than three checkpoints open at once. A file that cannot be read does not stop the
  /// others.
  ///
  /// - Parameters:
  ///   - paths: the files.
  ///   - limits: the bounds on what each file may ask for.
  ///   - progress: is told how many files of how many were looked at, each of them twice.
  public init(
    paths: [String], limits: ReadLimits = ReadLimits(),
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) {
    var total = paths.count * 2
    for (done, path) in paths.enumerated() {
      progress(done, total)
      do throws(PortError) {
        files.append(try RunFile(path: path, limits: limits))
      } catch {
        failures.append(error)
      }
    }
    order()
    arrange()
    total = paths.count + sequence.count
    follow(limits) { progress(paths.count + $0, total) }
  }

  /// By epoch; of one epoch a file that is called the best comes after the others.
  private mutating func order() {
    func key(_ file: RunFile) -> (Int, Int, Int) {
      (file.epoch == nil ? 1 : 0, file.epoch ?? 0, file.isCalledBest ? 1 : 0)
    }
    files.sort {
      let (a, b) = (key($0), key($1))
      return a == b ? $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) : a < b
    }
  }

  /// What metadata alone tells.
  private mutating func arrange() {
    var seen: [String: Int] = [:]
    var epochs: [Int: Int] = [:]
    for place in files.indices {
      let file = files[place]
      guard let epoch = file.epoch else { continue }
      if let first = seen["\(epoch) \(file.digest)"] {
        files[place].copyOf = first
        notes.append(
          "\(printable(file.name)) has the weights of \(printable(files[first].name)),"
            + " epoch \(epoch)")
        continue
      }
      seen["\(epoch) \(file.digest)"] = place
      sequence.append(place)
      if let other = epochs[epoch] {
        notes.append(
          "\(printable(files[other].name)) and \(printable(file.name)) are both of epoch"
            + " \(epoch), with different weights; both are kept")
      }
      epochs[epoch] = place
    }
    for place in files.indices {
      if files[place].epoch == nil {
        notes.append("\(printable(files[place].name)) names no epoch; it stands apart")
      }
      for problem in files[place].curves.problems {
        notes.append("\(printable(files[place].name)): \(problem)")
      }
      if let known = layouts.firstIndex(where: { $0.digest == files[place].layout }) {
        layouts[known].files.append(place)
      } else {
        layouts.append(
          Layout(
            digest: files[place].layout, architecture: files[place].architecture,
            parameters: files[place].parameters, files: [place]))
      }
    }
    if layouts.count > 1 {
      notes.append(
        "the files have \(layouts.count) different sets of tensors; only what two neighbours share"
          + " is compared")
    }
    if files.contains(where: { $0.tensors > Self.mostTensors }) {
      notes.append("of each file the first \(Self.mostTensors) weights are followed")
    }
    curves = RunHistory.curves(of: files)
    takeRates()
  }

  /// The longest history of some files, of several the first.
  static func curves(of files: [RunFile]) -> TrainingCurves? {
    guard
      let longest = files.indices.max(by: {
        (files[$0].curves.count, -$0) < (files[$1].curves.count, -$1)
      }), files[longest].curves.count > 0
    else { return nil }
    let recorded = files[longest].curves
    let accuracies = files.flatMap { file in
      file.curves.trainAccuracies + file.curves.validationAccuracies
        + [file.bestAccuracy].compactMap(\.self)
    }
    // The last value belongs to the file's own epoch, whether epochs are counted from 0 or from 1.
    let first = files[longest].epoch.map { $0.subtractingReportingOverflow(recorded.count - 1) }
    return TrainingCurves(
      file: longest, firstEpoch: first.map { $0.overflow ? 1 : $0.partialValue } ?? 1,
      recorded: recorded, isPercent: accuracies.contains { $0.isFinite && $0 > 1 })
  }

  private mutating func takeRates() {
    for (from, to) in zip(sequence, sequence.dropFirst()) {
      guard let before = files[from].optimizer, let after = files[to].optimizer else { continue }
      for (group, rates) in zip(before.rates, after.rates).enumerated() where rates.0 != rates.1 {
        if rates.0.isNaN && rates.1.isNaN { continue }
        rateSteps.append(
          RateStep(group: group, from: from, to: to, before: rates.0, after: rates.1))
      }
    }
  }
}
