/// A name as a pickle gives it.
package struct GlobalName: Hashable, Sendable {
  let module: String
  let name: String

  package init(module: String, name: String) {
    self.module = module
    self.name = name
  }

  // Python compares code points; Swift would take the kelvin sign, U+212A, for a K.
  package static func == (left: GlobalName, right: GlobalName) -> Bool {
    left.module.utf8.elementsEqual(right.module.utf8)
      && left.name.utf8.elementsEqual(right.name.utf8)
  }

  // Swift's own hash is one for all texts that look the same, of which there may be millions.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(module.utf8.count)
    for byte in module.utf8 { hasher.combine(byte) }
    for byte in name.utf8 { hasher.combine(byte) }
  }
}
