import Foundation
import TPBytes
import TestSupport

/// The part of JSON Schema 2020-12 that docs/json/ uses; an unknown keyword is a finding, so that
/// nothing in a schema goes unchecked.
struct JSONSchema {
  /// Schemas by file name, for `$ref`.
  let files: [String: JSONValue]

  /// Every way in which a value breaks the schema in `file`.
  func findings(_ value: JSONValue, file: String) -> [String] {
    guard let schema = files[file] else { return ["no schema \(file)"] }
    return check(value, schema, file: file, at: "$")
  }

  private func check(
    _ value: JSONValue, _ schema: JSONValue, file: String, at place: String
  ) -> [String] {
    var found: [String] = []
    let properties = schema["properties"]?.members ?? []
    for keyword in schema.members ?? [] {
      switch keyword.key {
      case "$schema", "title", "description", "$defs", "then": break
      case "$ref": found += reference(value, keyword.value.string ?? "", file: file, at: place)
      case "type":
        let types = keyword.value.array ?? [keyword.value]
        if !types.contains(where: { matches(value, type: $0.string ?? "") }) {
          found.append("\(place) is not \(keyword.value.text())")
        }
      case "const":
        if value != keyword.value { found.append("\(place) is not \(keyword.value.text())") }
      case "enum":
        if keyword.value.array?.contains(value) != true {
          found.append("\(place): \(value.text()) is not one of \(keyword.value.text())")
        }
      case "minimum":
        if let limit = keyword.value.double, let number = value.double, number < limit {
          found.append("\(place) is below \(limit)")
        }
      case "pattern":
        if let pattern = keyword.value.string, let text = value.string,
          (try? Regex(pattern).firstMatch(in: text)) == nil
        {
          found.append("\(place): \"\(text)\" does not match \(pattern)")
        }
      case "properties":
        for member in value.members ?? [] {
          if let inner = schema["properties"]?[member.key] {
            found += check(member.value, inner, file: file, at: place + "." + member.key)
          }
        }
      case "required":
        for key in keyword.value.array ?? [] where value.members != nil {
          if let key = key.string, value[key] == nil { found.append("\(place) lacks \(key)") }
        }
      case "additionalProperties":
        for member in value.members ?? []
        where !properties.contains(where: { $0.key == member.key }) {
          if keyword.value == false {
            found.append("\(place) has the undocumented key \(member.key)")
          } else {
            found += check(member.value, keyword.value, file: file, at: place + "." + member.key)
          }
        }
      case "items":
        for (index, item) in (value.array ?? []).enumerated() {
          found += check(item, keyword.value, file: file, at: place + "[\(index)]")
        }
      case "anyOf":
        let branches = (keyword.value.array ?? []).map { check(value, $0, file: file, at: place) }
        if !branches.contains(where: \.isEmpty) {
          found.append("\(place): no branch fits: \(branches.flatMap(\.self))")
        }
      case "if":
        if check(value, keyword.value, file: file, at: place).isEmpty, let then = schema["then"] {
          found += check(value, then, file: file, at: place)
        }
      default: found.append("the schema \(file) has the unknown keyword \(keyword.key)")
      }
    }
    return found
  }

  private func reference(
    _ value: JSONValue, _ reference: String, file: String, at place: String
  ) -> [String] {
    let parts = reference.split(separator: "#", omittingEmptySubsequences: false)
    let target = parts.first.map(String.init) ?? ""
    var schema = files[target.isEmpty ? file : target]
    for key in parts.dropFirst().joined().split(separator: "/") { schema = schema?[String(key)] }
    guard let schema else { return ["no schema \(reference)"] }
    return check(value, schema, file: target.isEmpty ? file : target, at: place)
  }

  private func matches(_ value: JSONValue, type: String) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .bool), ("integer", .int), ("number", .int),
      ("number", .double), ("string", .string), ("array", .array), ("object", .object):
      true
    default: false
    }
  }
}

extension JSONSchema {
  /// The schemas of docs/json.
  static func documented() throws -> JSONSchema {
    let folder = packageRoot.appendingPathComponent("docs/json")
    var files: [String: JSONValue] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      files[name] = try JSONValue(
        parsing: String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))
    }
    return JSONSchema(files: files)
  }
}
