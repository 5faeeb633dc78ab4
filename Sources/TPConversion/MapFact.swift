internal import TPBytes
internal import TPCheckpoints

/// The fact `map` of a weight file: every rule that its tensors went through since they left PyTorch.
enum MapFact {
  /// What a new file says: the rules that its source says, then those of this conversion.
  ///
  /// - Throws: `PortError` where the source's cannot be read.
  static func text(_ known: ModelFacts, _ map: TensorMap?) throws(PortError) -> String? {
    guard let earlier = try rules(known) else { return map?.json.text() }
    return (map.map(earlier.followed(by:)) ?? earlier).json.text()
  }

  /// The rules that a file says; `nil` where it says none.
  ///
  /// - Throws: `PortError` where they cannot be read.
  static func rules(_ known: ModelFacts) throws(PortError) -> TensorMap? {
    guard let text = known.map else { return nil }
    do throws(PortError) {
      return try TensorMap(try JSONValue(parsing: text))
    } catch {
      throw PortError(error.kind, error.message, key: "torchport.map", remedy: error.remedy)
    }
  }
}
