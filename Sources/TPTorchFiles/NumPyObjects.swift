internal import TPBytes
internal import TPPickle
internal import TPTensors

// How NumPy pickles itself (numpy/_core/src/multiarray/methods.c, `array_reduce`, `array_setstate`):
//   array    _reconstruct(class, (0,), b'b'), then BUILD (1, shape, dtype, is_fortran, bytes or list)
//            protocol 5: _frombuffer(bytes, dtype, shape, 'C' or 'F')
//   dtype    dtype('f8', False, True), then BUILD (3, '<', None, ...): subdtype, names, fields follow
//   scalar   scalar(dtype, bytes)
// in numpy.core.multiarray before 2.0 and numpy._core.multiarray since.

/// Arrays and scalars of NumPy, as far as tensors and numbers can hold them.
struct NumPyObjects {
  /// What the elements of an array are.
  private enum Elements {
    case numbers(DType, Storage.ByteOrder)
    case texts(Storage.ByteOrder)
    case bytes
  }

  private let arena: PickleArena
  private let limits: ReadLimits
  private var bytes: PickledBytes
  private var storages: [Reading: Storage] = [:]
  // Scalars that are texts or bytes may be as long as the file, and shared.
  private var texts: [Reading: MetadataTree.Node?] = [:]

  /// Bytes and the order in which they are read; `nil` for bytes that stay what they are.
  private struct Reading: Hashable {
    let bytes: PickleArena.Handle
    let byteOrder: Storage.ByteOrder?
  }

  init(_ arena: PickleArena, bytes: PickledBytes, limits: ReadLimits) {
    self.arena = arena
    self.bytes = bytes
    self.limits = limits
  }

  private static let modules = ["numpy.core.", "numpy._core."]

  private func name(_ handle: PickleArena.Handle) -> String? {
    guard let full = arena.global(handle)?.fullName else { return nil }
    for module in Self.modules where full.hasPrefix(module) {
      return String(full.dropFirst(module.count))
    }
    return full
  }

  /// The array behind a call; `nil` for anything else, arrays of objects, texts and dates included.
  ///
  /// - Throws: `PortError` for an array whose shape does not fit its bytes.
  mutating func array(
    _ handle: PickleArena.Handle
  ) throws(PortError) -> (tensor: Tensor, className: String)? {
    guard let call = arena.call(handle), let arguments = arena.tuple(call.arguments) else {
      return nil
    }
    switch name(call.callable) {
    case "multiarray._reconstruct":
      guard arguments.count == 3, let type = arena.global(arguments[0])?.fullName,
        call.states.count == 1, let state = arena.tuple(call.states[0])
      else { return nil }
      // The version was not always there.
      let fields = state.count == 5 ? state.dropFirst() : state[...]
      guard fields.count == 4 else { return nil }
      let rest = Array(fields)
      guard case .bool(let isFortran) = arena[rest[2]] else { return nil }
      return try tensor(handle, rest[0], rest[1], isFortran, rest[3]).map { ($0, type) }
    case "numeric._frombuffer":
      guard arguments.count == 4, let order = arena.text(arguments[3]), call.states.isEmpty else {
        return nil
      }
      return try tensor(handle, arguments[2], arguments[1], order == "F", arguments[0]).map {
        ($0, "numpy.ndarray")
      }
    default: return nil
    }
  }

