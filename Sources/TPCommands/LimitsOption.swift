internal import ArgumentParser
internal import TPBytes

/// `--limit NAME=VALUE`, for files that are trusted and beyond what any checkpoint needs.
struct LimitsOption: ParsableArguments {
  @Option(
    name: .customLong("limit"),
    help: .repeatable(
      "Set a limit on the work that a file can ask for.",
      discussion: """
        The limits, which an error names: \
        \(ReadLimits.Named.allCases.map { "\($0.rawValue) (\(ReadLimits()[$0]))" }
          .joined(separator: ", ")). \
        A value may end in K, M, G or T, for powers of 1,024.
        """,
      valueName: "name=value"),
    completion: .list(ReadLimits.Named.allCases.map { $0.rawValue + "=" }),
    transform: LimitSetting.init(text:))
  var settings: [LimitSetting] = []

  /// The documented defaults with what was set.
  var limits: ReadLimits {
    var limits = ReadLimits()
    for setting in settings { limits[setting.name] = setting.value }
    return limits
  }
}

/// One limit and its value, as `--limit` takes them.
struct LimitSetting {
  var name: ReadLimits.Named
  var value: Int

  init(text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw ValidationError("write it as NAME=VALUE") }
    let wanted = String(parts[0])
    guard let name = ReadLimits.Named(rawValue: wanted) else {
      let names = ReadLimits.Named.allCases.map(\.rawValue)
      throw ValidationError(
        "there is no such limit; "
          + (meant(wanted, among: names) ?? "there are " + names.joined(separator: ", ")))
    }
    guard let value = Self.number(parts[1]) else {
      throw ValidationError("the value must be a whole number, or one with K, M, G or T behind it")
    }
    (self.name, self.value) = (name, value)
  }

  /// A whole number, or one with a letter for a power of 1,024.
  private static func number(_ text: Substring) -> Int? {
    var digits = text
    var shift = 0
    if let last = text.last, let power = Array("KMGT").firstIndex(of: last) {
      digits = text.dropLast()
      shift = 10 * (power + 1)
    }
    guard let number = Int(digits), number >= 0 else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? Int.max : product
  }
}
