internal import CTPLibYAML
internal import TPBytes

/// What libyaml finds in a file, one thing after the other.
@safe struct YAMLEvents: ~Copyable {
  /// A thing and where it begins.
  struct Event {
    enum Kind {
      /// A text; plain where nothing quotes it or says that it is one.
      case scalar(String, isPlain: Bool)
      case sequenceStart, sequenceEnd, mappingStart, mappingEnd, streamEnd
      /// Starts of streams and of documents, and ends of documents.
      case other
    }

    let kind: Kind
    let place: String
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// libyaml reads from where its bytes lie.
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// - Throws: `PortError` where memory is short.
  init(of file: SharedBytes) throws(PortError) {
    let content = file.region.array()
    unsafe parser = .allocate(capacity: 1)
    unsafe bytes = .allocate(capacity: max(content.count, 1))
    _ = unsafe bytes.initialize(from: content)
    guard unsafe yaml_parser_initialize(parser) != 0 else {
      unsafe parser.deallocate()
      unsafe bytes.deallocate()
      throw PortError(.limit, "YAML: there is no memory to read the text in")
    }
    unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, content.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe bytes.deallocate()
  }

  /// The next thing; after the last one the end of the stream.
  ///
  /// - Throws: `PortError` with the line and column of what is no YAML, of an anchor, an alias or a tag
  ///   other than that of texts.
  mutating func next() throws(PortError) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) != 0 else { throw problem() }
    defer { unsafe yaml_event_delete(&event) }
    let place = unsafe Self.place(event.start_mark)
    let kind: Event.Kind
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let isText = try unsafe check(anchor: scalar.anchor, tag: scalar.tag, place)
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      kind = .scalar(text, isPlain: isPlain && !isText)
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      _ = try unsafe check(anchor: start.anchor, tag: start.tag, place)
      kind = .sequenceStart
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      _ = try unsafe check(anchor: start.anchor, tag: start.tag, place)
      kind = .mappingStart
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: kind = .streamEnd
    case YAML_ALIAS_EVENT:
      throw PortError(.unsupported, "YAML: aliases are not read" + place)
    default: kind = .other
    }
    return Event(kind: kind, place: place)
  }

  /// Whether a tag says that what follows is a text.
  private func check(
    anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, _ place: String
  ) throws(PortError) -> Bool {
    guard unsafe anchor == nil else {
      throw PortError(
        .unsupported, "YAML: anchors (&name) are not read" + place,
        remedy: "write it out instead")
    }
    guard let tag = unsafe tag else { return false }
    let name = unsafe String(cString: tag)
    guard name == "!" || name == "tag:yaml.org,2002:str" else {
      throw PortError(
        .unsupported, "YAML: the tag \(printable(name, limit: 60)) is not read" + place,
        remedy: "leave it out")
    }
    return true
  }

  private func problem() -> PortError {
    let words = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
    let text = printable(words ?? "the text cannot be read", limit: 200)
    if unsafe parser.pointee.error == YAML_READER_ERROR {
      let offset = unsafe Int(exactly: parser.pointee.problem_offset)
      return PortError(.malformed, "YAML: " + text, offset: offset)
    }
    return PortError(.malformed, unsafe "YAML: " + text + Self.place(parser.pointee.problem_mark))
  }

  private static func place(_ mark: yaml_mark_t) -> String {
    " (line \(mark.line + 1), column \(mark.column + 1))"
  }
}
