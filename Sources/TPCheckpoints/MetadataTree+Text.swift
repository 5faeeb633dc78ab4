internal import TPBytes
internal import TPTensors

// A value of a metadata tree as JSON, so that every type comes back:
//   null, true, false              None, True, False
//   5, 5.0, "text", [...]          an int (no fraction, no exponent), a float, a text, a list
//   {"float": "NaN"}               also "Infinity", "-Infinity", or 16 hex digits: a NaN's other bits
//   {"int": "18446744073709551616"}  an int beyond 64 bits
//   {"units": [55296, 120]}        a text with half a surrogate pair: UTF-16 units
//   {"bytes": "00ff"}
//   {"tuple": [...]}, {"set": [...]}
//   {"dict": [[key, value], ...]}
//   {"name": "torch.float32"}
//   {"object": class, "arguments": [...], "fields": [[key, value], ...], "entries": [[...], ...]}
//   {"tensor": name}               a tensor of the file
//   {"model": null}                the model's state_dict
//   {"shared": number, "value": ...}, and later {"same": number}
//                                  a list, tuple, set, dict or object that occurs more than once

/// How deep values may be nested so that the JSON of them is within what readers take.
let deepestText = 60

extension MetadataTree {
  /// A value as JSON; see the top of this file.
  ///
  /// - Parameters:
  ///   - names: the names of tensors by their places.
  ///   - model: the value that stands for the model.
  /// - Throws: `PortError` for values nested deeper than `deepestText`.
  func text(
    of handle: Handle, names: [String], model: Handle? = nil
  ) throws(PortError) -> String {
    var encoder = TreeEncoder(self, names: names, model: model)
    try encoder.count(handle, depth: 0)
    return try encoder.value(handle, depth: 0).text()
  }
}

private struct TreeEncoder {
  private let tree: MetadataTree
  private let names: [String]
  private let model: MetadataTree.Handle?
  private var counts: [MetadataTree.Handle: Int] = [:]
  private var numbers: [MetadataTree.Handle: Int] = [:]

  init(_ tree: MetadataTree, names: [String], model: MetadataTree.Handle?) {
    self.tree = tree
    self.names = names
    self.model = model
  }

  /// Counts how often each value that holds others occurs.
  mutating func count(_ handle: MetadataTree.Handle, depth: Int) throws(PortError) {
    guard handle != model, tree[handle].isContainer else { return }
    guard depth < deepestText else {
      throw PortError(
        .limit, "the kept values are nested more than \(deepestText) deep",
        remedy: "keep fewer parts of the checkpoint")
    }
    counts[handle, default: 0] += 1
    guard counts[handle] == 1 else { return }
    switch tree[handle] {
    case .list(let own), .tuple(let own), .set(let own):
      for element in own { try count(element, depth: depth + 1) }
    case .dict(let entries): try count(entries, depth)
    case .object(_, let arguments, let fields, _, let entries):
      for argument in arguments { try count(argument, depth: depth + 1) }
      try count(fields, depth)
      try count(entries, depth)
    default: break
    }
  }

  private mutating func count(
    _ entries: [MetadataTree.Entry], _ depth: Int
  ) throws(PortError) {
    for entry in entries {
      try count(entry.key, depth: depth + 1)
      try count(entry.value, depth: depth + 1)
    }
  }

  mutating func value(_ handle: MetadataTree.Handle, depth: Int) throws(PortError) -> JSONValue {
    if handle == model { return ["model": nil] }
    if let number = numbers[handle] { return ["same": .int(number)] }
    guard counts[handle, default: 0] > 1 else { return try plain(handle, depth) }
    let number = numbers.count
    numbers[handle] = number
    return ["shared": .int(number), "value": try plain(handle, depth)]
  }

  private mutating func plain(
    _ handle: MetadataTree.Handle, _ depth: Int
  ) throws(PortError) -> JSONValue {
    switch tree[handle] {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .bigInt(let digits): return ["int": .string(digits)]
    case .float(let value): return float(value)
    case .string(let text): return .string(text)
    case .brokenString(let units): return ["units": .array(units.map { .int(Int($0)) })]
    case .bytes(let bytes): return ["bytes": .string(hexadecimal(bytes))]
    case .list(let own): return .array(try list(own, depth))
    case .tuple(let own): return ["tuple": .array(try list(own, depth))]
    case .set(let own): return ["set": .array(try list(own, depth))]
    case .dict(let entries): return ["dict": .array(try pairs(entries, depth))]
    case .tensor(let place):
      guard names.indices.contains(place) else {
        throw PortError(.usage, "a kept value holds a tensor that is not written")
      }
      return ["tensor": .string(names[place])]
    case .global(let name): return ["name": .string(name)]
    case .object(let className, let arguments, let fields, _, let entries):
      return [
        "object": .string(className), "arguments": .array(try list(arguments, depth)),
        "fields": .array(try pairs(fields, depth)), "entries": .array(try pairs(entries, depth)),
      ]
    }
  }

  private func float(_ value: Double) -> JSONValue {
    if value.isFinite { return .double(value) }
    if value.isNaN, value.bitPattern != 0x7FF8_0000_0000_0000 {
      let bits = String(value.bitPattern, radix: 16)
      return ["float": .string(String(repeating: "0", count: 16 - bits.count) + bits)]
    }
    return ["float": .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")]
  }

  private mutating func list(
    _ own: [MetadataTree.Handle], _ depth: Int
  ) throws(PortError) -> [JSONValue] {
    var result: [JSONValue] = []
    result.reserveCapacity(own.count)
    for element in own { result.append(try value(element, depth: depth + 1)) }
    return result
  }

  private mutating func pairs(
    _ entries: [MetadataTree.Entry], _ depth: Int
  ) throws(PortError) -> [JSONValue] {
    var result: [JSONValue] = []
    for entry in entries {
      let key = try value(entry.key, depth: depth + 1)
      result.append([key, try value(entry.value, depth: depth + 1)])
    }
    return result
  }
}

extension MetadataTree.Node {
  /// Whether it may hold other values.
  fileprivate var isContainer: Bool {
    switch self {
    case .list, .tuple, .set, .dict, .object: true
    default: false
    }
  }
}
