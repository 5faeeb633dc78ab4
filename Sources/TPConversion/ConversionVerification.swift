public import TPBytes
internal import TPCheckpoints
internal import TPModels
public import TPParity

/// A golden that a conversion must agree with.
public struct VerifyingGolden: Sendable {
  /// Its path, as the user gave it.
  public let path: String
  /// What was recorded.
  public let golden: Golden
  /// Its digest, 64 hex digits.
  public let digest: String
  /// At most how many clips are run at a time.
  public var threads: Int

  /// Opens a golden.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - threads: at most how many clips are run at a time.
  ///   - limits: the bounds on what the file may ask for.
  /// - Throws: `PortError` that names the file.
  public init(
    path: String, threads: Int = 1, limits: ReadLimits = ReadLimits()
  ) throws(PortError) {
    self.path = path
    self.threads = threads
    golden = try Golden.open(path: path, limits: limits)
    do throws(PortError) {
      digest = try golden.digest()
    } catch {
      throw error.in(file: path)
    }
  }

  /// What a file says that agrees with it: no measured number, which another machine would not get.
  var fact: String {
    JSONValue.object([
      .init("verdict", .string(ParityReport.Verdict.holds.rawValue)),
      .init("golden", .string(digest)),
    ]).text()
  }
}

/// What came of holding a written file against a golden.
public struct ConversionVerification: Sendable {
  /// The golden's path.
  public let golden: String
  /// Its digest.
  public let goldenDigest: String
  /// The judgement.
  public let parity: ParityReport
  /// The judgement of the weights before numbers were changed; `nil` where none was.
  public let before: ParityReport?
  /// What changing the numbers costs, now or earlier; `nil` where nothing was changed.
  public let price: RoundingPrice?
}

/// Judges a file that is written and not yet in its place.
final class WrittenFileJudge {
  private let plan: ConversionPlan
  private let golden: VerifyingGolden
  private let output: String
  private(set) var verification: ConversionVerification?

  init(_ plan: ConversionPlan, _ golden: VerifyingGolden, output: String) {
    self.plan = plan
    self.golden = golden
    self.output = output
  }

  /// Reads the file as any user of it would, and judges it.
  ///
  /// - Throws: `PortError` where parity does not hold, or the file cannot be read or run.
  func judge(_ path: String) throws(PortError) {
    let parity: ParityReport
    var before: ParityReport?
    var price: RoundingPrice?
    do throws(PortError) {
      let model = try LoadedModel.open(path: path, architecture: plan.architecture)
      let original = try plan.before?.model()
      if let original { before = try verify(original) }
      // A golden that names no weights is one of the original's where that agrees with it.
      parity = try verify(model, isOfOriginal: before?.verdict == .holds)
      price = parity.price
      if let original {
        price = try Parity.price(
          of: model, from: original, golden: golden.golden, threads: golden.threads)
      }
    } catch {
      var placed = error
      // Its name while it was unfinished is nobody's business.
      if placed.file == path { placed.file = output }
      throw placed.in(file: golden.path)
    }
    verification = ConversionVerification(
      golden: golden.path, goldenDigest: golden.digest, parity: parity, before: before,
      price: price)
    guard parity.verdict == .holds else {
      throw PortError(.mismatch, "parity does not hold: \(parity.reason)", file: output)
    }
  }

  /// What is wrong is not searched for: nothing is written, and `verify` tells it of the source.
  private func verify(
    _ model: LoadedModel, isOfOriginal: Bool = false
  ) throws(PortError) -> ParityReport {
    try Parity.verify(
      weights: model, golden: golden.golden, isOfOriginal: isOfOriginal, threads: golden.threads,
      diagnosing: false)
  }
}
