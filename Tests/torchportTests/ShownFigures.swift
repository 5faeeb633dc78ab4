import Foundation
import TPBytes

/// Whether a printed number is a value, to half of its last digit.
func isShown(_ text: some StringProtocol, _ value: Double?) -> Bool {
  guard let value, let shown = Double(String(text)) else { return false }
  let parts = text.split(separator: "e")
  let decimals = parts[0].split(separator: ".").dropFirst().first?.count ?? 0
  let exponent = parts.dropFirst().first.flatMap { Double(String($0)) } ?? 0
  return abs(shown - value) <= 0.5000001 * pow(10, exponent - Double(decimals))
}

/// The words of each line of a report.
func wordsOfLines(_ text: String) -> [[Substring]] {
  text.split(separator: "\n").map { $0.split(separator: " ") }
}
