public import TPBytes

/// What somebody said that a delivery is: the figures of a summary, from a JSON object.
///
/// Every key is optional, at least one is there: `files`, `parameters`, `architecture`, `classes`, `epochs`,
/// `best_accuracy`, `best_epoch`, `final_train_accuracy`, `final_validation_accuracy`.
public struct ExpectedRun: Hashable, Sendable {
  /// A summary with two decimals is met by what rounds to it.
  static let tolerance = 0.005 + 1e-9

  /// The number of checkpoints.
  public var files: Int?
  /// The number of trainable elements.
  public var parameters: Int?
  /// The name of the architecture.
  public var architecture: String?
  /// The class names in index order.
  public var classes: [String]?
  /// The last epoch.
  public var epochs: Int?
  /// The best validation accuracy, in per cent.
  public var bestAccuracy: Double?
  /// The epoch that has it.
  public var bestEpoch: Int?
  /// The last training accuracy, in per cent.
  public var finalTrainAccuracy: Double?
  /// The last validation accuracy, in per cent.
  public var finalValidationAccuracy: Double?

  private static let keys = [
    "files", "parameters", "architecture", "classes", "epochs", "best_accuracy", "best_epoch",
    "final_train_accuracy", "final_validation_accuracy",
  ]

  /// Takes a summary.
  ///
  /// - Throws: `PortError` of kind `malformed` for anything but an object of these keys with values of
  ///   their types.
  public init(json: JSONValue) throws(PortError) {
    guard let members = json.members, !members.isEmpty else {
      throw PortError(
        .malformed, "is not a JSON object of figures that are expected",
        remedy: "give for example {\"files\": 29, \"best_epoch\": 45}")
    }
    for member in members where !Self.keys.contains(member.key) {
      throw PortError(
        .malformed, "no figure has the name \(printable(member.key, limit: 60))",
        remedy: "use " + Self.keys.joined(separator: ", "))
    }
    files = try Self.count(json, "files")
    parameters = try Self.count(json, "parameters")
    epochs = try Self.count(json, "epochs")
    bestEpoch = try Self.count(json, "best_epoch")
    bestAccuracy = try Self.number(json, "best_accuracy")
    finalTrainAccuracy = try Self.number(json, "final_train_accuracy")
    finalValidationAccuracy = try Self.number(json, "final_validation_accuracy")
    if let value = json["architecture"] {
      guard let text = value.string else { throw Self.wrong("architecture", "a text") }
      architecture = text
    }
    if let value = json["classes"] {
      let names = value.array?.compactMap(\.string)
      guard let names, names.count == value.array?.count else {
        throw Self.wrong("classes", "a list of texts")
      }
      classes = names
    }
  }

  private static func count(_ json: JSONValue, _ key: String) throws(PortError) -> Int? {
    guard let value = json[key] else { return nil }
    guard let count = value.int else { throw wrong(key, "an integer") }
    return count
  }

  private static func number(_ json: JSONValue, _ key: String) throws(PortError) -> Double? {
    guard let value = json[key] else { return nil }
    guard let number = value.double else { throw wrong(key, "a number") }
    return number
  }

  private static func wrong(_ key: String, _ what: String) -> PortError {
    PortError(.malformed, "\(key) is not \(what)", key: key)
  }
}

extension RunAudit {
  /// Holds the delivery against what was said of it.
  public func check(_ expected: ExpectedRun) -> AuditCheck {
    var findings: [(file: String, sentence: String)] = []
    var held = 0
    func hold<Value: Equatable>(
      _ name: String, _ expected: Value?, _ found: Value?, _ words: (Value) -> String,
      equal: (Value, Value) -> Bool
    ) {
      guard let expected else { return }
      if let found, equal(found, expected) {
        held += 1
      } else {
        let now = found.map { "\(words($0))" } ?? "not known"
        findings.append(("", "\(name) is \(now), expected \(words(expected))"))
      }
    }
    let runs = readable.compactMap(\.run)
    func same<Value: Equatable>(_ values: [Value]) -> Value? {
      values.allSatisfy { $0 == values.first } ? values.first : nil
    }
    let text = { (value: String) in printable(value, limit: 60) }
    let list = { (value: [String]) in
      value.prefix(20).map { printable($0, limit: 40) }.joined(separator: ", ")
    }
    let near = { (a: Double, b: Double) in abs(a - b) <= ExpectedRun.tolerance }
    let percent = { (value: Double?) in value.flatMap { curves?.percent($0) } }
    let best = curves?.best.flatMap { $0.isByAccuracy ? $0.value : nil }
    hold("the number of files", expected.files, files.count, { "\($0)" }, equal: ==)
    hold(
      "the number of parameters", expected.parameters, same(runs.map(\.parameters)), { "\($0)" },
      equal: ==)
    hold(
      "the architecture", expected.architecture, same(runs.map(\.architecture)) ?? nil, text,
      equal: ==)
    hold("the list of classes", expected.classes, same(runs.compactMap(\.classes)), list, equal: ==)
    hold("the last epoch", expected.epochs, runs.compactMap(\.epoch).max(), { "\($0)" }, equal: ==)
    hold("the best accuracy", expected.bestAccuracy, percent(best), { "\($0)" }, equal: near)
    hold("the best epoch", expected.bestEpoch, curves?.best?.epoch, { "\($0)" }, equal: ==)
    hold(
      "the last training accuracy", expected.finalTrainAccuracy,
      percent(curves?.recorded.trainAccuracies.last), { "\($0)" }, equal: near)
    hold(
      "the last validation accuracy", expected.finalValidationAccuracy,
      percent(curves?.recorded.validationAccuracies.last), { "\($0)" }, equal: near)
    var check = AuditCheck(
      .expectation, findings: findings, else: "all \(held) figures are as expected")
    check.files = []
    return check
  }
}
