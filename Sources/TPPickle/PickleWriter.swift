internal import TPBytes

/// Writes one pickle of protocol 2, opcode by opcode, with the choices of CPython's own pickler.
///
/// The caller says what to write in the order of the stack machine: what a container holds after the
/// container, a tuple's elements before it, a constructor's arguments before `reduce()`. Objects are
/// memoised where CPython memoises them, so that equal objects in an equal order give equal bytes.
public struct PickleWriter: Sendable {
  /// The place of an object in the memo.
  public struct Slot: Hashable, Sendable {
    fileprivate let number: UInt32
  }

  /// How many items CPython puts between a `MARK` and its `APPENDS` or `SETITEMS`.
  public static let batch = 1_000

  private var writer = ByteWriter()
  private var memoised: UInt32 = 0
  private var globals: [String: Slot] = [:]

  /// Begins a pickle.
  public init() {
    code(.proto)
    writer.append([2])
  }

  /// Ends the pickle with the object that is on the stack, and gives its bytes.
  public consuming func finish() -> [UInt8] {
    code(.stop)
    return writer.bytes
  }

  /// `None`.
  public mutating func none() { code(.none) }

  /// `True` or `False`.
  public mutating func bool(_ value: Bool) { code(value ? .newTrue : .newFalse) }

  /// An integer, in the fewest bytes.
  public mutating func int(_ value: Int) {
    if let small = UInt8(exactly: value) {
      code(.binInt1)
      writer.little(small)
    } else if let small = UInt16(exactly: value) {
      code(.binInt2)
      writer.little(small)
    } else if let small = Int32(exactly: value) {
      code(.binInt)
      writer.little(small)
    } else {
      // Two's complement without needless sign bytes.
      let bits = Int.bitWidth - (value ^ value >> 63).leadingZeroBitCount
      long((0...bits / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }
  }

  /// An integer of any size up to 255 bytes, from its decimal digits.
  ///
  /// - Returns: `false`, and nothing is written, for a text that is no such number.
  public mutating func int(decimal digits: String) -> Bool {
    if let small = Int(digits) {
      int(small)
      return true
    }
    guard let bytes = twosComplement(digits), bytes.count < 256 else { return false }
    long(bytes)
    return true
  }

  /// A number.
  public mutating func float(_ value: Double) {
    code(.binFloat)
    writer.little(value.bitPattern.byteSwapped)
  }

  /// A text; memoise it to write it once.
  public mutating func text(_ text: String) {
    code(.binUnicode)
    writer.little(UInt32(clamping: text.utf8.count))
    writer.append(utf8: text)
  }

  /// A text of UTF-16 units some of which are surrogates without a partner, as Python writes it.
  public mutating func text(units: [UInt16]) {
    var bytes: [UInt8] = []
    var place = 0
    while place < units.count {
      let unit = UInt32(units[place])
      var scalar = unit
      if UTF16.isLeadSurrogate(units[place]), place + 1 < units.count,
        UTF16.isTrailSurrogate(units[place + 1])
      {
        scalar = 0x1_0000 + (unit & 0x3FF) << 10 + UInt32(units[place + 1]) & 0x3FF
        place += 1
      }
      place += 1
      bytes += utf8(scalar)
    }
    code(.binUnicode)
    writer.little(UInt32(clamping: bytes.count))
    writer.append(bytes)
  }

  /// A class or function; memoised by name.
  public mutating func global(_ module: String, _ name: String) {
    let key = module + "\n" + name
    if let slot = globals[key] { return recall(slot) }
    code(.global)
    writer.append(utf8: key + "\n")
    globals[key] = memoise()
  }

  /// An empty list.
  public mutating func emptyList() { code(.emptyList) }

  /// An empty dict.
  public mutating func emptyDict() { code(.emptyDict) }

  /// Marks the stack, for what is gathered next.
  public mutating func mark() { code(.mark) }

  /// A tuple of the topmost `count` objects: above the last mark, where there are more than three.
  public mutating func tuple(_ count: Int) {
    switch count {
    case 0: code(.emptyTuple)
    case 1: code(.tuple1)
    case 2: code(.tuple2)
    case 3: code(.tuple3)
    default: code(.tuple)
    }
  }

  /// Puts one object into the list beneath it.
  public mutating func append() { code(.append) }

  /// Puts everything above the mark into the list beneath it.
  public mutating func appends() { code(.appends) }

  /// Sets one key and value in the dict, or object, beneath them.
  public mutating func setItem() { code(.setItem) }

  /// Sets every key and value above the mark in the dict, or object, beneath it.
  public mutating func setItems() { code(.setItems) }

  /// Calls the class or function beneath the tuple of arguments.
  public mutating func reduce() { code(.reduce) }

  /// Gives the object beneath it a state.
  public mutating func build() { code(.build) }

  /// The object of the container that the id on the stack stands for.
  public mutating func persistent() { code(.binPersID) }

  /// Remembers the object on top of the stack.
  @discardableResult
  public mutating func memoise() -> Slot {
    let slot = Slot(number: memoised)
    memoised += 1
    write(slot, short: .binPut, long: .longBinPut)
    return slot
  }

  /// An object that was remembered.
  public mutating func recall(_ slot: Slot) {
    write(slot, short: .binGet, long: .longBinGet)
  }

  private mutating func write(_ slot: Slot, short: PickleOpcode, long: PickleOpcode) {
    if let number = UInt8(exactly: slot.number) {
      code(short)
      writer.little(number)
    } else {
      code(long)
      writer.little(slot.number)
    }
  }

  private mutating func long(_ bytes: [UInt8]) {
    code(.long1)
    writer.append([UInt8(truncatingIfNeeded: bytes.count)])
    writer.append(bytes)
  }

  private mutating func code(_ opcode: PickleOpcode) { writer.append([opcode.rawValue]) }
}

/// A code point, surrogates included, in (generalised) UTF-8.
private func utf8(_ value: UInt32) -> [UInt8] {
  let last = { (shift: UInt32) in UInt8(0x80 | (value >> shift) & 0x3F) }
  switch value {
  case 0..<0x80: return [UInt8(value)]
  case 0x80..<0x800: return [UInt8(0xC0 | value >> 6), last(0)]
  case 0x800..<0x1_0000: return [UInt8(0xE0 | value >> 12), last(6), last(0)]
  default: return [UInt8(0xF0 | (value >> 18) & 7), last(12), last(6), last(0)]
  }
}

/// The little-endian bytes of a decimal integer, as few as hold its sign; `nil` for another text or
/// one of more than 700 digits.
private func twosComplement(_ decimal: String) -> [UInt8]? {
  let isNegative = decimal.utf8.first == UInt8(ascii: "-")
  let digits = decimal.utf8.dropFirst(isNegative ? 1 : 0)
  guard !digits.isEmpty, digits.count <= 700 else { return nil }
  var magnitude: [UInt8] = [0]
  for digit in digits {
    guard (0x30...0x39).contains(digit) else { return nil }
    var carry = Int(digit) - 0x30
    for place in magnitude.indices {
      carry += Int(magnitude[place]) * 10
      magnitude[place] = UInt8(truncatingIfNeeded: carry)
      carry >>= 8
    }
    if carry > 0 { magnitude.append(UInt8(truncatingIfNeeded: carry)) }
  }
  if isNegative {
    var carry = 1
    for place in magnitude.indices {
      carry += Int(~magnitude[place])
      magnitude[place] = UInt8(truncatingIfNeeded: carry)
      carry >>= 8
    }
  }
  let sign: UInt8 = isNegative ? 0xFF : 0
  magnitude.append(sign)
  while magnitude.count > 1, magnitude[magnitude.count - 1] == sign,
    magnitude[magnitude.count - 2] & 0x80 == sign & 0x80
  {
    magnitude.removeLast()
  }
  return magnitude
}
