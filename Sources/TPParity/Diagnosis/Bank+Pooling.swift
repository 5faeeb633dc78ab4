internal import TPModels

// Poolings of another kind, of other windows, of other divisors.
extension Bank {
  /// - Parameter layer: kernel, stride and padding as the layer list has them; `nil` of an adaptive
  ///   pooling.
  static func pool(
    _ pool: PoolStep, _ layer: Layer.Pool?, step: Int, _ context: BankContext
  ) -> [Hypothesis] {
    let faults = PoolFaults(
      pool: pool, layer: layer?.inVolume, step: step, context: context,
      input: Array(context.input.volume[1...]))
    return faults.kinds
      + (layer == nil ? faults.adaptiveWindows : faults.shifted + faults.otherSizes)
  }
}

/// Makes the hypotheses about one pooling.
private struct PoolFaults {
  let pool: PoolStep
  let layer: Layer.Pool?
  let step: Int
  let context: BankContext
  /// Depth, height and width of the input.
  let input: [Int]

  private func hypothesis(
    _ fault: Fault, _ what: String, _ remedy: String, _ changed: PoolStep
  ) -> Hypothesis? {
    if changed == pool { return nil }
    return Hypothesis(
      fault: fault, step: step, what: what, remedy: remedy, steps: { _ in [.pool(changed)] })
  }

  /// Averages for maxima, maxima for averages; averages that count the padding, or do not.
  var kinds: [Hypothesis] {
    let alike = "use the same kind of pooling in both models"
    var other = pool
    other.isMaximum.toggle()
    other.counts = []
    if !pool.isMaximum {
      let maxima = hypothesis(
        .poolingKind, "the golden takes maxima, not averages", alike, other)
      return [maxima, padding].compactMap { $0 }
    }
    var counted = other
    if let layer, layer.padding.contains(where: { $0 > 0 }) || layer.rounding == .ceiling {
      counted.count(padding: layer.padding, of: input)
    }
    return (counted == other ? [other] : [other, counted]).compactMap {
      hypothesis(.poolingKind, "the golden takes averages, not maxima", alike, $0)
    }
  }

  /// The other setting of count_include_pad, where that makes a difference.
  private var padding: Hypothesis? {
    guard let layer, layer.padding.contains(where: { $0 > 0 }) else { return nil }
    var other = pool
    if pool.counts.isEmpty {
      other.count(padding: layer.padding, of: input)
    } else {
      other.counts = []
    }
    let golden = pool.counts.isEmpty ? "True" : "False"
    return hypothesis(
      .padding, "the golden's averages have count_include_pad=\(golden)",
      "set count_include_pad alike in both models", other)
  }

  /// Windows that do not overlap as torch's do where sizes do not divide.
  var adaptiveWindows: [Hypothesis] {
    let sizes = zip(input, pool.bins)
    let floors = sizes.map { extent, bins in
      bins.indices.map { $0 * extent / bins.count..<($0 + 1) * extent / bins.count }
    }
    let equal = sizes.map { extent, bins in
      let stride = max(1, extent / bins.count)
      let kernel = extent - (bins.count - 1) * stride
      return bins.indices.map { $0 * stride..<$0 * stride + max(0, kernel) }
    }
    let ends = sizes.map { extent, bins in
      let size = (extent + bins.count - 1) / bins.count
      return bins.indices.map { place in
        let start = min(place * size, extent - 1)
        return start..<max(start, min((place + 1) * size, extent))
      }
    }
    return [floors, equal, ends].compactMap { bins in
      guard bins.allSatisfy({ $0.allSatisfy { !$0.isEmpty } }) else { return nil }
      var changed = pool
      changed.bins = bins
      return hypothesis(
        .adaptiveBins, "the adaptive windows do not overlap as torch's do",
        "torch's window runs from floor(i in / out) to ceil((i + 1) in / out)", changed)
    }
  }

