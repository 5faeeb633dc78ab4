internal import TPBytes
internal import TPPickle
internal import TPTensors

/// A tensor that a pickle rebuilds, and what its class adds to it.
struct RebuiltTensor {
  /// A tensor, or what only has the elements of one.
  enum Kind { case tensor, array, storage }

  var tensor: Tensor
  /// The class, where it is neither `Tensor` nor `Parameter` or carries attributes.
  var className: String?
  /// The attributes that were saved with it, innermost first.
  var states: [PickleArena.Handle] = []
  /// What it is to PyTorch, where it is no tensor.
  var kind = Kind.tensor
  /// What it is made of where it is more than a view of a storage, by names of ours.
  var parts: [(name: String, value: PickleArena.Handle)] = []
  /// Through how many other tensors its elements are had: they are fetched, and freed, one through the
  /// other.
  var layers = 0
}

/// Makes tensors of the calls by which PyTorch rebuilds them (torch/_utils.py, torch/_tensor.py).
struct TensorRebuilder {
  let arena: PickleArena
  let storages: any PersistentSource
  let limits: ReadLimits
  var numPy: NumPyObjects
  var bytes: PickledBytes
  /// How many pickles this one lies in.
  let nesting: Int
  // A tensor that several names share is one object.
  private var known: [RebuiltTensor] = []
  /// The place in `known` of each value of the arena, -1 where it has none; a dictionary of half a
  /// million tensors would take twice their room.
  private var places: [Int32] = []
  var nestedStorages: [PickleArena.Handle: TypedStorage] = [:]
  // By the bytes that hold them, however often they are loaded.
  var nestedStreams: [PickleArena.Handle: LegacyStream] = [:]
  var nestedTensors: [PickleArena.Handle: RebuiltTensor] = [:]
  /// Scales and zero points by the lists that they are made of.
  var quantizerNumbers: [PickleArena.Handle: Tensor] = [:]

  init(
    _ arena: PickleArena, source: ByteRegion, storages: any PersistentSource, limits: ReadLimits,
    nesting: Int = 0
  ) {
    self.arena = arena
    self.storages = storages
    self.limits = limits
    self.nesting = nesting
    bytes = PickledBytes(arena, source: source)
    numPy = NumPyObjects(arena, bytes: bytes, limits: limits)
  }

  /// The tensor that a value rebuilds, or `nil` where it does no such thing.
  mutating func tensor(
    _ handle: PickleArena.Handle, depth: Int = 0
  ) throws(PortError) -> RebuiltTensor? {
    if !places.isEmpty, places[Int(handle.index)] >= 0 {
      return known[Int(places[Int(handle.index)])]
    }
    guard depth < min(limits.depth, Self.mostLayers) else { throw tooManyLayers(depth, handle) }
    if case .persistent(let id) = arena[handle] {
      guard case .tensor(let tensor) = try storages.value(id, in: arena) else { return nil }
      return RebuiltTensor(tensor: tensor)
    }
    guard let call = arena.call(handle), let global = arena.global(call.callable) else {
      return nil
    }
    let result: RebuiltTensor?
    if let function = TensorFunction(global.fullName) {
      guard call.items.isEmpty, call.entries.isEmpty, call.elements.isEmpty else {
        throw malformed("items are set in a tensor", handle)
      }
      guard call.states.isEmpty, call.keywords == nil else {
        throw PortError(
          .unsupported, "a tensor's state is set by a BUILD opcode",
          offset: arena.offset(of: handle))
      }
      let arguments = arena.tuple(call.arguments) ?? []
      result = try apply(function, arguments, handle, depth)
    } else if global.isOldTensorClass {
      result = try oldTensor(call, handle, depth)
    } else if global.isWrapperClass {
      result = try oldWrapper(call, handle, depth)
    } else {
      result = try numPy.array(handle).map {
        RebuiltTensor(tensor: $0.tensor, className: $0.className, kind: .array)
      }
    }
    if let result {
      if places.isEmpty { places = Array(repeating: -1, count: arena.nodes.count) }
      places[Int(handle.index)] = Int32(clamping: known.count)
      known.append(result)
    }
    return result
  }

  private static let mostLayers = 100

  private func tooManyLayers(_ count: Int, _ handle: PickleArena.Handle) -> PortError {
    PortError(
      .limit, "tensors are wrapped in each other \(count) times",
      offset: arena.offset(of: handle),
      remedy: "no checkpoint needs that; do not trust the file")
  }

  /// One more than the layers of what a tensor is made of. The order in which values are built may keep
  /// the recursion short and the chain long.
  func layers(
    over parts: [RebuiltTensor], _ handle: PickleArena.Handle
  ) throws(PortError) -> Int {
    let layers = 1 + (parts.map(\.layers).max() ?? 0)
    guard layers <= Self.mostLayers else { throw tooManyLayers(layers, handle) }
    return layers
  }

