internal import TPBytes
internal import TPTensors

/// Reads a value of a metadata tree from the JSON at the top of MetadataTree+Text.swift.
struct TreeDecoder {
  /// The tree that the value is added to.
  var tree: MetadataTree
  /// The value that stands for the model, and the path that leads to it.
  private(set) var model: (handle: MetadataTree.Handle, path: [String])?
  /// The tensors that were named: the first path of each.
  private(set) var tensors: [String: [String]] = [:]
  private let places: [String: Int]
  private var shared: [Int: MetadataTree.Handle] = [:]
  private var path: [String] = []
  /// What a sentence calls the text.
  private let key: String

  /// - Parameters:
  ///   - places: the places of tensors by their names.
  ///   - key: the key of the text, for errors.
  init(adding tree: MetadataTree, places: [String: Int], key: String) {
    self.tree = tree
    self.places = places
    self.key = key
  }

  /// The value of a text.
  ///
  /// - Throws: `PortError` naming the key for whatever is no such text.
  mutating func value(_ text: String) throws(PortError) -> MetadataTree.Handle {
    let json: JSONValue
    do throws(PortError) {
      json = try JSONValue(parsing: text, depth: 4 * deepestText)
    } catch {
      // Its offset counts from the start of the text, which is no place in the file.
      throw PortError(error.kind, error.message, key: key)
    }
    return try value(json)
  }

  private mutating func value(_ json: JSONValue) throws(PortError) -> MetadataTree.Handle {
    switch json {
    case .null: return tree.add(.none)
    case .bool(let value): return tree.add(.bool(value))
    case .int(let value): return tree.add(.int(value))
    case .double(let value): return tree.add(.float(value))
    case .string(let text): return tree.add(.string(text))
    case .array(let own):
      let handle = tree.add(.none)
      return try list(own, at: handle)
    case .object(let members):
      let handle = tree.add(.none)
      if members.count == 2, members[0].key == "shared", members[1].key == "value" {
        guard let number = members[0].value.int, shared[number] == nil else { throw wrong }
        shared[number] = handle
        guard try fill(handle, members[1].value) else { throw wrong }
        return handle
      }
      if members.count == 1, members[0].key == "same" {
        guard let number = members[0].value.int, let known = shared[number] else { throw wrong }
        return known
      }
      guard try fill(handle, json) else { throw wrong }
      return handle
    }
  }

  private mutating func list(
    _ own: [JSONValue], at handle: MetadataTree.Handle
  ) throws(PortError) -> MetadataTree.Handle {
    tree.replace(handle, with: .list(try elements(own)))
    return handle
  }

  /// Gives a value that is there already its content.
  private mutating func fill(
    _ handle: MetadataTree.Handle, _ json: JSONValue
  ) throws(PortError) -> Bool {
    if let own = json.array {
      _ = try list(own, at: handle)
      return true
    }
    guard let members = json.members, let first = members.first else { return false }
    let text = first.value.string
    let node: MetadataTree.Node?
    switch (first.key, members.count) {
    case ("float", 1): node = text.flatMap(Self.float).map { .float($0) }
    case ("int", 1): node = text.flatMap { Self.isDecimal($0) ? .bigInt($0) : nil }
    case ("units", 1):
      let units = (first.value.array ?? []).compactMap { $0.int.flatMap { UInt16(exactly: $0) } }
      node = units.count == first.value.array?.count ? .brokenString(units) : nil
    case ("bytes", 1): node = text.flatMap(Self.bytes).map { .bytes($0) }
    case ("tuple", 1): node = .tuple(try elements(try array(first.value)))
    case ("set", 1): node = .set(try elements(try array(first.value)))
    case ("dict", 1): node = .dict(try pairs(try array(first.value)))
    case ("name", 1): node = text.map { .global($0) }
    case ("tensor", 1):
      guard let text, let place = places[text] else { throw wrong }
      if tensors[text] == nil { tensors[text] = path }
      node = .tensor(place)
    case ("model", 1):
      guard model == nil, first.value == .null else { throw wrong }
      model = (handle, path)
      node = MetadataTree.Node.none
    case ("object", 4):
      guard let text, let arguments = json["arguments"], let fields = json["fields"],
        let entries = json["entries"]
      else { throw wrong }
      node = .object(
        className: text, arguments: try elements(try array(arguments)),
        fields: try pairs(try array(fields)), items: [], entries: try pairs(try array(entries)))
    default: node = nil
    }
    guard let node else { return false }
    tree.replace(handle, with: node)
    return true
  }

  private mutating func elements(
    _ own: [JSONValue]
  ) throws(PortError) -> [MetadataTree.Handle] {
    var handles: [MetadataTree.Handle] = []
    handles.reserveCapacity(own.count)
    for (place, element) in own.enumerated() {
      path.append("\(place)")
      handles.append(try value(element))
      path.removeLast()
    }
    return handles
  }

  private mutating func pairs(_ own: [JSONValue]) throws(PortError) -> [MetadataTree.Entry] {
    var entries: [MetadataTree.Entry] = []
    for pair in own {
      guard let parts = pair.array, parts.count == 2 else { throw wrong }
      let key = try value(parts[0])
      path.append(tree.pathComponent(key))
      entries.append(.init(key: key, value: try value(parts[1])))
      path.removeLast()
    }
    return entries
  }

  private func array(_ json: JSONValue) throws(PortError) -> [JSONValue] {
    guard let own = json.array else { throw wrong }
    return own
  }

  private var wrong: PortError {
    PortError(.malformed, "is not a value as it is written here", key: key)
  }

  private static func float(_ text: String) -> Double? {
    switch text {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default:
      guard text.utf8.count == 16, let bits = UInt64(text, radix: 16) else { return nil }
      let value = Double(bitPattern: bits)
      return value.isNaN ? value : nil
    }
  }

  private static func isDecimal(_ text: String) -> Bool {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    return (1...700).contains(digits.count) && digits.allSatisfy { (0x30...0x39).contains($0) }
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
