/// One pickle that was read to its STOP.
public struct Pickle: Sendable {
  /// A frame of protocol 4 or 5: a promise that so many bytes can be read at once.
  public struct Frame: Hashable, Sendable {
    /// The bytes that it spans, from the start of what the machine was given.
    public let range: Range<Int>
  }

  /// Everything that it builds.
  public let arena: PickleArena
  /// The value that it stands for.
  public let root: PickleArena.Handle
  /// The number that its PROTO opcode gives, or 0 without one.
  public let protocolNumber: Int
  /// The bytes that it spans, STOP included, from the start of what the machine was given. Whatever
  /// follows (a legacy file is several pickles in a row) begins at its upper bound.
  public let range: Range<Int>
  /// Its frames in order.
  public let frames: [Frame]
}
