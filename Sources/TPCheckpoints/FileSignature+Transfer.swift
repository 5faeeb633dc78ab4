internal import TPBytes

// Programs that take every file for text change it on the way: old FTP clients and Git's autocrlf put
// a carriage return before each line feed, editors and HTTP clients write bytes above 127 as UTF-8.
// Whatever a reader then stumbles over, this is the cause.
extension FileStart {
  /// How much of a file is looked at, and how many bytes must bear the mark: by chance one line feed of
  /// 256 follows a carriage return, and one text of so many such bytes in thousands is UTF-8.
  private static let examined = 1 << 20
  private static let fewest = 4

  /// What says that the file was changed as if it were text, where it bears the marks of that.
  var textDamage: PortError? {
    let head = prefix(Self.examined)
    let change = lineFeeds(head) ?? encoding(head)
    return change.map {
      PortError(
        .malformed, "was changed on the way as if it were text: \($0)",
        remedy: "fetch the file again, in binary mode")
    }
  }

  private func lineFeeds(_ head: [UInt8]) -> String? {
    var count = 0
    for place in head.indices where head[place] == 0x0A {
      guard place > 0, head[place - 1] == 0x0D else { return nil }
      count += 1
    }
    guard count >= Self.fewest else { return nil }
    return "each of the \(count) line feeds in its first \(head.count) bytes follows a carriage"
      + " return"
  }

  private func encoding(_ head: [UInt8]) -> String? {
    // The last character may be cut; so may one that is too long to be whole.
    let end = head.count < bytes.byteCount ? head.lastIndex { $0 & 0xC0 != 0x80 } : nil
    guard let text = String(validating: head[..<(end ?? head.count)], as: UTF8.self) else {
      return nil
    }
    let strange = text.unicodeScalars.count { $0.value >= 0x80 }
    guard strange >= Self.fewest else { return nil }
    return "its bytes above 127 became characters of UTF-8, \(strange) of them in the first"
      + " \(head.count) bytes"
  }
}

extension FileSignature {
  /// The cause of an error that a reader met, where a program took the file for text.
  static func textDamage(_ bytes: RawSpan) -> PortError? { FileStart(bytes).textDamage }
}
