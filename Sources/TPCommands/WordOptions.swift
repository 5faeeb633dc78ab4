internal import ArgumentParser
internal import TPBytes
internal import TPModels

/// Refuses a word that an option does not take: says which it takes, and which may have been meant.
func wrongWord(_ word: String, for option: String, _ words: [String]) -> PortError {
  PortError(
    .usage,
    "\(option) takes \(listed(words)), not \(printable(word, limit: 40))",
    remedy: meant(word, among: words))
}

/// `did you mean NAME?` where a name is near to the one that was typed.
func meant(_ word: String, among names: [String]) -> String? {
  let typed = word.lowercased()
  let near = nearest(typed, among: names.map { ($0, $0.lowercased()) }, atMost: 1).first
  return near.map { "did you mean \(printable($0, limit: 80))?" }
}

/// `a, b or c`
func listed(_ words: [String]) -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "nothing" }
  return words.dropLast().joined(separator: ", ") + " or " + last
}
