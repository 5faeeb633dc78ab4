package import TPBytes
package import TPTensors

/// The files that fixtures/weight-files/make.py made, and what their makers say is in them.
package enum WeightFiles {
  package static func path(_ name: String) -> String { fixture("weight-files/" + name) }

  package static func bytes(_ name: String) throws -> [UInt8] {
    try SharedBytes(path: path(name)).region.array()
  }

  package static func expected(_ name: String) throws -> JSONValue {
    let file = try SharedBytes(path: path("expected.json"))
    return try JSONValue(parsing: file.bytes)[name] ?? .null
  }
}

/// What a body throws, `nil` where it does not.
package func failure(_ body: () throws(PortError) -> Void) -> PortError? {
  do throws(PortError) {
    try body()
    return nil
  } catch {
    return error
  }
}

extension JSONValue {
  /// A tensor of expected.json, in the words of `Tensor.summary()`.
  package var summary: String {
    let shape = self["shape"]?.array?.compactMap(\.int) ?? []
    return "\(self["dtype"]?.string ?? "?") \(shape) \(self["hex"]?.string ?? "?")"
  }
}

extension Tensor {
  /// Type, shape and the contiguous little-endian row-major bytes.
  package func summary() throws -> String {
    "\(dtype.rawValue) \(shape.extents) \(hexadecimal(try contiguousBytes().array()))"
  }
}
