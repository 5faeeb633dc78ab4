package import Foundation

/// The path of the package's root, from where this file lies.
private let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

/// The root of the package.
package let packageRoot = URL(fileURLWithPath: root)

/// The path of a file in `fixtures/`.
package func fixture(_ name: String) -> String { root + "/fixtures/" + name }
