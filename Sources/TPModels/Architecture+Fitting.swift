public import TPBytes
public import TPTensors

extension Architecture {
  /// What a checkpoint's weights fit, and the weights.
  public typealias Fit = (architecture: Architecture, unwrapped: UnwrappedStateDict)

  /// The architecture that a checkpoint's weights fit: the one that the file describes or names, else the only
  /// built-in one that fits, each as it is or with its batch norms folded.
  ///
  /// - Parameters:
  ///   - checkpoint: the file with the weights.
  ///   - stated: what the file says of it.
  ///   - batchNorm: `separate` or `folded`, where the file says it.
  ///   - mapped: what is done to the names and tensors before they must fit.
  /// - Throws: `PortError` of kind `mismatch` with every problem where none fits, of kind `usage`
  ///   where several do, and as `stated(_:)` does.
  public static func fitting(
    _ checkpoint: Checkpoint, stated: Statement = Statement(), batchNorm: String? = nil,
    mapped: Mapping? = nil
  ) throws(PortError) -> Fit {
    if let architecture = try Architecture.stated(stated) {
      return try architecture.fit(checkpoint, batchNorm: batchNorm, mapped: mapped)
    }
    let fits = builtIn.compactMap { try? $0.fitting(checkpoint, batchNorm, mapped) }
    guard let fit = fits.first else {
      var misfits: [(architecture: Architecture, error: PortError)] = []
      for architecture in builtIn {
        do throws(PortError) {
          return try architecture.fit(checkpoint, batchNorm: batchNorm, mapped: mapped)
        } catch {
          misfits.append((architecture, error))
        }
      }
      throw nearest(misfits, checkpoint)
    }
    guard fits.count == 1 else {
      throw PortError(
        .usage,
        "the weights fit several architectures: "
          + fits.map(\.architecture.name).joined(separator: ", "),
        remedy: "choose one with --architecture")
    }
    return fit
  }

  /// What is wrong with the weights as those of the built-in architecture that most of them fit, and
  /// how many entries fit each.
  private static func nearest(
    _ misfits: [(architecture: Architecture, error: PortError)], _ checkpoint: Checkpoint
  ) -> PortError {
    // A hostile file may have a million entries; the first thousands are enough to count.
    let entries = checkpoint.weights.prefix(4_000).map { ("." + $0.name, $0.tensor.shape) }
    let counts = misfits.map { misfit in
      misfit.architecture.parameterTable.count { spec in
        entries.contains { $0.1 == spec.shape && $0.0.hasSuffix("." + spec.name) }
      }
    }
    let order = misfits.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
    guard let best = order.first else {
      return PortError(.usage, "no architecture is built in")
    }
    let error = misfits[best].error
    // What a map says of its own rule is not about any architecture.
    guard error.kind == .mismatch, error.message.hasPrefix("the weights do not fit") else {
      return error
    }
    let more = "or describe the network in a file: --architecture FILE.json"
    // Of a network that has nothing to do with them, lists of their entries say nothing.
    let isForeign = !misfits.contains { misfit in
      misfit.architecture.parameterTable.contains { spec in
        spec.shape.extents.count > 1 && entries.contains { $0.1 == spec.shape }
      }
    }
    if isForeign, !entries.isEmpty {
      let names = misfits.map(\.architecture.name).joined(separator: " or ")
      return PortError(
        .mismatch,
        "the weights are of another network: no matrix in the file has a shape of one in \(names)",
        file: error.file, remedy: "choose the weights of such a network, " + more)
    }
    let candidates = order.map { index in
      let all = misfits[index].architecture.parameterTable.count
      return "\(misfits[index].architecture.name) \(counts[index]) of \(all) entries"
    }
    return PortError(
      .mismatch,
      error.message + "; of the built-in architectures none fits: "
        + candidates.joined(separator: ", "),
      file: error.file, offset: error.offset, record: error.record, key: error.key,
      remedy: error.remedy.map { $0 + ", " + more } ?? more)
  }

  /// The weights of a checkpoint that fit this network, as it is or with its batch norms folded.
  ///
  /// - Parameters:
  ///   - checkpoint: the file with the weights.
  ///   - batchNorm: `separate` or `folded`, where the file says it; else the weights tell.
  ///   - mapped: what is done to the names and tensors before they must fit.
  /// - Throws: `PortError` as `unwrap(_:mapped:)` does, about the network that the file states, else
  ///   about this one.
  public func fit(
    _ checkpoint: Checkpoint, batchNorm: String? = nil, mapped: Mapping? = nil
  ) throws(PortError) -> Fit {
    if let fit = try fitting(checkpoint, batchNorm, mapped) { return fit }
    let wanted = batchNorm == "folded" ? foldingBatchNorm() : self
    return (wanted, try wanted.unwrap(checkpoint, mapped: mapped))
  }

  /// The same; `nil` where nothing fits.
  private func fitting(
    _ checkpoint: Checkpoint, _ batchNorm: String?, _ mapped: Mapping?
  ) throws(PortError) -> Fit? {
    let folded = foldingBatchNorm()
    if batchNorm != "folded" || folded == self,
      let unwrapped = try unwrapped(checkpoint, mapped: mapped)
    {
      return (self, unwrapped)
    }
    guard batchNorm != "separate", folded != self else { return nil }
    return try folded.unwrapped(checkpoint, mapped: mapped).map { (folded, $0) }
  }
}

extension UnwrappedStateDict {
  /// The state_dict of any model: what lies under the first of `containers` that holds tensors, else
  /// every tensor of the file. Prefixes stay, because nothing says what the names should be.
  ///
  /// - Throws: `PortError` where two tensors have one name.
  public init(of checkpoint: Checkpoint) throws(PortError) {
    let weights = checkpoint.weights
    for container in Self.containers {
      let inside = weights.filter { $0.path.count > 1 && $0.path[0] == container }
      if inside.isEmpty { continue }
      self.init(
        stateDict: try StateDict(
          inside.map { ($0.path.dropFirst().joined(separator: "."), $0.tensor) }),
        container: container, prefixes: [], alternatives: [])
      return
    }
    self.init(
      stateDict: try StateDict(weights.map { ($0.name, $0.tensor) }), container: nil,
      prefixes: [], alternatives: [])
  }
}
