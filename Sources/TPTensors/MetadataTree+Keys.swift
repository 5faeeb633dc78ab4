extension MetadataTree {
  /// A value as a component of a path, and as a short text: a text as it is, numbers in digits, the
  /// rest in Python's manner. Containers inside are not followed.
  public func pathComponent(_ handle: Handle) -> String {
    switch self[handle] {
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .int(let value): return String(value)
    case .bigInt(let digits): return digits
    case .float(let value):
      if value.isNaN { return "nan" }
      if value.isInfinite { return value < 0 ? "-inf" : "inf" }
      return "\(value)"
    case .string(let text): return text
    case .brokenString(let units):
      return units.map { unit in
        if let scalar = Unicode.Scalar(UInt32(unit)) { return String(Character(scalar)) }
        return "\\u" + String(unit, radix: 16)
      }.joined()
    case .bytes(let bytes):
      return "b'"
        + bytes.prefix(64).map { byte in
          (0x20...0x7E).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + hexPair(byte)
        }.joined() + (bytes.count > 64 ? "…'" : "'")
    case .tuple(let items):
      let texts = items.map { item in
        switch self[item] {
        case .list, .tuple, .dict, .set, .object: "…"
        default: pathComponent(item)
        }
      }
      return "(" + texts.joined(separator: ", ") + (texts.count == 1 ? ",)" : ")")
    case .list(let items): return "[\(items.count)]"
    case .set(let items): return "{\(items.count)}"
    case .dict(let entries): return "{\(entries.count)}"
    case .tensor: return "<tensor>"
    case .global(let name): return name
    case .object(let className, _, _, _, _): return "<\(className)>"
    }
  }
}

private func hexPair(_ byte: UInt8) -> String {
  let text = String(byte, radix: 16)
  return text.count == 1 ? "0" + text : text
}
