public import TPBytes

/// The object that `--json` prints: the same frame around every command's result.
///
/// `docs/json/` has a schema per command.
public struct Envelope: Sendable {
  /// The subcommand.
  public var command: String
  /// The exit status of the process.
  public var status: Int32
  /// Why there is no result, where there is none.
  public var error: PortError?
  /// The command's own keys, in order.
  public var body: [JSONValue.Member]

  /// A frame around a result or an error.
  public init(command: String, status: Int32, error: PortError? = nil, body: JSONValue = [:]) {
    self.command = command
    self.status = status
    self.error = error
    self.body = body.members ?? []
  }

  /// The whole object.
  public var json: JSONValue {
    .object(
      [
        .init("tool", ["name": .string(Tool.name), "version": .string(Tool.version)]),
        .init("command", .string(command)),
        .init("status", .int(Int(status))),
        .init("error", error?.json ?? .null),
      ] + body)
  }
}

extension PortError {
  /// `{kind, message, file, offset, record, key, remedy}`; what is not known is null.
  public var json: JSONValue {
    [
      "kind": .string(kind.rawValue),
      "message": .string(message),
      "file": file.map(JSONValue.string) ?? .null,
      "offset": offset.map(JSONValue.int) ?? .null,
      "record": record.map(JSONValue.string) ?? .null,
      "key": key.map(JSONValue.string) ?? .null,
      "remedy": remedy.map(JSONValue.string) ?? .null,
    ]
  }
}