  private mutating func tensor(
    _ handle: PickleArena.Handle, _ shape: PickleArena.Handle, _ type: PickleArena.Handle,
    _ isFortran: Bool, _ data: PickleArena.Handle
  ) throws(PortError) -> Tensor? {
    guard case .numbers(let dtype, let byteOrder) = elements(type),
      let dimensions = arena.tuple(shape), dimensions.count <= 1_024
    else { return nil }
    let extents = dimensions.map { arena.int($0) }
    let offset = arena.offset(of: handle)
    let known = extents.compactMap { $0 }
    guard known.count == extents.count, let region = bytes.region(data) else { return nil }
    do throws(PortError) {
      let shape = try Shape(known, limits: limits)
      let (needed, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteCount)
      guard !overflow, needed == region.count else {
        throw PortError(
          .malformed,
          "an array of shape \(shape) and type \(dtype.rawValue) has \(region.count) bytes")
      }
      let reading = Reading(bytes: data, byteOrder: byteOrder)
      let storage =
        storages[reading]
        ?? Storage(key: "byte \(arena.offset(of: data))", byteOrder: byteOrder, region: region)
      storages[reading] = storage
      let strides =
        isFortran
        ? Shape(known: known.reversed()).contiguousStrides.reversed() : shape.contiguousStrides
      return try Tensor(
        dtype: dtype, shape: shape, strides: Array(strides), offset: 0, storage: storage)
    } catch {
      var placed = error
      if placed.offset == nil { placed.offset = offset }
      throw placed
    }
  }

  /// The value of a NumPy scalar; `nil` for one that metadata cannot hold (complex numbers, dates).
  mutating func scalar(_ call: PickleArena.Call) -> MetadataTree.Node? {
    guard name(call.callable) == "multiarray.scalar",
      let arguments = arena.tuple(call.arguments), arguments.count == 2,
      let elements = elements(arguments[0]), let region = bytes.region(arguments[1])
    else { return nil }
    switch elements {
    case .bytes: return text(arguments[1], region, nil)
    case .texts(let order): return text(arguments[1], region, order)
    case .numbers(let dtype, let byteOrder):
      guard region.count == dtype.byteCount,
        let tensor = try? Tensor(
          dtype: dtype, shape: Shape(known: []),
          storage: Storage(key: "", byteOrder: byteOrder, region: region))
      else { return nil }
      if dtype == .bool { return (try? tensor.integers())?.first.map { .bool($0 != 0) } }
      if let integer = try? tensor.integers().first { return .int(integer) }
      if dtype == .uint64, let bytes = try? tensor.contiguousBytes().array() {
        return .bigInt(String(bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
      }
      return (try? tensor.doubles())?.first.map { .float($0) }
    }
  }

  /// A text, or bytes where there is no byte order.
  private mutating func text(
    _ bytes: PickleArena.Handle, _ region: ByteRegion, _ order: Storage.ByteOrder?
  ) -> MetadataTree.Node? {
    let reading = Reading(bytes: bytes, byteOrder: order)
    if let known = texts[reading] { return known }
    let node: MetadataTree.Node? =
      if let order { decoded(region, order) } else { .bytes(region.array()) }
    texts.updateValue(node, forKey: reading)
    return node
  }

  private func decoded(_ region: ByteRegion, _ order: Storage.ByteOrder) -> MetadataTree.Node? {
    var cursor = ByteCursor(region.bytes)
    var scalars = String.UnicodeScalarView()
    while let unit = try? order == .big ? cursor.big(UInt32.self) : cursor.little(UInt32.self) {
      guard let scalar = Unicode.Scalar(unit) else { return nil }
      scalars.append(scalar)
    }
    while scalars.last == "\0" { scalars.removeLast() }
    return .string(String(scalars))
  }

  /// What a dtype says, where it is a plain number or text.
  private func elements(_ handle: PickleArena.Handle) -> Elements? {
    guard let call = arena.call(handle), name(call.callable) == "numpy.dtype",
      let arguments = arena.tuple(call.arguments), let code = arguments.first.flatMap(arena.text)
    else { return nil }
    var order = Storage.ByteOrder.little
    if let state = call.states.last {
      guard let fields = arena.tuple(state), fields.count >= 5, let mark = arena.text(fields[1])
      else { return nil }
      // A part of a record, or a record.
      for field in fields[2...4] {
        guard case .none = arena[field] else { return nil }
      }
      order = mark == ">" ? .big : .little
    }
    if code.hasPrefix("U") { return .texts(order) }
    if code.hasPrefix("S") { return .bytes }
    return DType(numPyCode: code).map { .numbers($0, order) }
  }
}