  private mutating func apply(
    _ function: TensorFunction, _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle,
    _ depth: Int
  ) throws(PortError) -> RebuiltTensor? {
    guard function.arity.contains(arguments.count) else {
      throw malformed("\(function.name) is given \(arguments.count) arguments", handle)
    }
    switch function {
    case .tensor, .tensorV2, .tensorV3:
      return RebuiltTensor(tensor: try strided(function, arguments, handle))
    case .fastai:
      var result = RebuiltTensor(
        tensor: try strided(.tensorV2, Array(arguments.dropFirst()), handle))
      result.className = arena.global(arguments[0])?.fullName
      return result
    case .parameter, .parameterWithState:
      var inner = try wrapped(arguments[0], handle, depth)
      inner.tensor = try inner.tensor.requiring(grad: try bool(arguments[1], handle))
      if function == .parameterWithState {
        inner.add(state: arguments[3], className: "torch.nn.parameter.Parameter", arena)
      }
      return inner
    case .fromType: return try fromType(arguments, handle, depth)
    case .quantized: return try quantized(arguments, handle, depth)
    case .sparse: return try sparse(arguments, handle, depth)
    case .nested: return try nested(arguments, handle, depth)
    case .meta: return RebuiltTensor(tensor: try meta(arguments, handle))
    case .wrapperSubclass:
      let tensor = try meta([arguments[1], arguments[2], arguments[3], arguments[7]], handle)
      return RebuiltTensor(tensor: tensor, className: arena.global(arguments[0])?.fullName)
    case .deviceFromNumPy: return try deviceTensor(arguments, handle, depth)
    case .deviceFromTensor: return try deviceTensor(arguments, handle, depth)
    case .loadFromBytes: return try loaded(arguments[0], handle)
    }
  }

  private mutating func fromType(
    _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor? {
    guard let global = arena.global(arguments[0]), let type = arena.global(arguments[1]),
      let innerArguments = arena.tuple(arguments[2])
    else {
      throw malformed("_rebuild_from_type is not given a function, class and tuple", handle)
    }
    // A function of the user's: an object, whose arguments are shown.
    guard let inner = TensorFunction(global.fullName), inner != .fromType else { return nil }
    guard var result = try apply(inner, innerArguments, handle, depth + 1) else { return nil }
    let plain = ["torch.Tensor", "torch.nn.parameter.Parameter", "torch._tensor.Tensor"]
    if !plain.contains(type.fullName) { result.className = type.fullName }
    result.add(state: arguments[3], className: type.fullName, arena)
    return result
  }

  mutating func wrapped(
    _ data: PickleArena.Handle, _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    guard let inner = try tensor(data, depth: depth + 1) else {
      throw malformed("\(arena[data].kind) stands where a tensor should", handle)
    }
    return inner
  }

  /// `(storage, offset, size, stride[, requires_grad, hooks[, dtype][, metadata]])`
  private mutating func strided(
    _ function: TensorFunction, _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle
  ) throws(PortError) -> Tensor {
    let typed = try storage(arguments[0], handle)
    var dtype = typed.dtype
    // Without a dtype, an untyped storage counts bytes and so does the tensor.
    if dtype == nil { dtype = function == .tensorV3 ? nil : .uint8 }
    if function == .tensorV3 { dtype = try self.dtype(arguments[6], handle) }
    let metadata = function == .tensorV2 ? 6 : 7
    var pending: PendingOperations = []
    if function != .tensor, arguments.count > metadata {
      pending = try self.pending(arguments[metadata], handle)
    }
    let requiresGrad = function == .tensor ? false : try bool(arguments[4], handle)
    return try view(
      typed, Array(arguments[1...3]), handle, dtype: dtype, requiresGrad: requiresGrad,
      pending: pending)
  }

  /// A view of a storage from `[offset, size, stride]`.
  func view(
    _ typed: TypedStorage, _ place: [PickleArena.Handle], _ handle: PickleArena.Handle,
    dtype: DType? = nil, requiresGrad: Bool = false, pending: PendingOperations = []
  ) throws(PortError) -> Tensor {
    guard let offset = arena.int(place[0]) else {
      throw malformed("a tensor's offset is \(arena[place[0]].kind), not an integer", handle)
    }
    let extents = try integers(place[1], "size", handle)
    let strides = try integers(place[2], "stride", handle)
    do throws(PortError) {
      return try typed.tensor(
        try Shape(extents, limits: limits), strides, offset, dtype: dtype,
        requiresGrad: requiresGrad, pending: pending)
    } catch {
      var placed = error
      if placed.offset == nil { placed.offset = arena.offset(of: handle) }
      throw placed
    }
  }

  /// Lazy conjugation and negation: the bytes are not the tensor's values yet.
  private func pending(
    _ metadata: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> PendingOperations {
    let entries: [PickleArena.Pair]
    switch arena[metadata] {
    case .none: return []
    case .dict(let own) where own.count <= 16: entries = own
    case let node: throw malformed("a tensor's metadata is \(node.kind)", handle)
    }
    var pending: PendingOperations = []
    for entry in entries {
      if case .bool(false) = arena[entry.value] { continue }
      switch (arena.string(entry.key), arena[entry.value]) {
      case ("conj", .bool(true)): pending.insert(.conjugation)
      case ("neg", .bool(true)): pending.insert(.negation)
      default:
        let name = printable(arena.string(entry.key) ?? arena[entry.key].kind)
        throw PortError(
          .unsupported,
          "a tensor is saved as a lazy view (\(name)), whose values are not in the file",
          offset: arena.offset(of: handle), remedy: "save a copy of the tensor instead")
      }
    }
    return pending
  }
}

extension RebuiltTensor {
  /// Adds attributes, unless there are none.
  mutating func add(
    state: PickleArena.Handle, className name: String, _ arena: PickleArena
  ) {
    switch arena[state] {
    case .none: return
    case .dict(let entries) where entries.isEmpty: return
    default:
      states.append(state)
      if className == nil { className = name }
    }
  }
}

extension Tensor {
  /// The same tensor, trained or not.
  func requiring(grad: Bool) throws(PortError) -> Tensor {
    grad == requiresGrad
      ? self
      : try Tensor(
        dtype: dtype, shape: shape, strides: strides, offset: offset, storage: storage,
        requiresGrad: grad, layout: layout, pending: pending,
        quantization: quantization)
  }
}
