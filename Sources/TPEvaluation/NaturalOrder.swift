/// The order in which people count: `frame_2` before `frame_10`.
///
/// Runs of digits are compared as numbers, everything else by its UTF-8 bytes; where that makes no
/// difference (`a1`, `a01`), fewer digits come first.
func precedesNaturally(_ left: String, _ right: String) -> Bool {
  let (a, b) = (Array(left.utf8), Array(right.utf8))
  var (i, j) = (0, 0)
  var shorter = 0
  while i < a.count, j < b.count {
    if isDigit(a[i]), isDigit(b[j]) {
      let (x, y) = (digits(a, from: i), digits(b, from: j))
      (i, j) = (i + x.count, j + y.count)
      let (p, q) = (x.drop { $0 == UInt8(ascii: "0") }, y.drop { $0 == UInt8(ascii: "0") })
      if p.count != q.count { return p.count < q.count }
      if !p.elementsEqual(q) { return p.lexicographicallyPrecedes(q) }
      if shorter == 0 { shorter = x.count - y.count }
    } else {
      if a[i] != b[j] { return a[i] < b[j] }
      (i, j) = (i + 1, j + 1)
    }
  }
  if a.count - i != b.count - j { return a.count - i < b.count - j }
  return shorter < 0
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func digits(_ text: [UInt8], from start: Int) -> ArraySlice<UInt8> {
  text[start...].prefix(while: isDigit)
}
