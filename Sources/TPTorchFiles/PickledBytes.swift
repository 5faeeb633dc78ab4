internal import TPBytes
internal import TPPickle

/// The bytes that a pickle holds as values, lent where they lie in it.
struct PickledBytes {
  private let arena: PickleArena
  private let source: ByteRegion
  // What does not lie in the pickle as it is, made once however many arrays share it: bytes with escapes
  // and texts of Python 2, and, by the text, what stands for bytes in Latin-1.
  private var made: [PickleArena.Handle: ByteRegion] = [:]
  private var recoded: [PickleArena.Handle: ByteRegion] = [:]

  /// - Parameter source: what the machine was given.
  init(_ arena: PickleArena, source: ByteRegion) {
    self.arena = arena
    self.source = source
  }

  /// The bytes behind a value: `bytes`, `bytearray`, a Python 2 `str`, or the call
  /// `_codecs.encode(text, 'latin1')` by which protocols 0 to 2 write them.
  mutating func region(_ value: PickleArena.Handle) -> ByteRegion? {
    switch arena[value] {
    case .bytes(let bytes), .byteArray(let bytes):
      if let region = lent(value, bytes.count) ?? made[value] { return region }
      let region = ByteRegion(bytes)
      made[value] = region
      return region
    case .string(let text):
      if let known = made[value] { return known }
      let region = ByteRegion(Array(text.utf8))
      made[value] = region
      return region
    case .call(let place):
      let call = arena.calls[place]
      guard let name = arena.global(call.callable)?.fullName,
        let arguments = arena.tuple(call.arguments)
      else { return nil }
      guard let first = arguments.first else {
        return ["__builtin__.bytes", "builtins.bytes"].contains(name) ? ByteRegion([]) : nil
      }
      switch name {
      case "_codecs.encode":
        if arguments.count == 2, let known = recoded[first] { return known }
        guard arguments.count == 2, let text = arena.string(first), let bytes = latin1(text) else {
          return nil
        }
        let region = ByteRegion(bytes)
        recoded[first] = region
        return region
      case "builtins.bytearray", "__builtin__.bytearray", "builtins.bytes", "__builtin__.bytes":
        // One step in: a call inside of a call inside of a call is nobody's bytes.
        guard arguments.count == 1, first != value else { return nil }
        if case .call(let inner) = arena[first],
          arena.global(arena.calls[inner].callable)?.fullName != "_codecs.encode"
        {
          return nil
        }
        return region(first)
      default: return nil
      }
    default: return nil
    }
  }

  /// The operand of the opcode that made the value, where its bytes are those of the value.
  private func lent(_ value: PickleArena.Handle, _ count: Int) -> ByteRegion? {
    let offset = arena.offset(of: value)
    guard let head = source.slice(offset: offset, length: 1)?.array().first,
      let opcode = PickleOpcode(rawValue: head)
    else { return nil }
    let width: Int? =
      switch opcode {
      case .shortBinBytes, .shortBinString: 1
      case .binBytes, .binString: 4
      case .binBytes8, .byteArray8: 8
      default: nil
      }
    return width.flatMap { source.slice(offset: offset + 1 + $0, length: count) }
  }
}

/// The bytes of a text in Latin-1, or `nil` where it has other characters.
package func latin1(_ text: String) -> [UInt8]? {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    guard let byte = UInt8(exactly: scalar.value) else { return nil }
    bytes.append(byte)
  }
  return bytes
}
