internal import TPBytes
internal import TPPickle
internal import TPTensors

/// A tensor that a pickle rebuilds, and what its class adds to it.
struct RebuiltTensor {
  var tensor: Tensor
  /// The class, where it is neither `Tensor` nor `Parameter` or carries attributes.
  var className: String?
  /// The attributes that were saved with it, innermost first.
  var states: [PickleArena.Handle] = []
}

/// Makes tensors of the calls by which PyTorch rebuilds them (torch/_utils.py, torch/_tensor.py).
///
/// Only dense strided tensors; everything else that is a tensor is an error naming what it is.
struct TensorRebuilder {
  let arena: PickleArena
  private let storages: any StorageSource
  private let limits: ReadLimits
  // A tensor that several names share is one object.
  private var known: [PickleArena.Handle: RebuiltTensor] = [:]

  init(_ arena: PickleArena, storages: any StorageSource, limits: ReadLimits) {
    self.arena = arena
    self.storages = storages
    self.limits = limits
  }

  /// The functions that rebuild tensors.
  enum Function: String {
    case tensor = "torch._utils._rebuild_tensor"
    case tensorV2 = "torch._utils._rebuild_tensor_v2"
    case tensorV3 = "torch._utils._rebuild_tensor_v3"
    case parameter = "torch._utils._rebuild_parameter"
    case parameterWithState = "torch._utils._rebuild_parameter_with_state"
    case fromTypeV2 = "torch._tensor._rebuild_from_type_v2"
    case fromType = "torch._tensor._rebuild_from_type"
    case oldFromType = "torch.tensor._rebuild_from_type"
  }

  /// The tensor that a call rebuilds, or `nil` where the call is no such function.
  mutating func tensor(_ handle: PickleArena.Handle) throws(PortError) -> RebuiltTensor? {
    try tensor(handle, depth: 0)
  }

  /// The storage behind a persistent id.
  func storage(_ id: PickleArena.Handle) throws(PortError) -> TypedStorage {
    try storages.storage(id, in: arena)
  }

  private mutating func tensor(
    _ handle: PickleArena.Handle, depth: Int
  ) throws(PortError) -> RebuiltTensor? {
    if let known = known[handle] { return known }
    guard let call = arena.call(handle), let global = arena.global(call.callable) else {
      return nil
    }
    guard let function = Function(rawValue: global.fullName) else {
      if isTensorFunction(global) { throw unsupported(global, handle) }
      return nil
    }
    guard call.items.isEmpty, call.entries.isEmpty, call.elements.isEmpty else {
      throw malformed("items are set in a tensor", handle)
    }
    guard call.states.isEmpty, call.keywords == nil else {
      throw PortError(
        .unsupported, "a tensor's state is set by a BUILD opcode", offset: arena.offset(of: handle))
    }
    let arguments = arena.tuple(call.arguments) ?? []
    let result = try apply(function, arguments, handle, depth)
    known[handle] = result
    return result
  }

  private mutating func apply(
    _ function: Function, _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle,
    _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    guard depth < min(limits.depth, 100) else {
      throw PortError(
        .limit, "tensors are wrapped in each other \(depth) times",
        offset: arena.offset(of: handle))
    }
    let expected: ClosedRange<Int> =
      switch function {
      case .tensor: 4...4
      case .tensorV2: 6...7
      case .tensorV3: 7...8
      case .parameter: 3...3
      case .parameterWithState, .fromTypeV2, .fromType, .oldFromType: 4...4
      }
    guard expected.contains(arguments.count) else {
      throw malformed("\(function.rawValue) is given \(arguments.count) arguments", handle)
    }
    switch function {
    case .tensor, .tensorV2, .tensorV3:
      return RebuiltTensor(tensor: try strided(function, arguments, handle))
    case .parameter, .parameterWithState:
      var inner = try wrapped(arguments[0], handle, depth)
      inner.tensor = try inner.tensor.requiring(grad: try bool(arguments[1], handle))
      if function == .parameterWithState {
        inner.add(state: arguments[3], className: "torch.nn.parameter.Parameter", arena)
      }
      return inner
    case .fromTypeV2, .fromType, .oldFromType:
      guard let global = arena.global(arguments[0]), let type = arena.global(arguments[1]),
        let innerArguments = arena.tuple(arguments[2])
      else {
        throw malformed("\(function.rawValue) is not given a function, class and tuple", handle)
      }
      guard let inner = Function(rawValue: global.fullName) else {
        throw unsupported(global, handle)
      }
      var result = try apply(inner, innerArguments, handle, depth + 1)
      let plain = ["torch.Tensor", "torch.nn.parameter.Parameter", "torch._tensor.Tensor"]
      if !plain.contains(type.fullName) { result.className = type.fullName }
      result.add(state: arguments[3], className: type.fullName, arena)
      return result
    }
  }

  private mutating func wrapped(
    _ data: PickleArena.Handle, _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    guard let inner = try tensor(data, depth: depth + 1) else {
      throw malformed("a Parameter holds \(arena[data].kind), not a tensor", handle)
    }
    return inner
  }

  /// `(storage, offset, size, stride[, requires_grad, hooks[, dtype][, metadata]])`
  private func strided(
    _ function: Function, _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle
  ) throws(PortError) -> Tensor {
    guard case .persistent(let id) = arena[arguments[0]] else {
      throw malformed("a tensor's storage is \(arena[arguments[0]].kind)", handle)
    }
    let typed = try storages.storage(id, in: arena)
    var dtype = typed.dtype
    if function == .tensorV3 { dtype = try self.dtype(arguments[6], handle) }
    guard let dtype else {
      throw malformed("a tensor in an untyped storage does not say its dtype", handle)
    }
    guard let offset = arena.int(arguments[1]) else {
      throw malformed("a tensor's offset is \(arena[arguments[1]].kind), not an integer", handle)
    }
    let extents = try integers(arguments[2], "size", handle)
    let strides = try integers(arguments[3], "stride", handle)
    let metadata = function == .tensorV2 ? 6 : 7
    if function != .tensor, arguments.count > metadata {
      try refuseMetadata(arguments[metadata], handle)
    }
    do throws(PortError) {
      return try Tensor(
        dtype: dtype, shape: try Shape(extents, limits: limits), strides: strides, offset: offset,
        storage: typed.storage,
        requiresGrad: function == .tensor ? false : try bool(arguments[4], handle))
    } catch {
      var placed = error
      if placed.offset == nil { placed.offset = arena.offset(of: handle) }
      throw placed
    }
  }

  /// Lazy conjugation and negation: the bytes are not the tensor's values.
  private func refuseMetadata(
    _ metadata: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) {
    switch arena[metadata] {
    case .none: return
    case .dict(let entries) where entries.count <= 16:
      for entry in entries {
        if case .bool(false) = arena[entry.value] { continue }
        let name = printable(arena.string(entry.key) ?? arena[entry.key].kind)
        throw PortError(
          .unsupported,
          "a tensor is saved as a lazy view (\(name)), whose values are not in the file",
          offset: arena.offset(of: handle),
          remedy: "save tensor.resolve_conj().resolve_neg() instead")
      }
    case let node: throw malformed("a tensor's metadata is \(node.kind)", handle)
    }
  }
}

extension RebuiltTensor {
  /// Adds attributes, unless there are none.
  fileprivate mutating func add(
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
  fileprivate func requiring(grad: Bool) throws(PortError) -> Tensor {
    grad == requiresGrad
      ? self
      : try Tensor(
        dtype: dtype, shape: shape, strides: strides, offset: offset, storage: storage,
        requiresGrad: grad)
  }
}
