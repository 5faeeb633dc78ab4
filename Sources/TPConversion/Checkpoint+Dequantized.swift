internal import TPBytes
internal import TPTensors

extension Checkpoint {
  /// The same checkpoint with float32 values in place of quantized tensors, which no weight file
  /// holds, and a sentence that says so.
  func dequantized(
    limits: ReadLimits
  ) throws(PortError) -> (checkpoint: Checkpoint, warnings: [String]) {
    var copy = self
    var names: [String] = []
    for place in tensors.indices where tensors[place].tensor.quantization != nil {
      do throws(PortError) {
        guard let values = try tensors[place].tensor.dequantized(limits: limits) else { continue }
        copy.tensors[place].tensor = values
      } catch {
        throw error.at(key: tensors[place].name)
      }
      names.append(printable(tensors[place].name, limit: 60))
    }
    guard let first = names.first else { return (copy, []) }
    let others = names.count > 1 ? " and \(names.count - 1) more" : ""
    return (
      copy,
      ["written as the float32 values that the quantized integers stand for: " + first + others]
    )
  }
}

extension StateDict {
  /// A sentence that names the tensors that are sparse in the source: they are written with all their
  /// elements.
  var madeDense: [String] {
    let names = entries.filter {
      $0.tensor.layout != .strided && $0.tensor.layout != .nested
    }.map { printable($0.name, limit: 60) }
    guard let first = names.first else { return [] }
    let others = names.count > 1 ? " and \(names.count - 1) more" : ""
    return ["sparse in the source and written with every element: " + first + others]
  }
}
