internal import TPBytes
internal import TPModels

/// The layers between two recorded activations: the one that they read and the one that they give.
struct Segment: Sendable {
  /// The name of what is read: an activation, or `input`.
  var source: String
  /// The name of what is given.
  var target: String
  /// The extents of the source, without the clips.
  var extents: [Int]
  /// The places of the layers in the architecture.
  var layers: Range<Int>
  /// What the layers do.
  var steps: [SegmentStep]

  /// The extents of the target, without the clips.
  var outputExtents: [Int] { steps.reduce(extents) { $1.outputExtents($0) } }

  /// The activation at the end, as far as the source allows.
  ///
  /// - Parameters:
  ///   - source: the recorded values, or computed ones.
  ///   - positions: what is wanted; `nil`: all of it. More may come.
  ///   - judging: whether rounding noise is carried, from a source without any.
  func evaluate(_ source: Field, at positions: [Int]?, judging: Bool) -> Field? {
    evaluate(steps, source, at: positions, judging: judging)
  }

  /// The same with other steps.
  func evaluate(
    _ steps: [SegmentStep], _ source: Field, at positions: [Int]?, judging: Bool
  ) -> Field? {
    var shapes = [source.extents]
    for step in steps { shapes.append(step.outputExtents(shapes[shapes.count - 1])) }
    // A golden of another shape has positions that these steps do not compute.
    if let last = positions?.last, last >= (shapes.last ?? []).reduce(1, *) { return nil }
    var demands: [[Int]?] = [positions]
    for (step, shape) in zip(steps, shapes).reversed() {
      demands.append(step.demand(demands[demands.count - 1], input: shape))
    }
    demands.reverse()
    var field = source
    for (step, demand) in zip(steps, demands.dropFirst()) {
      guard let next = step.apply(field, at: demand, judging: judging), !next.values.isEmpty
      else { return nil }
      field = next
    }
    return field
  }
}

extension Architecture {
  /// The layers of a range as steps.
  func steps(_ range: Range<Int>, _ weights: BoundWeights) -> [SegmentStep] {
    range.map { index in
      SegmentStep(
        layers[index], input: index == 0 ? input : outputs[index - 1], output: outputs[index],
        weights)
    }
  }

  /// The layer whose output an activation is; `logits` is that of the last.
  func layer(of activation: String) -> Int? {
    if activation == Architecture.logits { return layers.count - 1 }
    return layers.firstIndex { $0.activation == activation }
  }
}
