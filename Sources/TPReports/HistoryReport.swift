public import TPBytes
public import TPComparison
internal import TPTensors

/// What `history` tells about a run.
public struct HistoryReport: Sendable {
  /// What was asked for: the folder or files as the user gave them.
  public var source: String
  /// What came of it.
  public var history: RunHistory

  /// A report on a run.
  public init(source: String, history: RunHistory) {
    self.source = source
    self.history = history
  }

  /// The epoch of a file.
  func epoch(_ place: Int) -> Int? { history.files[place].epoch }

  /// The same for a text.
  func epochName(_ place: Int) -> String { epoch(place).map { "\($0)" } ?? "?" }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    .object([
      .init("source", .string(source)),
      .init("summary", .string(summary)),
      .init("files", .array(history.files.map(json))),
      .init("failures", .array(history.failures.map(\.json))),
      .init("curves", curves),
      .init("best", best),
      .init("milestones", milestones),
      .init("gap", gap),
      .init("plateaus", plateaus),
      .init("learning_rate_steps", .array(history.rateSteps.map(json))),
      .init("steps", .array(history.steps.map(json))),
      .init("frozen", .array(history.frozen.map(json))),
      .init("dead_units", .array(history.deadUnits.map(json))),
      .init("non_finite", .array(history.nonFinite.map(json))),
      .init("layouts", .array(history.layouts.map(json))),
      .init("notes", .array(history.notes.map(JSONValue.string))),
    ])
  }

  private func json(_ file: RunFile) -> JSONValue {
    [
      "file": .string(file.path), "epoch": optional(file.epoch),
      "container": .string(file.container.rawValue),
      "architecture": file.architecture.map(JSONValue.string) ?? .null,
      "parameters": .int(file.parameters), "tensors": .int(file.tensors),
      "digest": .string(file.digest), "best_val_acc": optional(file.bestAccuracy),
      "epochs_recorded": .int(file.curves.count),
      "learning_rates": .array((file.optimizer?.rates ?? []).map(JSONValue.double)),
      "optimizer_steps": optional(file.optimizer?.steps?.upperBound),
      "copy_of": file.copyOf.map { .string(history.files[$0].path) } ?? .null,
    ]
  }

  private var curves: JSONValue {
    guard let curves = history.curves else { return .null }
    var members: [JSONValue.Member] = [
      .init("file", .string(history.files[curves.file].path)),
      .init("first_epoch", .int(curves.firstEpoch)),
      .init("unit", curves.isPercent ? "percent" : "share"),
    ]
    for list in curves.recorded.lists {
      members.append(.init(list.name, .array(list.values.map(JSONValue.double))))
    }
    return .object(members)
  }

  private var best: JSONValue {
    guard let best = history.curves?.best else { return .null }
    return [
      "epoch": .int(best.epoch), "value": .double(best.value),
      "by": best.isByAccuracy ? "val_accuracies" : "val_losses",
      "file": history.file(ofEpoch: best.epoch).map { .string(history.files[$0].path) } ?? .null,
    ]
  }

  private var milestones: JSONValue {
    .array(
      (history.curves?.milestones ?? []).map {
        ["percent": .double($0.percent), "epoch": optional($0.epoch)]
      })
  }

  private var gap: JSONValue {
    guard let curves = history.curves, let last = curves.gaps.last else { return .null }
    return [
      "at_best": optional(curves.best.flatMap { curves.gap(at: $0.epoch) }),
      "at_last": .double(last),
    ]
  }

  private var plateaus: JSONValue {
    .array(
      (history.curves?.plateaus ?? []).map {
        ["from": .int($0.lowerBound), "to": .int($0.upperBound)]
      })
  }

  private func json(_ step: RunHistory.RateStep) -> JSONValue {
    [
      "group": .int(step.group), "from_epoch": optional(epoch(step.from)),
      "to_epoch": optional(epoch(step.to)), "before": .double(step.before),
      "after": .double(step.after),
    ]
  }

  private func json(_ step: RunStep) -> JSONValue {
    [
      "from_epoch": optional(epoch(step.from)), "to_epoch": optional(epoch(step.to)),
      "from_file": .string(history.files[step.from].path),
      "to_file": .string(history.files[step.to].path),
      "model": json(step.model, isNamed: false),
      "layers": .array(step.layers.map { json($0) }),
      "tensors": .array(step.tensors.map { json($0) }),
      "batch_norms": .array(step.batchNorms.map(json)),
      "unmatched": .int(step.unmatched),
    ]
  }

  private func json(_ movement: Movement, isNamed: Bool = true) -> JSONValue {
    .object(optional: [
      ("name", isNamed ? .string(movement.name) : nil),
      ("count", .int(movement.count)), ("norm", .double(movement.norm)),
      ("update", .double(movement.update)), ("relative", optional(movement.relative)),
      ("cosine", optional(movement.cosine)), ("from_first", optional(movement.fromFirst)),
      ("unmoved", .bool(movement.isUnmoved)),
    ])
  }

  private func json(_ drift: BatchNormDrift) -> JSONValue {
    [
      "name": .string(drift.name), "mean_shift_max": .double(drift.meanShiftMax),
      "mean_shift_mean": .double(drift.meanShiftMean),
      "variance_ratio_min": .double(drift.varianceRatioMin),
      "variance_ratio_max": .double(drift.varianceRatioMax),
      "dead": .int(drift.dead), "batches": optional(drift.batches),
    ]
  }

  private func json(_ frozen: RunHistory.FrozenTensor) -> JSONValue {
    [
      "tensor": .string(frozen.tensor), "from_epoch": optional(epoch(frozen.from)),
      "to_epoch": optional(epoch(frozen.to)), "throughout": .bool(frozen.isThroughout),
    ]
  }

  private func json(_ unit: DeadUnit) -> JSONValue {
    [
      "tensor": .string(unit.tensor), "channel": .int(unit.channel),
      "reason": .string(unit.reason.rawValue), "first_epoch": optional(epoch(unit.firstFile)),
      "at_last": .bool(unit.isDeadAtLast),
    ]
  }

  private func json(_ tensor: NonFiniteTensor) -> JSONValue {
    [
      "file": .string(history.files[tensor.file].path), "epoch": optional(epoch(tensor.file)),
      "tensor": .string(tensor.tensor), "nan": .int(tensor.nan),
      "infinite": .int(tensor.infinite),
    ]
  }

  private func json(_ layout: RunHistory.Layout) -> JSONValue {
    [
      "digest": .string(layout.digest),
      "architecture": layout.architecture.map(JSONValue.string) ?? .null,
      "parameters": .int(layout.parameters),
      "files": .array(layout.files.map { .string(history.files[$0].path) }),
    ]
  }

  private func optional(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
  private func optional(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
}
