internal import TPBytes

/// Labels as a dataset states them.
enum StatedLabels {
  case indexes([Int])
  case texts([String])

  var count: Int {
    switch self {
    case .indexes(let values): values.count
    case .texts(let values): values.count
    }
  }
}

extension Classes {
  /// The indexes of the classes that labels stand for. Texts are class names where each is one, else
  /// indexes in decimal digits.
  ///
  /// - Parameter place: what to call a label by its number, for example `clip 3`.
  /// - Throws: `PortError` of kind `mismatch` about the first label that is no class.
  func indexes(
    of labels: StatedLabels, place: (Int) -> String
  ) throws(PortError) -> [Int] {
    switch labels {
    case .indexes(let indexes): return try check(indexes, place)
    case .texts(let texts):
      var places: [String: Int] = [:]
      for (index, name) in (names ?? []).enumerated() { places[name] = index }
      let named = texts.map { places[$0] }
      if !named.contains(nil) { return named.compactMap { $0 } }
      let numbers = texts.map { Int($0) }
      // What most likely was meant decides what is told.
      let areNumbers = named.allSatisfy { $0 == nil } && numbers.first.map { $0 != nil } == true
      if !numbers.contains(nil) { return try check(numbers.compactMap { $0 }, place) }
      let wrong = (areNumbers ? numbers : named).firstIndex { $0 == nil } ?? 0
      let text = printable(texts[wrong], limit: 60)
      guard let names else {
        throw PortError(
          .mismatch,
          "the label \"\(text)\" of \(place(wrong)) is no class index, and the weights name no"
            + " classes", remedy: "give indexes from 0 to \(count - 1)")
      }
      throw PortError(
        .mismatch, "the label \"\(text)\" of \(place(wrong)) is no class of the model",
        remedy: "the classes are \(list(names)), or their indexes from 0 to \(count - 1)")
    }
  }

  private func check(_ indexes: [Int], _ place: (Int) -> String) throws(PortError) -> [Int] {
    guard let wrong = indexes.firstIndex(where: { $0 < 0 || $0 >= count }) else { return indexes }
    throw PortError(
      .mismatch,
      "the label \(indexes[wrong]) of \(place(wrong)) is no class index of the model",
      remedy: "the indexes go from 0 to \(count - 1)"
        + (names.map { ": \(list($0))" } ?? ""))
  }
}
