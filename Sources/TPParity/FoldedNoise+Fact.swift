package import TPBytes
package import TPModels

// The fact `folded` of a weight file: a JSON object, layer -> {"norm": its name, "mean": [a
// running_mean of each channel], "shift": [beta - a running_mean]}, float32 in the fewest digits
// that tell it.
extension Architecture {
  /// The text of the fact for a network with folded norms.
  package func fact(_ noise: [String: FoldedNoise]) -> String {
    let numbers = { (values: [Float]) -> JSONValue in
      .array(values.map { .double(Double("\($0)") ?? Double($0)) })
    }
    return JSONValue.object(
      absorbed.compactMap { layer in
        noise[layer.name].map {
          .init(
            layer.name,
            ["norm": .string(layer.into), "mean": numbers($0.mean), "shift": numbers($0.shift)])
        }
      }
    ).text()
  }

  /// What the fact says about this network.
  ///
  /// - Throws: `PortError` of kind `malformed` where it is of another network, or no such JSON.
  package func foldedNoise(fact: String) throws(PortError) -> [String: FoldedNoise] {
    let problem = { (what: String) in
      PortError(.malformed, what, key: "torchport.folded", remedy: "convert the checkpoint again")
    }
    guard let members = (try? JSONValue(parsing: fact))?.members else {
      throw problem("what was folded is not told as a JSON object")
    }
    var noise: [String: FoldedNoise] = [:]
    for member in members {
      guard let index = layers.firstIndex(where: { $0.name == member.key }),
        let norm = layers[index].foldedNorm, member.value["norm"]?.string == norm
      else {
        throw problem("\(printable(member.key, limit: 60)) is no layer with a folded batch norm")
      }
      func numbers(_ key: String) -> [Float]? {
        let values = member.value[key]?.array?.compactMap(\.double).map { Float($0) }
        guard let values, values.count == outputs[index].first, values.allSatisfy(\.isFinite)
        else { return nil }
        return values
      }
      guard let mean = numbers("mean"), let shift = numbers("shift") else {
        throw problem("\(member.key) has not two finite numbers for each channel")
      }
      noise[member.key] = FoldedNoise(mean: mean, shift: shift)
    }
    return noise
  }
}
