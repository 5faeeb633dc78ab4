internal import TPBytes
internal import TPComparison
internal import TPEvaluation

extension DiffReport {
  func addBehaviour(_ place: Int, to page: inout Page) {
    let change = difference.behaviours[place]
    let names = clipNames.indices.contains(place) ? clipNames[place] : nil
    let (flips, clips) = (page.name("flips"), page.name("clips"))
    page.add("Behaviour on \(abridged(change.source, limit: 60))") {
      paragraph(sentence(outcome(change)))
      if !change.flips.isEmpty {
        clipTable(
          change, change.flips, names,
          "The clips whose prediction is another; a margin is the largest logit less the second."
        ).node(id: flips)
      }
      folded("Table of every clip") {
        clipTable(change, change.clips, names, "Every clip, in the order of the file.").node(
          id: clips)
      }
    }
  }

  private func clipTable(
    _ change: BehaviourChange, _ clips: [BehaviourChange.Clip], _ names: [String]?,
    _ caption: String
  ) -> PageTable {
    let isLabelled = clips.contains { $0.label != nil }
    var columns: [(title: String, kind: PageTable.Kind)] = [("clip", .number)]
    if names != nil { columns.append(("name", .name)) }
    columns += [("before", .name), ("after", .name)]
    if isLabelled { columns += [("class", .name), ("result", .mark)] }
    columns += [("margin before", .number), ("margin after", .number), ("drift", .number)]
    var table = PageTable(caption, columns)
    for clip in clips.prefix(PageTable.mostRows) {
      var cells: [PageTable.Cell] = [.count(clip.clip)]
      if let names {
        cells.append(.name(names.indices.contains(clip.clip) ? names[clip.clip] : ""))
      }
      cells += [.name(change.classes.name(clip.before)), .name(change.classes.name(clip.after))]
      if isLabelled {
        cells += [.name(clip.label.map(change.classes.name) ?? ""), result(clip)]
      }
      cells += [.figured(clip.marginBefore), .figured(clip.marginAfter), .figured(clip.drift)]
      table.add(cells)
    }
    table.skip(clips.count - min(clips.count, PageTable.mostRows))
    return table
  }

  /// What became of a labelled clip.
  private func result(_ clip: BehaviourChange.Clip) -> PageTable.Cell {
    switch (clip.before == clip.label, clip.after == clip.label) {
    case (true, true): .mark(.good, "right")
    case (false, true): .mark(.good, "now right")
    case (true, false): .mark(.bad, "now wrong")
    case (false, false): .mark(.plain, clip.label == nil ? "" : "wrong")
    }
  }

  func addBatchNorms(to page: inout Page) {
    if !haveBatchNormsChanged { return }
    var table = PageTable(
      "Running statistics: the largest shift of a mean in standard deviations of a, and the variance"
        + " of b over that of a.",
      [
        ("batch norm", .name), ("|d mean|/sigma", .number), ("in channel", .number),
        ("least ratio", .number), ("greatest ratio", .number), ("doubled", .number),
        ("halved", .number), ("dead in a", .number), ("dead in b", .number), ("steps", .number),
      ])
    for norm in difference.batchNorms {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(
        .name(norm.name), .figured(norm.meanShift), .count(norm.meanShiftChannel),
        .figured(norm.varianceRatio?.lowerBound), .figured(norm.varianceRatio?.upperBound),
        .count(norm.doubled), .count(norm.halved), .count(norm.deadInA), .count(norm.deadInB),
        .count(norm.steps))
    }
    let isOdd = Set(difference.batchNorms.map(\.steps)).count > 1
    let id = page.name("norms")
    page.add("Batch norms") {
      if isOdd {
        callouts([(.doubt, [.text("Their counters do not agree on the steps between the two.")])])
      }
      table.node(id: id)
    }
  }

  func addOptimizer(to page: inout Page) {
    guard hasOptimizerStepped, let optimizer = difference.optimizer else { return }
    var table = PageTable(
      "Each parameter and the state of b: the step that it makes, its cosine with the observed"
        + " difference, and that difference over as many such steps as were taken (near 1 where all"
        + " went one way).",
      [
        ("parameter", .name), ("||dW||", .number), ("a step", .number), ("ratio", .number),
        ("cosine", .number), ("steps", .number), ("||m|| in a", .number), ("||m|| in b", .number),
        ("||v|| in a", .number), ("||v|| in b", .number), ("note", .mark),
      ])
    for own in optimizer.parameters {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(
        .name(own.name), .figured(own.observed), .figured(own.expectedStep), .figured(own.ratio),
        .number(own.cosine, own.cosine.map { fixed($0, 3) } ?? ""),
        .number(own.steps, own.steps.map { significant($0, 9) } ?? ""),
        .figured(own.firstMoment[0]), .figured(own.firstMoment[1]), .figured(own.secondMoment[0]),
        .figured(own.secondMoment[1]), own.isFrozen ? .mark(.doubt, "frozen") : .text(""))
    }
    let (id, notes) = (page.name("optimizer"), remarks(optimizer))
    let others = difference.otherTensors
    page.add("Optimizer") {
      callouts(notes.map { (.doubt, [.text(sentence($0))]) })
      if !others.isIdentical {
        paragraph(
          "Tensors beside the model's: \(grouped(others.changed)) changed,"
            + " \(grouped(others.identical)) identical, \(grouped(others.added)) added,"
            + " \(grouped(others.removed)) removed.")
      }
      if !table.isEmpty { table.node(id: id) }
    }
  }
}
