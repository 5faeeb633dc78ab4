internal import TPBytes
internal import TPPickle
internal import TPTensors

// Tensors that are more, or less, than a view of a storage.
extension TensorRebuilder {
  /// `(storage, offset, size, stride, quantizer, requires_grad, hooks)`: the stored integers are the
  /// tensor's elements here; the quantizer, by which they stand for real numbers, goes with them.
  mutating func quantized(
    _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    let typed = try storage(arguments[0], handle)
    switch typed.dtype {
    case .qint8, .quint8, .qint32, .quint4x2, .quint2x4: break
    default: throw malformed("a quantized tensor's storage is \(typed.className)", handle)
    }
    let tensor = try view(
      typed, Array(arguments[1...3]), handle, requiresGrad: try bool(arguments[5], handle))
    guard let quantizer = arena.tuple(arguments[4]), let kind = quantizer.first,
      let name = arena.global(kind)?.fullName
    else { throw malformed("a quantized tensor has no quantizer", handle) }
    let scheme: Quantization.Scheme
    var layers = 0
    switch name {
    case "torch.per_tensor_affine":
      guard quantizer.count == 3, let scale = number(quantizer[1]),
        let zeroPoint = arena.int(quantizer[2])
      else { throw malformed("a quantizer is not (scheme, scale, zero point)", handle) }
      scheme = .perTensor(scale: scale, zeroPoint: zeroPoint)
    case "torch.per_channel_affine", "torch.per_channel_affine_float_qparams":
      guard quantizer.count == 4, let axis = arena.int(quantizer[3]),
        tensor.shape.extents.indices.contains(axis)
      else { throw malformed("a quantizer is not (scheme, scales, zero points, axis)", handle) }
      let channels = tensor.shape[axis]
      guard let scales = try numbers(quantizer[1], depth),
        let zeroPoints = try numbers(quantizer[2], depth),
        scales.tensor.shape.extents == [channels], zeroPoints.tensor.shape.extents == [channels]
      else {
        throw malformed(
          "a quantizer has not one scale and zero point for each of the \(channels) channels",
          handle)
      }
      layers = try self.layers(over: [scales, zeroPoints], handle)
      scheme = .perChannel(scales: scales.tensor, zeroPoints: zeroPoints.tensor, axis: axis)
    default:
      throw PortError(
        .unsupported, "\(printable(name)) is no way to quantize that we know",
        offset: arena.offset(of: handle))
    }
    return RebuiltTensor(
      tensor: try tensor.quantized(Quantization(scheme)),
      parts: [(name: "<quantizer>", value: arguments[4])], layers: layers)
  }

  private func number(_ value: PickleArena.Handle) -> Double? {
    switch arena[value] {
    case .float(let value): value
    case .int: arena.int(value).map { Double($0) }
    default: nil
    }
  }

