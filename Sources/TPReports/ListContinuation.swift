/// What a list of numbers in the metadata has beyond another that it begins with, as the history of a
/// longer training.
struct ListContinuation {
  /// How many numbers both have.
  var before: Int
  /// What only the longer has.
  var more: [Double]

  /// - Parameters: two lists as texts, `[1, 2]` and `[1, 2, 3]`.
  /// - Returns: `nil` where the second does not begin with the first, or they are no numbers.
  init?(_ short: String, _ long: String) {
    guard short.utf8.count > 2, short.utf8.count < 100_000, long.utf8.count < 100_000,
      short.hasPrefix("["), short.hasSuffix("]"), long.hasSuffix("]")
    else { return nil }
    let start = short.dropLast() + ", "
    guard long.hasPrefix(start) else { return nil }
    func numbers(_ text: Substring) -> [Double]? {
      let texts = text.split(separator: ",", omittingEmptySubsequences: false)
      let values = texts.compactMap { Double($0.drop { $0 == " " }) }
      return values.count == texts.count ? values : nil
    }
    guard let own = numbers(short.dropFirst().dropLast()),
      let more = numbers(long.dropFirst(start.count).dropLast())
    else { return nil }
    (before, self.more) = (own.count, more)
  }
}
