internal import TPBytes
internal import TPComparison

/// The most values of the metadata on a page, and how deep its lists are nested.
private let mostValues = 500
private let mostLevels = 5

extension DiffReport {
  func addMetadata(to page: inout Page) {
    if difference.metadata.isEmpty { return }
    var root = MetadataBranch()
    for change in difference.metadata.prefix(mostValues) {
      root.add(change, under: change.path[...], level: 1)
    }
    let count = difference.metadata.count
    page.add("Metadata") {
      paragraph("\(counted(count, "value")) of the metadata \(count == 1 ? "differs" : "differ").")
      root.list
      if count > mostValues {
        paragraph(
          "The first \(grouped(mostValues)) of \(grouped(count)); the output of --json has all of"
            + " them.", "soft")
      }
    }
  }
}

/// Values that differ, under the keys that lead to them.
private struct MetadataBranch {
  private var keys: [String] = []
  private var branches: [String: MetadataBranch] = [:]
  private var values: [MetadataDifference] = []

  mutating func add(_ change: MetadataDifference, under path: ArraySlice<String>, level: Int) {
    guard let key = path.first else {
      values.append(change)
      return
    }
    // Below the last level the rest of the way stands in one name.
    let name =
      level < mostLevels
      ? key
      : path.prefix(20).map { abridged($0, limit: 60) }.joined(separator: ".")
        + (path.count > 20 ? "…" : "")
    if branches[name] == nil { keys.append(name) }
    branches[name, default: MetadataBranch()].add(
      change, under: level < mostLevels ? path.dropFirst() : [], level: level + 1)
  }

  var list: Node {
    element(.ul, .class("tree")) {
      for key in keys {
        if let branch = branches[key] {
          element(.li) {
            named(key, limit: 80)
            for change in branch.values { MetadataBranch.node(change) }
            if !branch.keys.isEmpty { branch.list }
          }
        }
      }
    }
  }

  private static func node(_ change: MetadataDifference) -> [Node] {
    switch (change.before, change.after) {
    case (let before?, let after?):
      if let list = ListContinuation(before, after) {
        return [.text(" goes on with \(counted(list.more.count, "value")): "), values(list.more)]
      }
      if let list = ListContinuation(after, before) {
        return [.text(" ends \(counted(list.more.count, "value")) before: "), values(list.more)]
      }
      return [.text(" "), value(before), .text(" → "), value(after)]
    case (let before?, nil): return [.text(" only in a: "), value(before)]
    case (nil, let after?): return [.text(" only in b: "), value(after)]
    case (nil, nil): return []
    }
  }

  private static func values(_ list: [Double]) -> Node {
    value(list.map { significant($0, 5) }.joined(separator: ", "))
  }

  private static func value(_ text: String) -> Node {
    text.isEmpty ? .text("an empty text") : named(text, limit: 160)
  }
}
