#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// A number with `digits` significant digits, as C's `%.Ng` writes it whatever the locale.
package func significant(_ value: Double, _ digits: Int = 3) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
  return formatted("%.*g", digits, value, room: 64)
}

/// What C's printf writes of a number and how many of its digits, in at most `room` bytes.
private func formatted(_ format: String, _ digits: Int, _ value: Double, room: Int) -> String {
  var buffer = [CChar](repeating: 0, count: room)
  let count = unsafe withVaList([Int32(digits), value]) { arguments in
    unsafe vsnprintf(&buffer, buffer.count, format, arguments)
  }
  // The process never calls setlocale, so the decimal point is a point.
  return String(
    decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A share between 0 and 1 in per cent, with `decimals` decimals: `12.34 %`.
package func percent(_ share: Double, decimals: Int = 2) -> String {
  fixed(share * 100, decimals) + " %"
}

/// How far something moved, or how much of it, in per cent: with `decimals` decimals where these show
/// something of it, else with two significant digits, so that what moved never reads as what did not.
package func movedPercent(_ share: Double, decimals: Int = 2) -> String {
  let size = abs(share * 100)
  guard size.isFinite else { return significant(share) }
  let isLost = size > 0 && fixed(size, decimals).allSatisfy { $0 == "0" || $0 == "." }
  if isLost { return significant(share * 100, 2) + " %" }
  return (size < 100_000 ? fixed(share * 100, decimals) : significant(share * 100)) + " %"
}

/// A number with a fixed number of decimals.
package func fixed(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite else { return significant(value) }
  return formatted("%.*f", decimals, value, room: 400)
}

/// An integer with a comma between groups of three digits: `721,044`.
package func grouped(_ value: Int) -> String {
  let digits = Array(String(value.magnitude).utf8)
  var text: [UInt8] = value < 0 ? [UInt8(ascii: "-")] : []
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(UInt8(ascii: ",")) }
    text.append(digit)
  }
  return String(decoding: text, as: UTF8.self)
}

/// Bytes in a unit that fits, in powers of 1000: `8.7 MB`.
package func bytes(_ count: Int) -> String {
  var value = Double(count)
  for unit in ["bytes", "kB", "MB", "GB"] {
    if value < 999.5 || unit == "GB" {
      return unit == "bytes" ? "\(count) bytes" : "\(fixed(value, value < 9.95 ? 1 : 0)) \(unit)"
    }
    value /= 1000
  }
  return "\(count) bytes"
}

/// `1 tensor`, `2 tensors`.
package func counted(_ count: Int, _ noun: String) -> String {
  "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
}

/// A number with `digits` significant digits, zeros at the end too, so that numbers of a column end
/// alike: `2.80`, `1.00e-07`.
package func figure(_ value: Double, _ digits: Int = 3) -> String {
  guard value.isFinite, value != 0 else { return significant(value) }
  let text = formatted("%#.*g", digits, value, room: 64)
  return text.hasSuffix(".") ? String(text.dropLast()) : text
}
