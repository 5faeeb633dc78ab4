/// Where the tensors of a state_dict lie in a file: dots become groups, `conv3d1.weight` lies at
/// `/conv3d1/weight`.
///
/// In each component `%`, `/` and NUL become `%25`, `%2F` and `%00`. A key that still cannot be a
/// path of groups is one component with its dots as `%2E`: one with an empty component, one with
/// more components than `mostComponents`, and `a.b` beside `a`, because `a` is a dataset and cannot
/// be a group. The empty key is a lone `%`. No two keys share a path, since every `%` of a key is
/// escaped.
struct DatasetPaths {
  private static let mostComponents = 64
  private let keys: Set<[UInt8]>

  /// Paths for these keys and no others: whether a key needs escaping depends on its neighbours.
  init(keys: [String]) {
    self.keys = Set(keys.map { Array($0.utf8) })
  }

  /// The components of a key's path.
  func components(of key: String) -> [String] {
    let utf8 = Array(key.utf8)
    if utf8.isEmpty { return ["%"] }
    let parts = utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count > DatasetPaths.mostComponents || parts.contains(where: \.isEmpty)
      || liesUnderDataset(utf8)
    {
      return [escaped(utf8[...], dots: true)]
    }
    return parts.map { escaped($0, dots: false) }
  }

  private func liesUnderDataset(_ key: [UInt8]) -> Bool {
    key.indices.contains { key[$0] == UInt8(ascii: ".") && keys.contains(Array(key[..<$0])) }
  }

  private func escaped(_ bytes: ArraySlice<UInt8>, dots: Bool) -> String {
    var result: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "%"): result += "%25".utf8
      case UInt8(ascii: "/"): result += "%2F".utf8
      case 0: result += "%00".utf8
      case UInt8(ascii: ".") where dots: result += "%2E".utf8
      default: result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The key whose path these components are: a dataset under several names can say only one of
  /// them in its attributes. `nil` where they cannot be one of our paths.
  static func key(of components: [String]) -> String? {
    if components == ["%"] { return "" }
    var key: [UInt8] = []
    var rest = Array(components.joined(separator: ".").utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        key.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      else { return nil }
      key.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: key, as: UTF8.self)
  }
}
