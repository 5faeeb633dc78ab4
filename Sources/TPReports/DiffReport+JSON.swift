public import TPBytes
internal import TPComparison
internal import TPEvaluation
internal import TPTensors

extension DiffReport {
  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    let others = difference.otherTensors
    return [
      "a": .string(a),
      "b": .string(b),
      "identical": .bool(difference.isIdentical),
      "summary": .string(summary),
      "headers": .array(difference.headers.map(\.json)),
      "tensors": .array(shown.map(json)),
      "other_tensors": [
        "identical": .int(others.identical), "changed": .int(others.changed),
        "added": .int(others.added), "removed": .int(others.removed),
      ],
      "batch_norms": .array(difference.batchNorms.map(\.json)),
      "counted_steps": optional(difference.countedSteps.map(JSONValue.int)),
      "optimizer": optional(difference.optimizer?.json),
      "behaviour": .array(difference.behaviours.map(\.json)),
      "metadata": .array(
        difference.metadata.map { change in
          [
            "path": .array(change.path.map(JSONValue.string)),
            "before": optional(change.before.map(JSONValue.string)),
            "after": optional(change.after.map(JSONValue.string)),
          ]
        }),
      "left_out": .array(difference.leftOut.map(JSONValue.string)),
      "derivation": optional(
        difference.derivation.map {
          [
            "made": .string($0.made), "reason": .string($0.reason), "exact": .bool($0.isExact),
          ]
        }),
      "rules": .array(
        verdicts.map {
          ["rule": .string($0.rule), "evidence": optional($0.evidence.map(JSONValue.string))]
        }),
    ]
  }

  private func json(_ tensor: TensorDifference) -> JSONValue {
    var members: [(String, JSONValue?)] = [
      ("name", .string(tensor.name)),
      ("status", .string(tensor.status.rawValue)),
      (
        "dtype",
        .array([tensor.a, tensor.b].map { $0.map { .string($0.dtype.rawValue) } ?? .null })
      ),
      (
        "shape",
        .array(
          [tensor.a, tensor.b].map {
            $0.map { .array($0.shape.extents.map(JSONValue.int)) } ?? .null
          })
      ),
      ("new_name", tensor.newName.map(JSONValue.string)),
      ("ambiguous", tensor.isAmbiguous ? .bool(true) : nil),
      ("cast", tensor.cast.map { .string($0.rawValue) }),
    ]
    if let measures = tensor.measures { members += measures.members }
    return .object(optional: members)
  }
}

/// A value, or null.
private func optional(_ value: JSONValue?) -> JSONValue { value ?? .null }

extension TensorMeasures {
  fileprivate var members: [(String, JSONValue?)] {
    var members: [(String, JSONValue?)] = [
      ("norm_a", .double(normA)),
      ("norm_b", .double(normB)),
      ("norm_delta", .double(normDelta)),
      ("relative", optional(relative.map(JSONValue.double))),
      ("cosine", optional(cosine.map(JSONValue.double))),
      ("max_abs", .double(maxAbs)),
      ("max_index", optional(maxIndex.map(JSONValue.int))),
      ("changed", .double(changed)),
      ("changed_count", .int(changedCount)),
    ]
    if let details {
      members += [
        ("mean_abs", .double(details.meanAbs)),
        ("median_abs", .double(details.medianAbs)),
        ("p99_abs", .double(details.p99Abs)),
        ("non_finite", .int(details.nonFinite)),
        ("sign_flips", .int(details.signFlips)),
        ("ulps", optional(details.ulps.map { .array($0.map(JSONValue.int)) })),
        (
          "channels",
          .array(
            details.channels.map {
              [
                "index": .int($0.index), "norm_delta": .double($0.normDelta),
                "norm_a": .double($0.normA),
              ]
            })
        ),
        ("statistics", .array([details.a.json, details.b.json])),
      ]
    }
    if let singularValues {
      members.append(
        (
          "singular_values",
          ["a": .double(singularValues.a), "delta": .double(singularValues.delta)]
        )
      )
    }
    return members
  }
}

