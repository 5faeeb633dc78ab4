internal import TPPickle
internal import TPTorchFiles

extension PickleArena {
  /// The place in `globals` of what a construction calls; a persistent id of a module
  /// (`('module', class, ...)`, PyTorch before 1.6) stands for its class.
  func callee(of call: Call) -> Int? {
    switch self[call.callable] {
    case .global(let place): return place
    case .persistent(let id):
      guard let fields = tuple(id), fields.count > 1, string(fields[0]) == "module",
        case .global(let place) = self[fields[1]]
      else { return nil }
      return place
    default: return nil
    }
  }

  /// Whether every use of `getattr`, the global at a place, is a call that fetches a function of
  /// torch's own table by a plain name.
  func fetchesOnlyFunctionsOfTorch(_ getattr: Int) -> Bool {
    guard ["builtins", "__builtin__"].contains(globals[getattr].module) else { return false }
    let isGetattr = { (handle: Handle) in self[handle] == .global(at: getattr) }
    for handle in handles {
      switch self[handle] {
      case .list(let items), .tuple(let items), .set(let items), .frozenSet(let items):
        if items.contains(where: isGetattr) { return false }
      case .dict(let pairs):
        if pairs.contains(where: { isGetattr($0.key) || isGetattr($0.value) }) { return false }
      case .persistent(let id):
        if isGetattr(id) { return false }
      case .call(let place):
        let call = calls[place]
        let added = call.states + call.items + call.elements
        guard !added.contains(where: isGetattr),
          !call.entries.contains(where: { isGetattr($0.key) || isGetattr($0.value) })
        else { return false }
        guard isGetattr(call.callable) else { continue }
        guard let arguments = tuple(call.arguments), arguments.count == 2,
          global(arguments[0])?.fullName == "torch._C._VariableFunctionsClass",
          let name = string(arguments[1]), !name.hasPrefix("_"), name != "from_file",
          name.utf8.allSatisfy({
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
          })
        else { return false }
      default: break
      }
    }
    return true
  }

  /// The bytes behind a handle: bytes, a text of Python 2, or what pickle makes of bytes before
  /// protocol 3, `_codecs.encode(text, 'latin1')`.
  func rawBytes(_ handle: Handle, depth: Int = 0) -> [UInt8]? {
    switch self[handle] {
    case .bytes(let bytes), .byteArray(let bytes): return bytes
    case .string(let text): return Array(text.utf8)
    case .call(let place):
      let call = calls[place]
      // One is made of another, and so on: no file needs more than two.
      guard depth < 4, let arguments = tuple(call.arguments) else { return nil }
      let name = global(call.callable)?.fullName
      if name == "_codecs.encode", arguments.count == 2, string(arguments[1]) == "latin1" {
        return string(arguments[0]).flatMap(latin1)
      }
      if name == "builtins.bytearray" || name == "__builtin__.bytearray"
        || name == "builtins.bytes" || name == "__builtin__.bytes"
      {
        return arguments.isEmpty ? [] : rawBytes(arguments[0], depth: depth + 1)
      }
      return nil
    default: return nil
    }
  }

  /// Values that could be files: bytes of any kind and texts that begin and end
  /// like a pickle.
  var byteValues: [(bytes: [UInt8], handle: Handle)] {
    var found: [(bytes: [UInt8], handle: Handle)] = []
    for handle in handles {
      let bytes: [UInt8]
      switch self[handle] {
      case .bytes(let value), .byteArray(let value): bytes = value
      case .string(let text):
        // Names of weights by the million are not copied: the ends tell first.
        guard text.utf8.count > 8, text.utf8.last == UInt8(ascii: "."), let first = text.utf8.first,
          "c(]}i\u{80}".unicodeScalars.contains(Unicode.Scalar(first)) || first == 0xC2
        else { continue }
        // The machine reads what Python 2 wrote as text; protocol 2 writes bytes as Latin-1 text.
        bytes = first == 0xC2 ? latin1(text) ?? Array(text.utf8) : Array(text.utf8)
      default: continue
      }
      guard bytes.count > 3, let first = bytes.first else { continue }
      let isBinary = first == 0x80 || bytes.starts(with: [0x50, 0x4B, 0x03, 0x04])
      if isBinary || "c(]}i".utf8.contains(first) && bytes.contains(0x2E) {
        found.append((bytes, handle))
      }
    }
    return found
  }
}

extension PickleArena.Call.Kind {
  /// The opcode's name.
  var opcodeName: String {
    switch self {
    case .reduce: "REDUCE"
    case .newObj: "NEWOBJ"
    case .newObjEx: "NEWOBJ_EX"
    case .obj: "OBJ"
    case .inst: "INST"
    }
  }
}
