internal import CTPKernels
public import TPBytes

/// The output of one module for all clips in float64, and what honest float32 rounding does to it.
public struct TrueActivation: Sendable {
  /// The module's name, or `logits`.
  public let name: String
  /// (N, ...).
  public let shape: [Int]
  /// Row-major.
  public let values: [Double]
  /// The standard deviation of the rounding noise of each value, in the value's unit; where it is
  /// not 0, or the value is below float32's normal numbers, at least 2^-126.
  public let noise: [Float]
}

extension Network {
  /// Runs clips in float64 from the same float32 weights and input, with the standard deviation of
  /// float32's rounding noise for every element.
  ///
  /// A clip costs about 100 bytes for each element of the largest activation, besides what is
  /// recorded; run large goldens clip by clip.
  /// - Parameters:
  ///   - input: (N, ...) row-major, of the architecture's input.
  ///   - batch: N; 0 is allowed and gives empty results.
  ///   - recording: the activations to keep, by module name or `logits`.
  /// - Returns: those that were asked for, in forward order; `logits` last.
  /// - Throws: `PortError` where the input has another size, or the architecture no such
  ///   activation.
  public func truth(
    _ input: [Float], batch: Int, recording: Set<String>
  ) throws(PortError) -> [TrueActivation] {
    let count = try check(input.count, batch: batch, recording: recording)
    var kept: [String: (values: [Double], noise: [Float])] = [:]
    for spec in architecture.activations where recording.contains(spec.name) {
      kept[spec.name] = ([], [])
      kept[spec.name]?.values.reserveCapacity(spec.elementCount * batch)
      kept[spec.name]?.noise.reserveCapacity(spec.elementCount * batch)
    }
    var plan = truthPlan.take { TruthPlan(architecture, weights) }
    for clip in 0..<batch {
      plan.start(input[clip * count..<(clip + 1) * count])
      for index in plan.steps.indices {
        let elements = architecture.outputs[index].reduce(1, *)
        plan.apply(
          variant.code, plan.steps[index], count: architecture.inputCount(of: index),
          outputs: elements)
        if let folded = plan.foldedNoise[index] { plan.apply(folded, outputs: elements) }
        if let name = architecture.layers[index].activation {
          plan.append(variant.code, elements, to: &kept[name])
        }
      }
      plan.append(variant.code, architecture.classCount, to: &kept[Architecture.logits])
    }
    truthPlan.give(plan)
    return architecture.activations.compactMap { spec in
      kept[spec.name].map {
        TrueActivation(
          name: spec.name, shape: [batch] + spec.extents, values: $0.values, noise: $0.noise)
      }
    }
  }
}

extension TruthPlan {
  /// Appends the first elements of the current values to a record, where there is one.
  fileprivate func append(
    _ variant: Int32, _ count: Int, to record: inout (values: [Double], noise: [Float])?
  ) {
    if record == nil { return }
    record?.values.append(contentsOf: value.current[..<count])
    record?.noise.append(
      contentsOf: unsafe [Float](unsafeUninitializedCapacity: count) { free, made in
        if let place = free.baseAddress {
          unsafe tp_truth_noise(variant, count, value.current, noise.current, place)
          made = count
        }
      })
  }
}
