package import TPBytes

/// SHA-256 of what is handed over piece by piece.
package struct RunningDigest {
  private var hash = SHA256Hash()

  /// Starts with nothing.
  package init() {}

  /// Starts with a line that says what is hashed.
  package init(_ title: String) {
    var writer = ByteWriter()
    writer.append(utf8: title + "\n")
    update(writer)
  }

  /// Adds bytes.
  package mutating func update(_ writer: ByteWriter) { hash.update(writer) }

  /// Adds a number as u64, little-endian.
  package mutating func update(_ number: Int) {
    var writer = ByteWriter()
    writer.little(Int64(number))
    update(writer)
  }

  /// Adds a text behind the number of its UTF-8 bytes.
  package mutating func update(_ text: String) {
    var writer = ByteWriter()
    writer.little(UInt64(text.utf8.count))
    writer.append(utf8: text)
    update(writer)
  }

  /// Adds float32 numbers, little-endian: the memory as it is, because no other machine is supported.
  package mutating func update(_ values: ArraySlice<Float>) {
    // `Span.bytes` is marked unsafe because padding may be uninitialized; Float has none.
    unsafe hash.update(values.span.bytes)
  }

  /// Adds the UTF-8 bytes of a text, and nothing else.
  package mutating func update(utf8 text: String) {
    var writer = ByteWriter()
    writer.append(utf8: text)
    update(writer)
  }

  /// The 32 bytes.
  package var bytes: [UInt8] { hash.digest }

  /// 64 lowercase hex digits.
  package var description: String { hexadecimal(hash.digest) }
}
