internal import TPBytes
internal import TPPickle
internal import TPTensors

// Tensors of PyTorch before 0.4, and storages that are pickled by value.
extension TensorRebuilder {
  /// `torch.FloatTensor()` with the state (storage, offset, size, stride), or, of a Variable,
  /// (data, gradient, hooks, requires_grad, volatile); without one it is nothing that has elements.
  mutating func oldTensor(
    _ call: PickleArena.Call, _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor? {
    guard let state = call.states.last else { return nil }
    try requireNoItems(call, handle)
    guard arena.tuple(call.arguments)?.isEmpty == true, call.states.count == 1,
      let fields = arena.tuple(state), (4...5).contains(fields.count)
    else { throw malformed("a tensor's state is not (storage, offset, size, stride)", handle) }
    if fields.count == 5 { return try variable(fields[0], grad: fields[3], handle, depth) }
    let typed = try storage(fields[0], handle)
    return RebuiltTensor(
      tensor: try view(typed, Array(fields[1...3]), handle, dtype: typed.dtype ?? .uint8))
  }

  /// `Parameter(data[, requires_grad])`, with the state (requires_grad, volatile, hooks) or the five
  /// fields of a Variable; or with attributes.
  mutating func oldWrapper(
    _ call: PickleArena.Call, _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor? {
    try requireNoItems(call, handle)
    let arguments = arena.tuple(call.arguments) ?? []
    var result: RebuiltTensor?
    if let data = arguments.first {
      guard arguments.count <= 3 else { throw malformed("a Parameter is given too much", handle) }
      result = try wrapped(data, handle, depth)
      if arguments.count > 1, case .bool(let grad) = arena[arguments[1]] {
        result?.tensor = try wrapped(data, handle, depth).tensor.requiring(grad: grad)
      }
    }
    for state in call.states {
      let fields = arena.tuple(state) ?? []
      switch (fields.count, result) {
      case (5, _): result = try variable(fields[0], grad: fields[3], handle, depth)
      case (3, let inner?):
        var inner = inner
        inner.tensor = try inner.tensor.requiring(grad: try bool(fields[0], handle))
        result = inner
      case (_, var inner?):
        inner.add(state: state, className: arena.global(call.callable)?.fullName ?? "", arena)
        result = inner
      default: throw malformed("a Parameter has a state and no tensor", handle)
      }
    }
    return result
  }

  private mutating func variable(
    _ data: PickleArena.Handle, grad: PickleArena.Handle, _ handle: PickleArena.Handle,
    _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    var inner = try wrapped(data, handle, depth)
    inner.tensor = try inner.tensor.requiring(grad: try bool(grad, handle))
    return inner
  }

  private func requireNoItems(
    _ call: PickleArena.Call, _ handle: PickleArena.Handle
  ) throws(PortError) {
    guard call.items.isEmpty, call.entries.isEmpty, call.elements.isEmpty else {
      throw malformed("items are set in a tensor", handle)
    }
  }

  /// The storage that a value stands for: a persistent id, or a storage that lies in the pickle.
  mutating func storage(
    _ value: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> TypedStorage {
    switch arena[value] {
    case .persistent(let id):
      if case .storage(let typed) = try storages.value(id, in: arena) { return typed }
    case .call(let place):
      let call = arena.calls[place]
      if let global = arena.global(call.callable),
        TensorFunction(global.fullName) == .loadFromBytes,
        let arguments = arena.tuple(call.arguments), arguments.count == 1
      {
        return try nestedStorage(arguments[0], handle)
      }
    default: break
    }
    throw malformed("a tensor's storage is \(arena[value].kind)", handle)
  }

  private mutating func nestedStorage(
    _ data: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> TypedStorage {
    if let known = nestedStorages[data] { return known }
    let stream = try nestedStream(data, handle)
    guard case .persistent(let id) = stream.pickle.arena[stream.pickle.root],
      case .storage(let typed) = try stream.storages.value(id, in: stream.pickle.arena)
    else { throw malformed("the bytes of a storage hold something else", handle) }
    // Every nested file calls its storage as it likes; where it lies tells them apart.
    let renamed = TypedStorage(
      storage: Storage(
        key: "byte \(arena.offset(of: data))", location: typed.storage.location,
        region: try typed.storage.bytes()), className: typed.className, dtype: typed.dtype,
      offset: typed.offset, count: typed.count)
    nestedStorages[data] = renamed
    return renamed
  }

  private mutating func nestedStream(
    _ data: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> LegacyStream {
    if let known = nestedStreams[data] { return known }
    guard nesting < 4 else {
      throw PortError(
        .limit, "files are nested in each other's pickles \(nesting) deep",
        offset: arena.offset(of: handle))
    }
    guard let region = bytes.region(data) else {
      throw malformed("a storage is loaded from \(arena[data].kind), not from bytes", handle)
    }
    do throws(PortError) {
      // Such a file holds one storage or tensor, and a pickle may hold a million such files.
      var inner = limits
      inner.freeObjects = min(inner.freeObjects, 10_000)
      let stream = try LegacyStream(region, limits: inner)
      guard stream.storages.missingBytes == 0 else {
        throw PortError(.truncated, "\(stream.storages.missingBytes) bytes are missing")
      }
      nestedStreams[data] = stream
      return stream
    } catch {
      throw PortError(
        error.kind, "in a file that lies in the pickle, \(error.message)",
        offset: arena.offset(of: data), remedy: error.remedy)
    }
  }

  /// `_load_from_bytes` as a value of its own: a storage, or a tensor; anything else stays a call.
  mutating func loaded(
    _ data: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> RebuiltTensor? {
    if let known = nestedTensors[data] { return known }
    let result = try loadedOnce(data, handle)
    if let result { nestedTensors[data] = result }
    return result
  }

  private mutating func loadedOnce(
    _ data: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> RebuiltTensor? {
    let stream = try nestedStream(data, handle)
    let inner = stream.pickle.arena
    if case .persistent = inner[stream.pickle.root] {
      let typed = try nestedStorage(data, handle)
      return RebuiltTensor(
        tensor: try typed.flat(limits), className: typed.className, kind: .storage)
    }
    guard let region = bytes.region(data) else { return nil }
    var rebuilder = TensorRebuilder(
      inner, source: region, storages: stream.storages, limits: limits, nesting: nesting + 1)
    // Attributes are handles of the other arena.
    return try rebuilder.tensor(stream.pickle.root).map { RebuiltTensor(tensor: $0.tensor) }
  }
}
