public import TPBytes

/// What `--version` tells: enough to say in a bug report what ran where.
public struct VersionReport: Sendable {
  /// The Swift whose standard library runs.
  public var swift: String
  /// `release` or `debug`.
  public var optimisation: String
  /// Processor and system, as `x86_64 Linux`.
  public var platform: String
  /// C libraries and their versions.
  public var libraries: [(name: String, version: String)]
  /// The kernels that this processor runs, the fastest, which is taken, last.
  public var kernels: [String]

  /// All of it.
  public init(
    swift: String, optimisation: String, platform: String,
    libraries: [(name: String, version: String)], kernels: [String]
  ) {
    self.swift = swift
    self.optimisation = optimisation
    self.platform = platform
    self.libraries = libraries
    self.kernels = kernels
  }

  /// The version, then a line for each kind of fact.
  public var text: String {
    let others = kernels.dropLast()
    let also = others.isEmpty ? "" : " (this processor runs \(others.joined(separator: ", ")), too)"
    return """
      \(Tool.name) \(Tool.version)
        build      Swift \(swift), \(optimisation), \(platform)
        libraries  \(libraries.map { "\($0.name) \($0.version)" }.joined(separator: ", "))
        kernels    \(kernels.last ?? "none")\(also)

      """
  }

  /// The body of `--version --json`; docs/json/version.json describes it.
  public var json: JSONValue {
    [
      "swift": .string(swift), "optimisation": .string(optimisation),
      "platform": .string(platform),
      "libraries": .object(libraries.map { .init($0.name, .string($0.version)) }),
      "kernels": [
        "taken": .string(kernels.last ?? ""), "run": .array(kernels.map(JSONValue.string)),
      ],
    ]
  }
}
