internal import TPBytes
internal import TPComparison

extension HistoryReport {
  func addMovement(to page: inout Page) {
    guard !history.steps.isEmpty else { return }
    let (map, table, norms) = (page.name("heat"), page.name("layers"), page.name("norms"))
    page.add("How far the weights moved") {
      paragraph(
        "The norm of what changed from one checkpoint to the next, over the norm before. A darker"
          + " field (in dark colours a lighter one) moved more.")
      heatMap.node(id: map)
      folded("Table of the layers") { layerTable.node(id: table) }
      if history.steps.contains(where: { !$0.batchNorms.isEmpty }) {
        folded("Batch norms") { normTable.node(id: norms) }
      }
    }
  }

  /// Layers in the order in which they first come.
  private var layerNames: [String] {
    var seen: Set<String> = []
    return history.steps.flatMap(\.layers).map(\.name).filter { seen.insert($0).inserted }
  }

  private var heatMap: HeatMap {
    let all = layerNames
    let names = Array(all.prefix(HeatMap.mostRows))
    let columns = history.steps.prefix(HeatMap.mostColumns)
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() { places[name] = place }
    var values = Array(
      repeating: [Double?](repeating: nil, count: columns.count), count: names.count)
    for (column, step) in columns.enumerated() {
      for layer in step.layers {
        if let row = places[layer.name] { values[row][column] = layer.relative }
      }
    }
    var map = HeatMap(
      title: "Relative update of each layer",
      description: "For each layer and each checkpoint but the first, how far the layer moved since"
        + " the checkpoint before, relative to its norm. The table below has the figures.",
      across: "to epoch", rows: names, columns: columns.map { epochName($0.to) }, values: values,
      unit: { movedPercent($0) })
    map.more = (all.count - names.count, history.steps.count - columns.count)
    return map
  }

  private var layerTable: PageTable {
    var table = PageTable(
      "Each layer from checkpoint to checkpoint: relative update, cosine with the update before"
        + " (below 0 it turned back), and distance from the first checkpoint.",
      [
        ("layer", .name), ("from epoch", .number), ("to epoch", .number),
        ("relative update", .number), ("cosine", .number), ("from the first", .number),
      ])
    for step in history.steps {
      for layer in step.layers {
        guard table.hasRoom else {
          table.skip(1)
          continue
        }
        table.add(
          .name(layer.name), .count(epoch(step.from)), .count(epoch(step.to)),
          .figured(layer.relative), .figured(layer.cosine), .figured(layer.fromFirst))
      }
    }
    return table
  }

  private var normTable: PageTable {
    var table = PageTable(
      "Running statistics from checkpoint to checkpoint: the largest and the mean shift of a mean in"
        + " standard deviations, the least and the greatest variance after over before.",
      [
        ("batch norm", .name), ("from epoch", .number), ("to epoch", .number),
        ("largest shift", .number), ("mean shift", .number), ("least ratio", .number),
        ("greatest ratio", .number), ("dead", .number), ("batches", .number),
      ])
    for step in history.steps {
      for norm in step.batchNorms {
        guard table.hasRoom else {
          table.skip(1)
          continue
        }
        table.add(
          .name(norm.name), .count(epoch(step.from)), .count(epoch(step.to)),
          .figured(norm.meanShiftMax), .figured(norm.meanShiftMean),
          .figured(norm.varianceRatioMin), .figured(norm.varianceRatioMax), .count(norm.dead),
          .count(norm.batches))
      }
    }
    return table
  }

  func addConditions(to page: inout Page) {
    if history.frozen.isEmpty, history.deadUnits.isEmpty { return }
    let (frozen, dead) = (page.name("frozen"), page.name("dead"))
    page.add("Frozen and dead") {
      if !history.frozen.isEmpty { frozenTable.node(id: frozen) }
      if !history.deadUnits.isEmpty { deadTable.node(id: dead) }
    }
  }

  private var frozenTable: PageTable {
    var table = PageTable(
      "Weights of which no bit moved.",
      [("tensor", .name), ("from epoch", .number), ("to epoch", .number), ("how long", .words)])
    for tensor in history.frozen {
      table.add(
        .name(tensor.tensor), .count(epoch(tensor.from)), .count(epoch(tensor.to)),
        .text(tensor.isThroughout ? "throughout" : "for a while"))
    }
    return table
  }

  private var deadTable: PageTable {
    var table = PageTable(
      "Units that say the same whatever comes.",
      [
        ("tensor", .name), ("channel", .number), ("why", .words), ("first epoch", .number),
        ("at the last", .words),
      ])
    for unit in history.deadUnits {
      guard table.hasRoom else {
        table.skip(1)
        continue
      }
      table.add(
        .name(unit.tensor), .count(unit.channel),
        .text(unit.reason == .variance ? "running variance below 1e-6" : "all weights are zero"),
        .count(epoch(unit.firstFile)), .text(unit.isDeadAtLast ? "dead" : "alive again"))
    }
    return table
  }
}
