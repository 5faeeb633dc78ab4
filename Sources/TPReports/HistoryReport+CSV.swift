internal import TPBytes
internal import TPComparison

extension HistoryReport {
  /// Every figure in a line of its own: `epoch,file,level,name,quantity,value` (docs/commands/history.md).
  public var csv: String {
    var rows = CommaSeparatedText(
      columns: ["epoch", "file", "level", "name", "quantity", "value"])
    if let curves = history.curves {
      let file = history.files[curves.file].path
      for list in curves.recorded.lists {
        for (place, value) in list.values.enumerated() {
          rows.add([
            .integer(curves.epoch(place)), .text(file), .text("run"), .text(""),
            .text(list.name), .number(value),
          ])
        }
      }
    }
    for place in history.sequence {
      for (group, rate) in (history.files[place].optimizer?.rates ?? []).enumerated() {
        rows.add([
          .integer(epoch(place)), .text(history.files[place].path), .text("group"),
          .integer(group), .text("learning_rate"), .number(rate),
        ])
      }
    }
    for step in history.steps {
      let head: [CommaSeparatedText.Cell] = [
        .integer(epoch(step.to)), .text(history.files[step.to].path),
      ]
      for (level, movements) in [
        ("model", [step.model]), ("layer", step.layers), ("tensor", step.tensors),
      ] {
        for movement in movements {
          let figures: [(String, Double?)] = [
            ("norm_before", movement.norm), ("norm_update", movement.update),
            ("relative_update", movement.relative), ("cosine", movement.cosine),
            ("from_first", movement.fromFirst),
          ]
          for (quantity, value) in figures {
            rows.add(
              head + [.text(level), .text(movement.name), .text(quantity), .number(value)])
          }
        }
      }
      for norm in step.batchNorms {
        let figures: [(String, Double?)] = [
          ("mean_shift_max", norm.meanShiftMax), ("mean_shift_mean", norm.meanShiftMean),
          ("variance_ratio_min", norm.varianceRatioMin),
          ("variance_ratio_max", norm.varianceRatioMax), ("dead", Double(norm.dead)),
          ("batches", norm.batches.map(Double.init)),
        ]
        for (quantity, value) in figures {
          rows.add(
            head + [.text("batch_norm"), .text(norm.name), .text(quantity), .number(value)])
        }
      }
    }
    return rows.text
  }
}
