public import TPBytes

extension Tensor {
  /// The least scale: the smallest normal float32, 2^-126. Below it a scale would have too few
  /// digits to keep the integers within 127.
  static let leastScale = Float.leastNormalMagnitude

  /// The elements as integers of 8 bits with a scale for each output channel (the first dimension).
  ///
  /// The largest |w| of a channel becomes 127: scale = max |w| / 127 rounded to float32, but not less
  /// than 2^-126, and 1 for a channel of zeros; q = w / scale rounded to the nearest integer, ties to
  /// even, with no other rounding on the way. -128 does not occur. An element stands for q * scale,
  /// rounded to float32. Elements of float64 are rounded to float32 first.
  ///
  /// - Throws: `PortError` for fewer than two dimensions, for elements that are not floating-point
  ///   numbers of 16, 32 or 64 bits, for one that is not finite in float32, or where the bytes
  ///   cannot be had.
  public func quantised(limits: ReadLimits = ReadLimits()) throws(PortError) -> RoundedTensor {
    guard shape.rank >= 2, BinaryFormat(dtype) != nil else {
      throw PortError(
        .unsupported,
        "only floating-point tensors of two dimensions or more have scales per channel; this one is"
          + " \(dtype.rawValue) \(shape)", record: storage.key)
    }
    let values = try floats(limits: limits)
    let exact = dtype == .float64 ? try doubles(limits: limits) : nil
    let channels = shape[0]
    let each = channels == 0 ? 0 : values.count / channels
    let scales = try (0..<channels).map { (channel: Int) throws(PortError) in
      try scale(of: values[channel * each..<(channel + 1) * each], channel)
    }
    var loss = RoundingLoss()
    loss.count = values.count
    let region = try unsafe Self.made(values.count, Int8.self, limits, storage.key) { integers in
      for channel in 0..<channels {
        let scale = scales[channel]
        for index in channel * each..<(channel + 1) * each {
          // float64 holds the quotient of two float32 well enough to tell a tie from what is none.
          let integer = (Double(values[index]) / Double(scale)).rounded(.toNearestOrEven)
          let old = exact?[index] ?? Double(values[index])
          unsafe integers[index] = Int8(integer)
          loss.add(old, Double(Float(integer) * scale))
          if integer == 0, old != 0 { loss.toZero += 1 }
        }
      }
    }
    let integers = try Tensor(
      dtype: .int8, shape: shape, storage: Storage(key: storage.key, region: region))
    return RoundedTensor(
      tensor: integers, scale: Tensor(floats: scales, shape: Shape(known: [channels])), loss: loss)
  }

  private func scale(of values: ArraySlice<Float>, _ channel: Int) throws(PortError) -> Float {
    var largest: Float = 0
    for value in values {
      guard value.isFinite else {
        throw PortError(
          .unsupported,
          "an element of output channel \(channel) is \(value), which has no place in int8",
          record: storage.key,
          remedy: "choose float32 or a 16-bit type, which keep infinities and NaN")
      }
      if value.magnitude > largest { largest = value.magnitude }
    }
    return largest == 0 ? 1 : max(largest / 127, Tensor.leastScale)
  }

  /// The float32 numbers that integers and their scales stand for: q * scale, each rounded once.
  ///
  /// Nothing is computed until the bytes are asked for.
  ///
  /// - Precondition: `scale` is float32 with one element for each of the first dimension.
  func scaled(by scale: Tensor) throws(PortError) -> Tensor {
    let (total, overflow) = shape.elementCount.multipliedReportingOverflow(by: 4)
    guard !overflow else {
      throw PortError(
        .limit, "a tensor of shape \(shape) has too many bytes", record: storage.key)
    }
    let integers = self
    return try Tensor(
      dtype: .float32, shape: shape,
      storage: Storage(key: storage.key, byteCount: total) { () throws(PortError) in
        let scales = try scale.floats()
        let region = try integers.contiguousBytes()
        let each = scales.isEmpty ? 0 : region.count / scales.count
        return try unsafe Self.made(region.count, UInt32.self, ReadLimits(), integers.storage.key) {
          values in
          let bytes = region.bytes
          for (channel, scale) in scales.enumerated() {
            for index in channel * each..<(channel + 1) * each {
              let integer = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: Int8.self)
              unsafe values[index] = (Float(integer) * scale).bitPattern.littleEndian
            }
          }
        }
      })
  }
}

extension RoundedTensor {
  /// The numbers that are meant, as float32: of int8 the integers times their scales.
  package func numbers() throws(PortError) -> [Float] {
    guard let scale else { return try tensor.floats() }
    return try tensor.scaled(by: scale).floats()
  }
}

extension StateDict {
  /// What the name of an int8 tensor's scales has more than the tensor's own.
  public static let scaleSuffix = ".scale"

  /// The names of int8 tensors that have scales beside them: `NAME` is int8 of two dimensions or
  /// more, `NAME.scale` float32 with one element for each output channel.
  public var quantisedNames: [String] {
    entries.filter { scales(of: $0) != nil }.map(\.name)
  }

  private func scales(of entry: Entry) -> Tensor? {
    guard entry.tensor.dtype == .int8, entry.tensor.shape.rank >= 2,
      let scale = self[entry.name + Self.scaleSuffix], scale.dtype == .float32,
      scale.shape.extents == [entry.tensor.shape[0]]
    else { return nil }
    return scale
  }

  /// The same with every int8 tensor that has scales as the float32 numbers that it stands for, and
  /// without the scales; computed when the bytes are asked for.
  ///
  /// - Throws: `PortError` where float32 numbers would have more bytes than an `Int` counts.
  public func dequantised() throws(PortError) -> StateDict {
    let quantised = Set(quantisedNames)
    if quantised.isEmpty { return self }
    let scales = Set(quantised.map { $0 + Self.scaleSuffix })
    var result = StateDict()
    for entry in entries where !scales.contains(entry.name) {
      guard let scale = self.scales(of: entry) else {
        try result.append(entry.name, entry.tensor)
        continue
      }
      do throws(PortError) {
        try result.append(entry.name, try entry.tensor.scaled(by: scale))
      } catch {
        throw error.at(key: entry.name)
      }
    }
    return result
  }
}
