internal import TPBytes

/// YAML read as the JSON that it could have been: mappings with texts as keys, lists, scalars.
///
/// Plain scalars are null, true, false and decimal integers as in YAML 1.2's core schema; anything
/// else, and whatever is quoted, is a text. Anchors are refused: aliases of them can make a few bytes
/// stand for more than memory holds.
enum YAMLDocument {
  /// Lists in lists, at most; what people write has five or so.
  static let maximalDepth = 64

  /// Reads one document.
  ///
  /// - Throws: `PortError` with line and column of what is wrong.
  static func json(of file: SharedBytes) throws(PortError) -> JSONValue {
    var events = try YAMLEvents(of: file)
    _ = try events.next()  // the start of the stream
    guard case .other = try events.next().kind else {
      throw PortError(.malformed, "YAML: the document is empty")
    }
    let first = try events.next()
    if case .scalar("", isPlain: true) = first.kind {
      throw PortError(.malformed, "YAML: the document is empty")
    }
    let value = try json(first, of: &events, depth: 0)
    _ = try events.next()  // the end of the document
    let end = try events.next()
    guard case .streamEnd = end.kind else {
      throw PortError(.malformed, "YAML: there is a second document" + end.place)
    }
    return value
  }

  private static func json(
    _ event: YAMLEvents.Event, of events: inout YAMLEvents, depth: Int
  ) throws(PortError) -> JSONValue {
    guard depth < maximalDepth else {
      throw PortError(.limit, "YAML: more than \(maximalDepth) levels lie in another" + event.place)
    }
    switch event.kind {
    case .scalar(let text, let isPlain): return isPlain ? value(text) : .string(text)
    case .sequenceStart:
      var elements: [JSONValue] = []
      while true {
        let element = try events.next()
        if case .sequenceEnd = element.kind { return .array(elements) }
        elements.append(try json(element, of: &events, depth: depth + 1))
      }
    case .mappingStart: return try object(of: &events, depth: depth)
    case .sequenceEnd, .mappingEnd, .streamEnd, .other:
      throw PortError(.malformed, "YAML: a value is missing" + event.place)
    }
  }

  private static func object(
    of events: inout YAMLEvents, depth: Int
  ) throws(PortError) -> JSONValue {
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    while true {
      let key = try events.next()
      switch key.kind {
      case .mappingEnd: return .object(members)
      case .scalar(let name, _):
        guard names.insert(name).inserted else {
          throw PortError(
            .malformed, "YAML: the key \(printable(name, limit: 60)) occurs twice" + key.place)
        }
        let value = try events.next()
        members.append(.init(name, try json(value, of: &events, depth: depth + 1)))
      default: throw PortError(.malformed, "YAML: a key is not a text" + key.place)
      }
    }
  }

  private static func value(_ text: String) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": .null
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: Int(text).map(JSONValue.int) ?? .string(text)
    }
  }
}