extension TensorMeasures.Statistics {
  fileprivate var json: JSONValue {
    [
      "min": optional(minimum.map(JSONValue.double)),
      "max": optional(maximum.map(JSONValue.double)),
      "mean": optional(mean.map(JSONValue.double)),
      "std": optional(standardDeviation.map(JSONValue.double)),
      "nan": .int(nan), "inf": .int(infinite), "zero": .int(zero), "denormal": .int(denormal),
    ]
  }
}

extension CheckpointHeader {
  fileprivate var json: JSONValue {
    func fields(_ fields: [Field]) -> JSONValue {
      .array(fields.map { ["key": .string($0.key), "value": .string($0.text)] })
    }
    return [
      "container": .string(container.rawValue),
      "format_version": optional(formatVersion.map(JSONValue.string)),
      "digest": optional(digest.map(JSONValue.string)),
      "epoch": optional(epoch.map(JSONValue.int)),
      "step": optional(step.map(JSONValue.double)),
      "learning_rates": .array(learningRates.map(JSONValue.double)),
      "figures": .array(figures.map { ["key": .string($0.key), "value": .double($0.value)] }),
      "optimizer": optional(optimizer.map(JSONValue.string)),
      "hyperparameters": fields(hyperparameters),
      "scheduler": fields(scheduler),
      "classes": optional(classes.map { .array($0.map(JSONValue.string)) }),
      "parts": .array(parts.map(JSONValue.string)),
    ]
  }
}

extension BatchNormChange {
  fileprivate var json: JSONValue {
    [
      "name": .string(name),
      "mean_shift": optional(meanShift.map(JSONValue.double)),
      "mean_shift_channel": optional(meanShiftChannel.map(JSONValue.int)),
      "variance_ratio": optional(
        varianceRatio.map { .array([.double($0.lowerBound), .double($0.upperBound)]) }),
      "doubled": .int(doubled), "halved": .int(halved),
      "dead": .array([.int(deadInA), .int(deadInB)]),
      "batches": .array([batchesInA, batchesInB].map { optional($0.map(JSONValue.int)) }),
      "steps": optional(steps.map(JSONValue.int)),
    ]
  }
}

extension OptimizerChange {
  fileprivate var json: JSONValue {
    func pair(_ values: [Double?]) -> JSONValue {
      .array(values.map { optional($0.map(JSONValue.double)) })
    }
    return [
      "parameters": .array(
        parameters.map {
          [
            "name": .string($0.name), "index": .int($0.index),
            "first_moment": pair($0.firstMoment), "second_moment": pair($0.secondMoment),
            "steps": optional($0.steps.map(JSONValue.double)),
            "expected_step": optional($0.expectedStep.map(JSONValue.double)),
            "observed": optional($0.observed.map(JSONValue.double)),
            "cosine": optional($0.cosine.map(JSONValue.double)),
            "ratio": optional($0.ratio.map(JSONValue.double)),
            "frozen": .bool($0.isFrozen),
          ]
        }),
      "without_parameter": .array(withoutParameter.map(JSONValue.int)),
      "without_state": .array(withoutState.map(JSONValue.string)),
    ]
  }
}

extension BehaviourChange {
  fileprivate var json: JSONValue {
    [
      "source": .string(source),
      "classes": .array(classes.indices.map { .string(classes.name($0)) }),
      "max_drift": .double(maxDrift), "mean_drift": .double(meanDrift),
      "smallest_margins": .array(
        [.double(smallestMargins.before), .double(smallestMargins.after)]),
      "right": optional(right.map { .array([.int($0.before), .int($0.after)]) }),
      "flips": .int(flips.count),
      "clips": .array(
        clips.map {
          [
            "clip": .int($0.clip), "label": optional($0.label.map(JSONValue.int)),
            "before": .int($0.before), "after": .int($0.after),
            "margin_before": .double($0.marginBefore), "margin_after": .double($0.marginAfter),
            "drift": .double($0.drift),
          ]
        }),
    ]
  }
}
