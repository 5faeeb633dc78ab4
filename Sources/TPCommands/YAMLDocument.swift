internal import TPBytes
internal import Yams

/// YAML read as the JSON that it could have been: mappings with texts as keys, lists, scalars.
///
/// Plain scalars are null, true, false and decimal integers as in YAML 1.2's core schema; anything
/// else, and whatever is quoted, is a text. Anchors are refused: aliases of them can make a few bytes
/// stand for more than memory holds.
enum YAMLDocument {
  /// Reads one document.
  ///
  /// - Throws: `PortError` with line and column of what is wrong.
  static func json(of file: SharedBytes) throws(PortError) -> JSONValue {
    let bytes = file.region.array()
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PortError(.malformed, "YAML: the text is not UTF-8")
    }
    guard !hasAnchor(bytes) else {
      throw PortError(
        .unsupported, "YAML: anchors (&name) are not read", remedy: "write it out instead")
    }
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch {
      throw PortError(.malformed, "YAML: " + clause(error))
    }
    guard let root else { throw PortError(.malformed, "YAML: the document is empty") }
    return try json(root)
  }

  private static func hasAnchor(_ bytes: [UInt8]) -> Bool {
    let before = Set(" \t\r\n[{,".utf8)
    let after = Set(" \t\r\n".utf8)
    return bytes.indices.contains { place in
      bytes[place] == UInt8(ascii: "&") && (place == 0 || before.contains(bytes[place - 1]))
        && place + 1 < bytes.count && !after.contains(bytes[place + 1])
    }
  }

  private static func json(_ node: Node) throws(PortError) -> JSONValue {
    switch node {
    case .scalar(let scalar): return value(scalar)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      for element in sequence { elements.append(try json(element)) }
      return .array(elements)
    case .mapping(let mapping):
      var members: [JSONValue.Member] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw PortError(.malformed, "YAML: a key is not a text" + place(key.mark))
        }
        members.append(.init(name.string, try json(value)))
      }
      return .object(members)
    case .alias(let alias):
      throw PortError(.unsupported, "YAML: aliases are not read" + place(alias.mark))
    }
  }

  private static func value(_ scalar: Node.Scalar) -> JSONValue {
    guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
    switch scalar.string {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    case let text: return Int(text).map(JSONValue.int) ?? .string(text)
    }
  }

  private static func place(_ mark: Mark?) -> String {
    mark.map { " (line \($0.line), column \($0.column))" } ?? ""
  }

  private static func clause(_ error: any Error) -> String {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      printable(problem, limit: 200) + place(mark)
    case .reader(let problem, _, _, _): printable(problem, limit: 200)
    case .duplicatedKeysInMapping(let keys, let context):
      "the key \(printable(keys.first ?? "", limit: 60)) occurs twice" + place(context.mark)
    default: "the text cannot be read"
    }
  }
}