  /// Scales or zero points: a tensor, or a list of numbers made one.
  private mutating func numbers(
    _ values: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor? {
    let elements: [PickleArena.Handle]
    switch arena[values] {
    case .list(let own), .tuple(let own): elements = own
    default: return try tensor(values, depth: depth + 1)
    }
    if let known = quantizerNumbers[values] { return RebuiltTensor(tensor: known) }
    let integers = elements.compactMap { arena.int($0) }
    var writer = ByteWriter(capacity: elements.count * 8)
    if integers.count == elements.count {
      for integer in integers { writer.little(Int64(integer)) }
    } else {
      for element in elements {
        guard let value = number(element) else { return nil }
        writer.little(value.bitPattern)
      }
    }
    let made = try Tensor(
      dtype: integers.count == elements.count ? .int64 : .float64,
      shape: try Shape([elements.count], limits: limits),
      storage: Storage(key: "quantizer", region: ByteRegion(writer.bytes)))
    quantizerNumbers[values] = made
    return RebuiltTensor(tensor: made)
  }

  /// `(layout, data)`; COO: (indices, values, size[, is_coalesced]), the others: (compressed
  /// indices, plain indices, values, size).
  mutating func sparse(
    _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    let layout = try layout(arguments[0], handle)
    let wanted = layout == .sparseCOO ? 3...4 : 4...4
    guard let data = arena.tuple(arguments[1]), wanted.contains(data.count) else {
      throw malformed("a sparse tensor is not (indices, values, size)", handle)
    }
    let isCOO = layout == .sparseCOO
    let indices = isCOO ? [data[0]] : [data[0], data[1]]
    let values = isCOO ? data[1] : data[2]
    let extents = try integers(isCOO ? data[2] : data[3], "size", handle)
    var rebuilt: [RebuiltTensor] = []
    for part in indices + [values] { rebuilt.append(try wrapped(part, handle, depth)) }
    let tensors = rebuilt.map(\.tensor)
    let layers = try self.layers(over: rebuilt, handle)
    do throws(PortError) {
      let sparse = try SparseTensor(
        layout: layout, shape: try Shape(extents, limits: limits),
        indices: Array(tensors.dropLast()), values: tensors[tensors.count - 1])
      let names = isCOO ? ["<indices>"] : ["<compressed_indices>", "<plain_indices>"]
      return RebuiltTensor(
        tensor: try sparse.tensor(limits: limits),
        parts: zip(names + ["<values>"], indices + [values]).map { (name: $0, value: $1) },
        layers: layers)
    } catch {
      var placed = error
      if placed.offset == nil { placed.offset = arena.offset(of: handle) }
      throw placed
    }
  }

  /// `torch.serialization._get_layout('torch.sparse_coo')`, or the layout by name.
  private func layout(
    _ value: PickleArena.Handle, _ handle: PickleArena.Handle
  ) throws(PortError) -> TensorLayout {
    var name = arena.global(value)?.fullName
    if let call = arena.call(value),
      arena.global(call.callable)?.fullName == "torch.serialization._get_layout",
      let argument = arena.tuple(call.arguments)?.first
    {
      name = arena.text(argument)
    }
    guard let name, name.hasPrefix("torch."),
      let layout = TensorLayout(rawValue: String(name.dropFirst(6))), layout != .strided,
      layout != .nested
    else {
      throw PortError(
        .unsupported, "a sparse tensor is of no layout that we know",
        offset: arena.offset(of: handle))
    }
    return layout
  }

  /// `(buffer, sizes, strides, offsets)`: its elements are those of the buffer, and its parts have
  /// shapes of their own.
  mutating func nested(
    _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    var parts: [Tensor] = []
    for argument in arguments { parts.append(try wrapped(argument, handle, depth).tensor) }
    let (buffer, sizes, strides, offsets) = (parts[0], parts[1], parts[2], parts[3])
    guard buffer.shape.rank == 1, sizes.shape.rank == 2, strides.shape == sizes.shape,
      offsets.shape.rank == 1, offsets.shape[0] == sizes.shape[0]
    else {
      throw malformed("a nested tensor is not (buffer, sizes, strides, offsets)", handle)
    }
    let tensor = try Tensor(
      dtype: buffer.dtype, shape: buffer.shape, strides: buffer.strides, offset: buffer.offset,
      storage: buffer.storage, requiresGrad: buffer.requiresGrad, layout: .nested,
      pending: buffer.pending)
    let names = ["<buffer>", "<sizes>", "<strides>", "<offsets>"]
    return RebuiltTensor(
      tensor: tensor, parts: zip(names, arguments).map { (name: $0, value: $1) })
  }

  /// `(dtype, size, stride, requires_grad)`: a shape without elements.
  func meta(
    _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle
  ) throws(PortError) -> Tensor {
    let dtype = try dtype(arguments[0], handle)
    let shape = try Shape(try integers(arguments[1], "size", handle), limits: limits)
    let strides = try integers(arguments[2], "stride", handle)
    var extent = 1
    for (size, stride) in zip(shape.extents, strides) {
      let (span, tooFar) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, tooMuch) = extent.addingReportingOverflow(span)
      guard !tooFar, !tooMuch, sum > 0 else {
        throw malformed("a tensor without elements has strides that cannot be", handle)
      }
      extent = sum
    }
    let (byteCount, overflow) = extent.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow else {
      throw PortError(
        .limit, "a tensor of shape \(shape) has more bytes than can be counted",
        offset: arena.offset(of: handle))
    }
    let storage = Storage(key: "meta", location: "meta", byteCount: byteCount) {
      () throws(PortError) in
      throw PortError(
        .unsupported, "the file has the shape of this tensor and none of its elements",
        remedy: "save the model after its weights were loaded, not on the device meta")
    }
    return try Tensor(
      dtype: dtype, shape: shape, strides: strides, offset: 0, storage: storage,
      requiresGrad: try bool(arguments[3], handle))
  }

  /// `(array or tensor, dtype, device, requires_grad)`: what other devices send through the host.
  /// A bfloat16 tensor travels as a float32 array.
  mutating func deviceTensor(
    _ arguments: [PickleArena.Handle], _ handle: PickleArena.Handle, _ depth: Int
  ) throws(PortError) -> RebuiltTensor {
    let rebuilt = try wrapped(arguments[0], handle, depth)
    let inner = rebuilt.tensor
    let layers = try self.layers(over: [rebuilt], handle)
    let dtype = try dtype(arguments[1], handle)
    let location = arena.text(arguments[2]) ?? inner.storage.location
    let requiresGrad = try bool(arguments[3], handle)
    let storage: Storage
    if inner.dtype == dtype {
      let size = inner.storage.byteCount
      storage = Storage(
        key: inner.storage.key, location: location, byteOrder: inner.storage.byteOrder,
        byteCount: size
      ) { () throws(PortError) in try inner.storage.bytes() }
    } else if inner.dtype == .float32, dtype == .bfloat16, inner.isContiguous, inner.offset == 0 {
      let limits = limits
      let (count, overflow) = inner.shape.elementCount.multipliedReportingOverflow(by: 2)
      guard !overflow else { throw malformed("a tensor is too large", handle) }
      storage = Storage(key: inner.storage.key, location: location, byteCount: count) {
        () throws(PortError) in bfloat16(try inner.floats(limits: limits))
      }
    } else {
      throw PortError(
        .unsupported, "a \(dtype.rawValue) tensor is saved as \(inner.dtype.rawValue) elements",
        offset: arena.offset(of: handle))
    }
    return RebuiltTensor(
      tensor: try Tensor(
        dtype: dtype, shape: inner.shape, strides: inner.strides, offset: inner.offset,
        storage: storage, requiresGrad: requiresGrad, pending: inner.pending), layers: layers)
  }
}

/// The nearest bfloat16 of each, ties to even; little-endian.
private func bfloat16(_ values: [Float]) -> ByteRegion {
  var writer = ByteWriter(capacity: values.count * 2)
  for value in values {
    let bits = value.bitPattern
    let rounded = value.isNaN ? bits | 0x0040_0000 : bits &+ 0x7FFF &+ (bits >> 16 & 1)
    writer.little(UInt16(truncatingIfNeeded: rounded >> 16))
  }
  return ByteRegion(writer.bytes)
}
