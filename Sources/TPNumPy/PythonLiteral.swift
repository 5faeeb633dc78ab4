internal import TPBytes

/// A strict reader of the one Python dict literal that a NumPy header may be: exactly the keys
/// `descr`, `fortran_order` and `shape`, in any order; nothing is evaluated.
struct PythonLiteral {
  /// What the header says.
  struct Fields {
    var descriptor: String
    /// Where the type string stands, from the start of the file.
    var descriptorOffset: Int
    var isFortranOrder: Bool
    var shape: [Int]
  }

  private let text: [UInt8]
  private let base: Int
  private var place = 0

  /// A literal whose first byte is at `base` in the file.
  init(_ text: [UInt8], base: Int) {
    self.text = text
    self.base = base
  }

  /// Reads the whole text.
  mutating func header() throws(PortError) -> Fields {
    var descriptor: (text: String, offset: Int)?
    var order: Bool?
    var shape: [Int]?
    try expect("{")
    while !passes("}") {
      let start = offset
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descriptor == nil: descriptor = try typeString()
      case "fortran_order" where order == nil: order = try truth()
      case "shape" where shape == nil: shape = try tuple()
      default:
        throw PortError(
          .malformed, "the key '\(printable(key, limit: 40))' is unknown or occurs twice",
          offset: start)
      }
      if passes("}") { break }
      try expect(",")
    }
    skipSpace()
    guard place == text.count else { throw fault("something follows the dict") }
    guard let descriptor, let order, let shape else {
      throw fault("one of the keys descr, fortran_order and shape is missing")
    }
    return Fields(
      descriptor: descriptor.text, descriptorOffset: descriptor.offset, isFortranOrder: order,
      shape: shape)
  }

  private var offset: Int { base + place }

  private func fault(_ message: String) -> PortError {
    PortError(.malformed, "the header is no dict as NumPy writes it: " + message, offset: offset)
  }

  private mutating func skipSpace() {
    while place < text.count, [0x20, 0x0A, 0x09, 0x0D].contains(text[place]) { place += 1 }
  }

  private mutating func passes(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard place < text.count, text[place] == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(PortError) {
    guard passes(character) else { throw fault("`\(character)` should stand here") }
  }

  private mutating func typeString() throws(PortError) -> (text: String, offset: Int) {
    skipSpace()
    if place < text.count, text[place] == UInt8(ascii: "[") {
      throw PortError(
        .unsupported, "the array's elements have named fields, which no tensor has",
        offset: offset, remedy: "save each field as an array of its own")
    }
    let start = offset
    return (try string(), start)
  }

  private mutating func string() throws(PortError) -> String {
    skipSpace()
    guard place < text.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[place]) else {
      throw fault("a text should stand here")
    }
    let quote = text[place]
    let rest = text[(place + 1)...]
    guard let end = rest.firstIndex(of: quote) else { throw fault("a text is not ended") }
    let content = rest[..<end]
    guard content.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
      throw fault("a text has characters beyond plain ASCII")
    }
    place = end + 1
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func truth() throws(PortError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where text[place...].starts(with: word.utf8) {
      place += word.utf8.count
      return value
    }
    throw fault("True or False should stand here")
  }

  /// `()`, `(3,)`, `(3, 4)`; Python 2 wrote `3L`.
  private mutating func tuple() throws(PortError) -> [Int] {
    try expect("(")
    var numbers: [Int] = []
    var hasComma = false
    while !passes(")") {
      guard numbers.isEmpty || hasComma else { throw fault("a comma should stand here") }
      skipSpace()
      let digits = text[place...].prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty, let number = Int(String(decoding: digits, as: UTF8.self)) else {
        throw fault("a number of elements from 0 on should stand here")
      }
      place += digits.count
      if place < text.count, text[place] == UInt8(ascii: "L") { place += 1 }
      numbers.append(number)
      hasComma = passes(",")
    }
    guard numbers.count != 1 || hasComma else {
      throw fault("a tuple of one number needs a comma")
    }
    return numbers
  }
}
