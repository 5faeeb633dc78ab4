internal import TPBytes

/// The members of a rule besides what it is about.
struct MapRuleFields {
  let json: JSONValue
  let action: String

  func text(_ key: String) throws(PortError) -> String {
    guard let text = json[key]?.string else {
      throw MapRule.wrong("\(action) needs \(key), a text")
    }
    return text
  }

  /// 0 where the rule does not say.
  func axis() throws(PortError) -> Int {
    guard let value = json["axis"] else { return 0 }
    guard let axis = value.int, (0..<ReadLimits().rank).contains(axis) else {
      throw MapRule.wrong("axis is not a number from 0 on")
    }
    return axis
  }

  func permutation() throws(PortError) -> [Int] {
    let list = json["axes"]?.array ?? []
    let axes = list.compactMap(\.int)
    guard !axes.isEmpty, axes.count == list.count, axes.sorted() == Array(0..<axes.count) else {
      throw MapRule.wrong("axes is not a list of the numbers 0 to n - 1, each once")
    }
    return axes
  }

  /// The same blocks in two orders: a text of one character each, or a list of texts.
  func blocks() throws(PortError) -> (from: [String], to: [String]) {
    let (from, to) = (names(json["from"]), names(json["to"]))
    guard from.count > 1, Set(from).count == from.count, from.sorted() == to.sorted() else {
      throw MapRule.wrong(
        "reorder needs from and to: the same two or more blocks, each once, in two orders")
    }
    return (from, to)
  }

  private func names(_ json: JSONValue?) -> [String] {
    if let text = json?.string { return text.map { String($0) } }
    let list = json?.array ?? []
    let names = list.compactMap(\.string)
    return names.count == list.count ? names : []
  }

  func parts() throws(PortError) -> [MapRule.Part] {
    let list = json["into"]?.array ?? []
    var parts: [MapRule.Part] = []
    for item in list {
      if let name = item.string {
        parts.append(.init(name: name, size: nil))
      } else if let name = item["name"]?.string, let size = item["size"]?.int, size >= 0,
        item.members?.count == 2
      {
        parts.append(.init(name: name, size: size))
      }
    }
    guard parts.count > 1, parts.count == list.count,
      parts.allSatisfy({ ($0.size == nil) == (parts[0].size == nil) })
    else {
      throw MapRule.wrong(
        "split needs into, a list of two or more parts: all names, or all {name, size}")
    }
    return parts
  }
}
