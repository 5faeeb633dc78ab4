public import TPBytes
public import TPModels
internal import TPTensors

/// What `inspect --architecture` tells about a network.
public struct ArchitectureReport: Sendable {
  /// The network.
  public var architecture: Architecture

  /// A report on a network.
  public init(_ architecture: Architecture) { self.architecture = architecture }

  /// One layer with what it costs.
  private struct Row {
    var layer: Layer
    var input: [Int]
    var output: [Int]
    var entries: [ParameterSpec]
    var multiplyAdds: Int

    /// Trained numbers, or the others.
    func count(_ kind: ParameterSpec.Kind) -> Int {
      entries.reduce(0) { $0 + ($1.kind == kind ? $1.shape.elementCount : 0) }
    }
  }

  private var rows: [Row] {
    var input = architecture.input
    return architecture.layers.indices.map { index in
      let layer = architecture.layers[index]
      let row = Row(
        layer: layer, input: input, output: architecture.outputs[index],
        entries: architecture.entries(ofLayer: index),
        multiplyAdds: architecture.multiplyAdds(ofLayer: index))
      input = row.output
      return row
    }
  }

  /// The keys of the JSON object, without the envelope.
  public var json: JSONValue {
    let rows = rows
    return [
      "architecture": .string(architecture.name),
      "input": list(architecture.input),
      "frames_axis": architecture.framesAxis.map { .int($0) } ?? .null,
      "classes": architecture.classes.map { .array($0.map(JSONValue.string)) } ?? .null,
      "parameters": .int(architecture.parameterCount),
      "entries": .int(architecture.parameterTable.count),
      "multiply_adds": .int(total(rows)),
      "layers": .array(
        rows.map { row in
          [
            "name": row.layer.name.map(JSONValue.string) ?? .null,
            "kind": .string(row.layer.kind.type),
            "activation": row.layer.activation.map(JSONValue.string) ?? .null,
            "input": list(row.input),
            "output": list(row.output),
            "parameters": .int(row.count(.parameter)),
            "multiply_adds": .int(row.multiplyAdds),
            "entries": .array(
              row.entries.map {
                [
                  "name": .string($0.name), "dtype": .string($0.dtype.rawValue),
                  "shape": list($0.shape.extents), "trained": .bool($0.kind == .parameter),
                ]
              }),
          ]
        }),
      "description": architecture.json,
    ]
  }

  /// The report for a terminal.
  public var text: String {
    let rows = rows
    var table = Table([
      ("layer", .left), ("kind", .left), ("output", .left), ("parameters", .right),
      ("multiply-adds", .right),
    ])
    for row in rows {
      let parameters = row.count(.parameter)
      table.add(
        row.layer.name.map { printable($0, limit: 60) } ?? "", row.layer.kind.type,
        extents(row.output), parameters == 0 ? "" : grouped(parameters),
        row.multiplyAdds == 0 ? "" : grouped(row.multiplyAdds))
    }
    let buffers = rows.reduce(0) { $0 + $1.count(.buffer) }
    var text = "\(printable(architecture.name)): a clip is \(extents(architecture.input))"
    if let axis = architecture.framesAxis {
      text += ", of \(architecture.input[axis]) frames or as many as the layers take"
    }
    text += "\n" + table.text
    text +=
      "\(counted(architecture.parameterCount, "parameter")), \(grouped(buffers)) numbers of state,"
      + " \(grouped(architecture.parameterTable.count)) state_dict entries,"
      + " \(grouped(total(rows))) multiply-adds for a clip\n"
    if let classes = architecture.classes {
      text += "classes: " + classes.map { printable($0, limit: 60) }.joined(separator: ", ") + "\n"
    }
    return text
  }

  /// The sum, or the largest number where it is beyond that.
  private func total(_ rows: [Row]) -> Int {
    rows.reduce(0) { sum, row in
      let (next, overflow) = sum.addingReportingOverflow(row.multiplyAdds)
      return overflow ? .max : next
    }
  }

  private func extents(_ list: [Int]) -> String {
    list.map(String.init).joined(separator: " x ")
  }

  private func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map(JSONValue.int)) }
}
