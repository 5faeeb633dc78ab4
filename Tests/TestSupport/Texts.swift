/// No control character but the line feed, no override of the direction of writing.
package func isTame(_ text: String) -> Bool {
  text.unicodeScalars.allSatisfy { scalar in
    scalar == "\n"
      || scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
        && !(0x200B...0x200F).contains(scalar.value)
        && !(0x2028...0x202E).contains(scalar.value)
  }
}

/// Records of RFC 4180; `nil` where the text is none.
package func records(_ text: String) -> [[String]]? {
  var records: [[String]] = []
  var fields: [String] = []
  var field = ""
  var isQuoted = false
  var scalars = text.unicodeScalars[...]
  while let scalar = scalars.popFirst() {
    if isQuoted {
      if scalar != "\"" {
        field.unicodeScalars.append(scalar)
      } else if scalars.first == "\"" {
        scalars = scalars.dropFirst()
        field += "\""
      } else {
        isQuoted = false
      }
      continue
    }
    switch scalar {
    case "\"":
      if !field.isEmpty { return nil }
      isQuoted = true
    case ",":
      fields.append(field)
      field = ""
    case "\r":
      guard scalars.popFirst() == "\n" else { return nil }
      records.append(fields + [field])
      (fields, field) = ([], "")
    default: field.unicodeScalars.append(scalar)
    }
  }
  return fields.isEmpty && field.isEmpty && !isQuoted ? records : nil
}
