public import TPBytes

extension Tensor {
  /// The elements as contiguous little-endian row-major bytes: lent where they lie so in the file,
  /// else gathered.
  ///
  /// Conjugation and negation that were left undone are carried out; sparse tensors are made dense.
  ///
  /// - Parameters:
  ///   - limits: the bounds on what may be made.
  ///   - caching: see `Storage.bytes(caching:)`.
  /// - Throws: `PortError` where the storage cannot be had, gathering would make more than
  ///   `limits.materialisedBytes`, or there is no such thing: elements that share a byte, nested
  ///   tensors, tensors without elements.
  public func contiguousBytes(
    limits: ReadLimits = ReadLimits(), caching: Bool = true
  ) throws(PortError) -> ByteRegion {
    let size = dtype.byteCount
    guard let total = byteCount else { throw tooLarge(limits) }
    if dtype.elementsPerByte > 1 || layout == .nested {
      let reason =
        layout == .nested
        ? "tensors of different shapes" : "several \(dtype.rawValue) elements a byte"
      throw PortError(
        .unsupported, "\(reason) cannot be laid out as one dense tensor", record: storage.key)
    }
    if total == 0 { return ByteRegion([]) }
    // What may not be made is refused before it is fetched: a sparse tensor is made dense there.
    guard layout == .strided || total <= limits.materialisedBytes else { throw tooLarge(limits) }
    let source = try storage.bytes(caching: caching)
    let swapped = storage.byteOrder == .big && dtype.swapUnit > 1
    if isContiguous, !swapped, !needsResolving,
      let lent = source.slice(offset: offset * size, length: total)
    {
      return lent
    }
    guard total <= limits.materialisedBytes else { throw tooLarge(limits) }
    let shared = try unsafe SharedBytes(count: total) {
      (memory: UnsafeMutableRawBufferPointer) throws(PortError) in
      unsafe gather(source, into: memory)
      if swapped { unsafe reverseBytes(memory, unit: dtype.swapUnit) }
      if needsResolving { try unsafe resolve(memory) }
    }
    return shared.region
  }

  /// The storage, where its bytes as they are stored are those of `contiguousBytes(limits:caching:)`.
  package var wholeStorage: Storage? {
    let isAsStored =
      layout == .strided && offset == 0 && byteCount == storage.byteCount && isContiguous
      && dtype.elementsPerByte == 1 && !needsResolving
      && (storage.byteOrder == .little || dtype.swapUnit == 1)
    return isAsStored ? storage : nil
  }

  private func tooLarge(_ limits: ReadLimits) -> PortError {
    PortError(
      .limit,
      "a tensor of shape \(shape) expands a storage of \(storage.byteCount) bytes beyond the"
        + " \(limits.materialisedBytes) bytes that may be made", record: storage.key,
      remedy: ReadLimits.Named.materialisedBytes.remedy)
  }

  /// Copies element by element in row-major order; runs of the last dimension at once where they touch.
  private func gather(_ source: ByteRegion, into memory: UnsafeMutableRawBufferPointer) {
    let size = dtype.byteCount
    let (extents, strides) = joinedDimensions
    let inner = extents.last ?? 1
    let step = strides.last ?? 1
    let runs = shape.elementCount / max(inner, 1)
    var index = Array(repeating: 0, count: max(extents.count - 1, 0))
    var out = 0
    let bytes = source.bytes
    unsafe bytes.withUnsafeBytes { from in
      for _ in 0..<runs {
        var first = offset
        for (position, stride) in zip(index, strides) { first += position * stride }
        if step == 1 {
          let run = unsafe UnsafeRawBufferPointer(
            rebasing: from[first * size..<(first + inner) * size])
          unsafe UnsafeMutableRawBufferPointer(rebasing: memory[out...]).copyMemory(from: run)
          out += inner * size
        } else {
          for element in 0..<inner {
            let place = (first + element * step) * size
            for byte in 0..<size { unsafe memory[out + byte] = from[place + byte] }
            out += size
          }
        }
        for dimension in index.indices.reversed() {
          index[dimension] += 1
          if index[dimension] < extents[dimension] { break }
          index[dimension] = 0
        }
      }
    }
  }

  /// Extents and strides of the same elements in the same order with fewer dimensions: none of one
  /// element, and neighbours that touch as one.
  private var joinedDimensions: (extents: [Int], strides: [Int]) {
    var extents: [Int] = []
    var steps: [Int] = []
    for (extent, stride) in zip(shape.extents, strides) where extent != 1 {
      if let outer = steps.last, outer == extent &* stride {
        extents[extents.count - 1] *= extent
        steps[steps.count - 1] = stride
      } else {
        extents.append(extent)
        steps.append(stride)
      }
    }
    return (extents, steps)
  }

