extension Architecture {
  /// The same network with each batch norm that follows a convolution or a linear layer taken into
  /// it: the norm is gone from the list, and the layer's output goes by the norm's name.
  ///
  /// The names of the parameters stay; the norm's own are gone. A network without such norms is
  /// returned as it is, so folding twice is folding once.
  public func foldingBatchNorm() -> Architecture {
    var kept: [Layer] = []
    for (index, layer) in layers.enumerated() {
      guard case .batchNorm = layer.kind, let norm = layer.name, let previous = kept.last,
        previous.canFoldNorm(ofOutput: outputs[index - 1])
      else {
        kept.append(layer)
        continue
      }
      kept[kept.count - 1].foldedNorm = norm
      kept[kept.count - 1].addBias()
    }
    if kept.count == layers.count { return self }
    return Architecture(
      known: name, input: input, framesAxis: framesAxis, classes: classes, layers: kept)
  }

  /// Whether a batch norm was folded into a layer before it.
  public var isFolded: Bool { layers.contains { $0.foldedNorm != nil } }

  /// The name, and whether batch norms are folded.
  public var label: String { isFolded ? name + " with folded batch norms" : name }

  /// Outputs that the network does not have any more, because what was computed from them is
  /// computed at once, and the name of what it is, in forward order.
  public var absorbed: [(name: String, into: String)] {
    layers.compactMap { layer in
      guard let name = layer.name, let norm = layer.foldedNorm else { return nil }
      return (name, norm)
    }
  }
}

extension Layer {
  /// Gives the layer the bias that a batch norm folded into it becomes.
  fileprivate mutating func addBias() {
    switch kind {
    case .convolution(var conv):
      conv.hasBias = true
      kind = .convolution(conv)
    case .linear(var linear):
      linear.hasBias = true
      kind = .linear(linear)
    default: break
    }
  }

  /// Whether a batch norm of the output, of these extents, can be folded into the weights: its
  /// channels must be the layer's, and those of a linear layer with rows are the rows.
  fileprivate func canFoldNorm(ofOutput extents: [Int]) -> Bool {
    guard name != nil, foldedNorm == nil else { return false }
    switch kind {
    case .convolution: return true
    case .linear: return extents.count == 1
    default: return false
    }
  }
}
