// Swift compares and hashes texts by canonical equivalence: é is e and its accent. For that it sorts
// the marks of each character by their class, with work that grows with the square of their number: a
// key of 80,000 marks, 160 kB, takes half a minute each time that it is looked at. Written languages
// put a handful of marks on a letter; Unicode's Stream-Safe Text Format (UAX #15, 13) lets 30 follow
// each other.

/// Marks that may follow each other in a text from a file.
private let mostMarks = 128

/// Whether so many combining marks follow each other in a text that comparing it would take long.
public func hasTooManyMarks(_ text: String) -> Bool {
  // No mark has fewer than two bytes.
  guard text.utf8.count > 2 * mostMarks else { return false }
  var count = 0
  for scalar in text.unicodeScalars {
    // No mark comes before U+0300.
    if scalar.value >= 0x300, scalar.properties.canonicalCombiningClass != .notReordered {
      count += 1
      if count > mostMarks { return true }
    } else {
      count = 0
    }
  }
  return false
}

/// Holds a text from a file to what can be compared in time that is linear in its length.
///
/// - Throws: `PortError` where more than 128 combining marks follow each other.
public func checkMarks(of text: String, offset: Int? = nil) throws(PortError) {
  guard hasTooManyMarks(text) else { return }
  throw PortError(
    .limit, "a text has more than \(mostMarks) combining marks in a row", offset: offset,
    remedy: "no language writes so; the file is damaged or made to deceive")
}
