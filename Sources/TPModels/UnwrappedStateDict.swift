public import TPBytes
public import TPTensors

/// The state_dict of a model, taken out of whatever a training script wrapped around it.
public struct UnwrappedStateDict: Sendable {
  /// The entries under the names of the modules.
  public let stateDict: StateDict
  /// The key that it was under, for example `model_state_dict`; `nil` where the file is one.
  public let container: String?
  /// The prefixes that were taken off every name, outermost first, for example `module.`.
  public let prefixes: [String]
  /// Other keys of the file that hold a state_dict which fits as well, and were passed over.
  public let alternatives: [String]

  /// Where training scripts put a state_dict, in the order in which they are tried.
  public static let containers = ["model_state_dict", "state_dict", "model", "net"]
  /// What wrappers put before every name: DataParallel, torch.compile, a module that holds the
  /// model.
  public static let prefixes = ["module.", "_orig_mod.", "model."]
}

extension Architecture {
  /// Finds the state_dict that fits: under `UnwrappedStateDict.containers` in that order, then the
  /// file itself. A prefix is removed only where all names have it and the architecture's have not.
  ///
  /// - Parameters:
  ///   - checkpoint: the file with the weights.
  ///   - mapped: what is done to the names and tensors before they must fit; the result has them as
  ///     they were before.
  /// - Throws: `PortError` of kind `mismatch` with every problem of the first candidate where none
  ///   fits, or where the file holds no tensor; what `mapped` throws for the first candidate.
  public func unwrap(
    _ checkpoint: Checkpoint, mapped: Mapping? = nil
  ) throws(PortError) -> UnwrappedStateDict {
    let candidates = try candidates(checkpoint)
    if let found = unwrapped(candidates, mapped) { return found }
    guard let first = candidates.first else {
      throw PortError(
        .mismatch, "the file holds no tensors", remedy: "give a checkpoint with a state_dict")
    }
    throw misfit(first, mapped)
  }

  /// The same without a word on what does not fit, which takes many times as long.
  ///
  /// - Throws: `PortError` where two tensors have one name.
  func unwrapped(
    _ checkpoint: Checkpoint, mapped: Mapping?
  ) throws(PortError) -> UnwrappedStateDict? {
    unwrapped(try candidates(checkpoint), mapped)
  }

  private func unwrapped(_ candidates: [Candidate], _ mapped: Mapping?) -> UnwrappedStateDict? {
    let fitting = candidates.filter { candidate in
      guard let mapped else { return fits(candidate.stateDict) }
      return (try? mapped(candidate.stateDict)).map(fits) ?? false
    }
    guard let chosen = fitting.first else { return nil }
    return UnwrappedStateDict(
      stateDict: chosen.stateDict, container: chosen.container, prefixes: chosen.prefixes,
      alternatives: fitting.dropFirst().compactMap(\.container))
  }

  /// Makes the tensors that must fit out of those that a file holds.
  public typealias Mapping = (StateDict) throws(PortError) -> StateDict

  /// Why a candidate that does not fit does not.
  private func misfit(_ candidate: Candidate, _ mapped: Mapping?) -> PortError {
    var stateDict = candidate.stateDict
    do throws(PortError) {
      if let mapped { stateDict = try mapped(stateDict) }
    } catch {
      return place(error, candidate)
    }
    let error =
      match(stateDict).error
      ?? PortError(.mismatch, "the weights do not fit \(printable(label))")
    return place(error, candidate)
  }

  private struct Candidate {
    var container: String?
    var prefixes: [String]
    var stateDict: StateDict
  }

  private func candidates(_ checkpoint: Checkpoint) throws(PortError) -> [Candidate] {
    var list: [Candidate] = []
    let weights = checkpoint.weights
    for container in UnwrappedStateDict.containers {
      let inside = weights.filter { $0.path.count > 1 && $0.path[0] == container }
      if !inside.isEmpty {
        list.append(
          try candidate(
            inside.map { ($0.path.dropFirst().joined(separator: "."), $0.tensor) }, container))
      }
    }
    if !weights.isEmpty {
      list.append(try candidate(weights.map { ($0.name, $0.tensor) }, nil))
    }
    return list
  }

  private func candidate(
    _ pairs: [(name: String, tensor: Tensor)], _ container: String?
  ) throws(PortError) -> Candidate {
    var pairs = pairs
    var removed: [String] = []
    // Names come from a file: one of a thousand prefixes is not worth the walk.
    while removed.count < 8, let prefix = sharedPrefix(pairs.map(\.name)) {
      removed.append(prefix)
      for index in pairs.indices {
        pairs[index].name = String(pairs[index].name.dropFirst(prefix.count))
      }
    }
    do throws(PortError) {
      return Candidate(container: container, prefixes: removed, stateDict: try StateDict(pairs))
    } catch {
      throw error.at(record: container ?? "state_dict")
    }
  }

  private func sharedPrefix(_ names: [String]) -> String? {
    UnwrappedStateDict.prefixes.first { prefix in
      names.allSatisfy { $0.hasPrefix(prefix) }
        && !parameterTable.allSatisfy { $0.name.hasPrefix(prefix) }
    }
  }

  private func place(_ error: PortError, _ candidate: Candidate) -> PortError {
    candidate.container.map { error.at(key: $0) } ?? error
  }
}
