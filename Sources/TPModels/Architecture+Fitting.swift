public import TPBytes
public import TPTensors

extension Architecture {
  /// The architecture that a checkpoint's weights fit: the one that the file states, else the only
  /// built-in one that fits.
  ///
  /// - Parameters:
  ///   - stated: the name that the file gives; `nil` or `none` where it gives none.
  ///   - mapped: what is done to the names and tensors before they must fit.
  /// - Throws: `PortError` of kind `mismatch` with every problem where none fits, of kind `usage`
  ///   where several do, of kind `unsupported` where the stated one is unknown.
  public static func fitting(
    _ checkpoint: Checkpoint, stated: String? = nil, mapped: Mapping? = nil
  ) throws(PortError) -> (architecture: Architecture, unwrapped: UnwrappedStateDict) {
    if let stated, stated != "none" {
      let architecture: Architecture
      do throws(PortError) {
        architecture = try named(stated)
      } catch {
        // Who gave the file did not name it: this is no wrong call.
        throw PortError(
          .unsupported,
          "the file was made for the architecture \(printable(stated, limit: 60)), which is unknown"
            + " here", key: "torchport.architecture",
          remedy: "choose one with --architecture: "
            + builtIn.map(\.name).joined(separator: ", "))
      }
      return (architecture, try architecture.unwrap(checkpoint, mapped: mapped))
    }
    var fits: [(architecture: Architecture, unwrapped: UnwrappedStateDict)] = []
    var first: PortError?
    for architecture in builtIn {
      do throws(PortError) {
        fits.append((architecture, try architecture.unwrap(checkpoint, mapped: mapped)))
      } catch {
        first = first ?? error
      }
    }
    guard let fit = fits.first else {
      throw first ?? PortError(.usage, "no architecture is built in")
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
}

extension UnwrappedStateDict {
  /// The state_dict of any model: what lies under the first of `containers` that holds tensors, else
  /// every tensor of the file. Prefixes stay, because nothing says what the names should be.
  ///
  /// - Throws: `PortError` where two tensors have one name.
  public init(of checkpoint: Checkpoint) throws(PortError) {
    for container in Self.containers {
      let inside = checkpoint.weights.filter { $0.path.count > 1 && $0.path[0] == container }
      if inside.isEmpty { continue }
      self.init(
        stateDict: try StateDict(
          inside.map { ($0.path.dropFirst().joined(separator: "."), $0.tensor) }),
        container: container, prefixes: [], alternatives: [])
      return
    }
    self.init(
      stateDict: try StateDict(checkpoint.weights.map { ($0.name, $0.tensor) }), container: nil,
      prefixes: [], alternatives: [])
  }
}
