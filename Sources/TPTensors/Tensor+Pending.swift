internal import TPBytes

extension Tensor {
  /// Whether the stored elements differ from the tensor's; conjugating a real number changes nothing.
  var needsResolving: Bool {
    pending.contains(.negation) || pending.contains(.conjugation) && isComplex
  }

  private var isComplex: Bool {
    switch dtype {
    case .complex128, .complex64, .complex32, .bcomplex32: true
    default: false
    }
  }

  /// Carries out what is pending on contiguous little-endian elements.
  ///
  /// - Throws: `PortError` for a type that has no sign to change.
  func resolve(_ memory: UnsafeMutableRawBufferPointer) throws(PortError) {
    let width = dtype.swapUnit
    if isComplex {
      // Negation changes both signs, conjugation the second; both together the first.
      let negates = pending.contains(.negation)
      let flipsSecond = negates != pending.contains(.conjugation)
      var start = 0
      while start + 2 * width <= memory.count {
        if negates { unsafe memory[start + width - 1] ^= 0x80 }
        if flipsSecond { unsafe memory[start + 2 * width - 1] ^= 0x80 }
        start += 2 * width
      }
      return
    }
    guard pending.contains(.negation) else { return }
    switch dtype {
    case .float64, .float32, .float16, .bfloat16, .float8_e5m2, .float8_e4m3fn:
      var last = width - 1
      while last < memory.count {
        unsafe memory[last] ^= 0x80
        last += width
      }
    case .int64, .int32, .int16, .int8, .uint8, .uint16, .uint32, .uint64:
      unsafe negate(memory, width: width)
    default:
      throw PortError(
        .unsupported,
        "a tensor of \(dtype.rawValue) is saved as its negative, which it cannot have",
        record: storage.key, remedy: "save tensor.resolve_neg() instead")
    }
  }

  /// Two's complement, from the lowest byte on.
  private func negate(_ memory: UnsafeMutableRawBufferPointer, width: Int) {
    var start = 0
    while start + width <= memory.count {
      var carry: UInt16 = 1
      for place in start..<start + width {
        let sum = UInt16(~(unsafe memory[place])) + carry
        unsafe memory[place] = UInt8(truncatingIfNeeded: sum)
        carry = sum >> 8
      }
      start += width
    }
  }
}
