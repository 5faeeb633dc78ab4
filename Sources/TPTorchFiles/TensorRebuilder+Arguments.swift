internal import TPBytes
internal import TPPickle
internal import TPTensors

extension TensorRebuilder {
  func malformed(_ message: String, _ handle: PickleArena.Handle) -> PortError {
    PortError(
      .malformed, message, offset: arena.offset(of: handle),
      remedy: "the file is damaged or was tampered with; fetch it again")
  }

  func bool(_ value: PickleArena.Handle, _ handle: PickleArena.Handle) throws(PortError) -> Bool {
    guard case .bool(let truth) = arena[value] else {
      throw malformed("requires_grad is \(arena[value].kind), not a bool", handle)
    }
    return truth
  }

  /// The integers of a tuple, a list, or a `torch.Size`.
  func integers(
    _ value: PickleArena.Handle, _ what: String, _ handle: PickleArena.Handle
  ) throws(PortError) -> [Int] {
    var elements: [PickleArena.Handle]
    switch arena[value] {
    case .tuple(let own), .list(let own): elements = own
    case .call(let place):
      let call = arena.calls[place]
      let arguments = arena.tuple(call.arguments) ?? []
      guard arena.global(call.callable)?.fullName == "torch.Size", arguments.count == 1,
        let own = arena.tuple(arguments[0])
      else { throw malformed("a tensor's \(what) is an object", handle) }
      elements = own
    case let node: throw malformed("a tensor's \(what) is \(node.kind), not a tuple", handle)
    }
    guard elements.count <= 1024 else {
      throw PortError(
        .limit, "a tensor has \(elements.count) dimensions", offset: arena.offset(of: handle))
    }
    var integers: [Int] = []
    for element in elements {
      guard let integer = arena.int(element) else {
        throw malformed("a tensor's \(what) holds \(arena[element].kind)", handle)
      }
      integers.append(integer)
    }
    return integers
  }

  /// A dtype by its global, for example `torch.float8_e4m3fn`.
  func dtype(_ value: PickleArena.Handle, _ handle: PickleArena.Handle) throws(PortError) -> DType {
    guard let global = arena.global(value) else {
      throw malformed("a tensor's dtype is \(arena[value].kind)", handle)
    }
    guard global.module == "torch", let dtype = DType(rawValue: global.name) else {
      throw PortError(
        .unsupported, "\(printable(global.fullName)) is no dtype that we know",
        offset: arena.offset(of: handle))
    }
    return dtype
  }
}
