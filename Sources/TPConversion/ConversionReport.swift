public import TPBytes
public import TPCheckpoints
internal import TPParity
internal import TPTensors

/// What a conversion did, or would do.
public struct ConversionReport: Sendable {
  /// What came of the output.
  public enum State: Hashable, Sendable {
    /// It was written.
    case written
    /// Only the plan was asked for.
    case planned
    /// What was written was held against the golden and is not shown to be right: it is removed.
    case refused
  }

  /// What was planned, and then done.
  public let plan: ConversionPlan
  /// The path of the weight file.
  public let output: String
  /// Its format.
  public let format: WeightFormat
  /// What came of it.
  public let state: State
  /// Its size in bytes; `nil` where it was not written.
  public let byteCount: Int?
  /// What came of holding it against a golden; `nil` where none was given.
  public let verification: ConversionVerification?
}

extension ConversionPlan {
  /// Writes the weight file, whole or not at all.
  ///
  /// With a golden the finished file is read again and judged before it takes the output's place; it
  /// does so only where parity holds, and then says so in the fact `parity`.
  ///
  /// - Throws: `PortError` naming the output; it is then what it was before.
  public func write(
    to path: String, format: WeightFormat, replacing: Bool, verifying golden: VerifyingGolden? = nil
  ) throws(PortError) -> ConversionReport {
    guard let golden else {
      let count = try CheckpointFile.write(contents, format: format, to: path, replacing: replacing)
      return report(path, format, .written, count, nil)
    }
    var plan = self
    // The claim is part of the bytes that are judged; a file in which it is false never appears.
    plan.contents.facts["parity"] = golden.fact
    let judge = WrittenFileJudge(plan, golden, output: path)
    do throws(PortError) {
      let count = try CheckpointFile.write(
        plan.contents, format: format, to: path, replacing: replacing
      ) { (unfinished: String) throws(PortError) in try judge.judge(unfinished) }
      return plan.report(path, format, .written, count, judge.verification)
    } catch {
      guard let verification = judge.verification, verification.parity.verdict != .holds else {
        throw error
      }
      return report(path, format, .refused, nil, verification)
    }
  }

  func report(
    _ output: String, _ format: WeightFormat, _ state: ConversionReport.State, _ count: Int?,
    _ verification: ConversionVerification?
  ) -> ConversionReport {
    ConversionReport(
      plan: self, output: output, format: format, state: state, byteCount: count,
      verification: verification)
  }
}