  /// Windows that begin one place sooner or later, along one axis or along all.
  var shifted: [Hypothesis] {
    let axes = (0..<3).filter { axis in pool.bins[axis].contains { $0.count > 1 } }
    let choices = axes.map { [$0] } + (axes.count > 1 ? [axes] : [])
    return choices.flatMap { chosen in
      [-1, 1].compactMap { shift in
        var moved = pool
        for axis in chosen {
          moved.bins[axis] = pool.bins[axis].map {
            $0.lowerBound + shift..<$0.upperBound + shift
          }
        }
        let along =
          chosen.count == 1 ? context.name(ofAxis: chosen[0]) : "every axis"
        return hypothesis(
          .padding, "the golden's windows are shifted by \(shift) along \(along)",
          "use the same padding in both poolings", moved)
      }
    }
  }

  /// Another kernel, stride, padding and ceil_mode: seen by the recorded extents.
  var otherSizes: [Hypothesis] {
    let axes = context.axes
    guard let layer, let recorded = context.recorded, recorded.count == context.input.count,
      !axes.isEmpty
    else { return [] }
    let wanted = Array(recorded.volume[1...])
    var all: [Hypothesis] = []
    var tried: Set<[[Range<Int>]]> = []
    for order in permutations(3) where (0..<axes.lowerBound).allSatisfy({ order[$0] == $0 }) {
      var other = layer
      other.kernel = order.map { layer.kernel[$0] }
      // Of each axis by itself: a stride may have been given for one of them.
      let strides = order.map { axis in
        axes.contains(axis)
          ? Set([layer.stride[axis], layer.kernel[axis], 1, 2, layer.stride[axis] + 1]).sorted()
          : [1]
      }
      for padding in paddings(other.kernel, order) {
        other.padding = padding
        for stride in choices(strides) {
          other.stride = stride
          for rounding in [Layer.Pool.Rounding.floor, .ceiling] {
            other.rounding = rounding
            guard other.outputs(input) == wanted else { continue }
            let changed = PoolStep(
              other, isMaximum: pool.isMaximum, over: input, to: wanted)
            guard tried.insert(changed.bins).inserted else { continue }
            all.append(sized(other, changed))
          }
        }
      }
    }
    return all
  }

  /// The layer's own padding, none, and half of the kernel.
  private func paddings(_ kernel: [Int], _ order: [Int]) -> [[Int]] {
    guard let own = layer?.padding else { return [] }
    var all = [order.map { own[$0] }]
    for other in [[0, 0, 0], kernel.map { $0 / 2 }] where !all.contains(other) {
      all.append(other)
    }
    return all
  }

  /// One of each.
  private func choices(_ each: [[Int]]) -> [[Int]] {
    each.reduce([[]]) { begun, next in begun.flatMap { start in next.map { start + [$0] } } }
  }

  private func sized(_ other: Layer.Pool, _ changed: PoolStep) -> Hypothesis {
    let fault: Fault
    let (what, alike): (String, String)
    if other.rounding != layer?.rounding {
      fault = .ceilMode
      what =
        other.rounding == .ceiling
        ? "the golden keeps windows that do not fit whole (ceil_mode)"
        : "the golden leaves out windows that do not fit whole (no ceil_mode)"
      alike = "set ceil_mode alike in both models"
    } else if other.padding != layer?.padding, other.stride == layer?.stride {
      fault = .padding
      what = "the golden pools with a padding of \(context.sizes(other.padding))"
      alike = "use the same padding in both poolings"
    } else {
      fault = .stride
      what =
        "the golden pools with a kernel of \(context.sizes(other.kernel)) and a stride of"
        + " \(context.sizes(other.stride))"
      alike = "use the same kernel and stride in both models"
    }
    return Hypothesis(
      fault: fault, step: step, what: what, remedy: alike, steps: { _ in [.pool(changed)] })
  }
}

extension Layer.Pool {
  /// Extents of the output over three axes; 0 where no window fits.
  fileprivate func outputs(_ input: [Int]) -> [Int] {
    (0..<3).map { axis in
      let reach = (kernel[axis] - 1) * dilation[axis] + 1
      let free = input[axis] + 2 * padding[axis] - reach
      guard free >= 0 else { return 0 }
      var count = free / stride[axis] + 1
      // A window that would begin in the padding at the end is left out.
      if rounding == .ceiling, free % stride[axis] != 0,
        count * stride[axis] < input[axis] + padding[axis]
      {
        count += 1
      }
      return count
    }
  }
}