  private func reverseBytes(_ memory: UnsafeMutableRawBufferPointer, unit: Int) {
    var start = 0
    while start + unit <= memory.count {
      for offset in 0..<unit / 2 {
        unsafe memory.swapAt(start + offset, start + unit - 1 - offset)
      }
      start += unit
    }
  }

  /// The elements as float64, exactly, except that integers beyond 2^53 are rounded.
  ///
  /// - Throws: `PortError` for a type that is not a real number, or where the bytes cannot be had.
  public func doubles(limits: ReadLimits = ReadLimits()) throws(PortError) -> [Double] {
    let region = try contiguousBytes(limits: limits)
    switch dtype {
    case .float64: return convert(region, UInt64.self) { Double(bitPattern: $0) }
    case .float32: return convert(region, UInt32.self) { Double(Float(bitPattern: $0)) }
    case .float16: return convert(region, UInt16.self) { Double(float(half: $0)) }
    case .bfloat16:
      return convert(region, UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int64: return convert(region, Int64.self) { Double($0) }
    case .int32: return convert(region, Int32.self) { Double($0) }
    case .int16: return convert(region, Int16.self) { Double($0) }
    case .int8: return convert(region, Int8.self) { Double($0) }
    case .uint64: return convert(region, UInt64.self) { Double($0) }
    case .uint32: return convert(region, UInt32.self) { Double($0) }
    case .uint16: return convert(region, UInt16.self) { Double($0) }
    case .uint8: return convert(region, UInt8.self) { Double($0) }
    case .bool: return convert(region, UInt8.self) { $0 == 0 ? 0 : 1 }
    default: throw notReal
    }
  }

  /// The elements as float32: exact for float32, float16, bfloat16, bool and integers up to 24 bits,
  /// else rounded to nearest even.
  ///
  /// - Throws: `PortError` for a type that is not a real number, or where the bytes cannot be had.
  public func floats(limits: ReadLimits = ReadLimits()) throws(PortError) -> [Float] {
    switch dtype {
    case .float32:
      return convert(try contiguousBytes(limits: limits), UInt32.self) { Float(bitPattern: $0) }
    case .float16:
      return convert(try contiguousBytes(limits: limits), UInt16.self) { float(half: $0) }
    case .bfloat16:
      return convert(try contiguousBytes(limits: limits), UInt16.self) {
        Float(bitPattern: UInt32($0) << 16)
      }
    case .uint8: return convert(try contiguousBytes(limits: limits), UInt8.self) { Float($0) }
    default: return try doubles(limits: limits).map { Float($0) }
    }
  }

  /// The elements as integers.
  ///
  /// - Throws: `PortError` for a type that is not an integer or bool, or a value beyond `Int`.
  public func integers(limits: ReadLimits = ReadLimits()) throws(PortError) -> [Int] {
    let region = try contiguousBytes(limits: limits)
    switch dtype {
    case .int64: return convert(region, Int64.self) { Int($0) }
    case .int32: return convert(region, Int32.self) { Int($0) }
    case .int16: return convert(region, Int16.self) { Int($0) }
    case .int8: return convert(region, Int8.self) { Int($0) }
    case .uint32: return convert(region, UInt32.self) { Int($0) }
    case .uint16: return convert(region, UInt16.self) { Int($0) }
    case .uint8: return convert(region, UInt8.self) { Int($0) }
    case .bool: return convert(region, UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint64:
      let values = convert(region, UInt64.self) { $0 }
      guard values.allSatisfy({ $0 <= UInt64(Int.max) }) else {
        throw PortError(.limit, "a uint64 value is beyond 2^63", record: storage.key)
      }
      return values.map { Int($0) }
    default:
      throw PortError(
        .mismatch, "integers are needed and the tensor holds \(dtype.rawValue)", record: storage.key
      )
    }
  }

  private var notReal: PortError {
    PortError(
      .unsupported, "\(dtype.rawValue) elements cannot be read as real numbers", record: storage.key
    )
  }
}

/// Loads contiguous little-endian words and maps each.
private func convert<Word: FixedWidthInteger & BitwiseCopyable, Value>(
  _ region: ByteRegion, _ word: Word.Type, _ body: (Word) -> Value
) -> [Value] {
  let count = region.count / MemoryLayout<Word>.size
  let bytes = region.bytes
  return unsafe [Value](unsafeUninitializedCapacity: count) { values, initialized in
    for index in 0..<count {
      let bits = unsafe Word(
        littleEndian: bytes.unsafeLoadUnaligned(
          fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self))
      unsafe values.initializeElement(at: index, to: body(bits))
    }
    initialized = count
  }
}

/// IEEE binary16 to binary32, exactly; by integer shifts, because the baseline x86-64 converts
/// `Float16` through a library call per element.
@inlinable
public func float(half bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 0x1F
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    // Zero and subnormals: the fraction counts units of 2^-24.
    let magnitude = Float(fraction) * 0x1p-24
    return Float(bitPattern: magnitude.bitPattern | sign)
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
