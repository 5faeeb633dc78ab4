/// Why a layer of the golden is not what the weights say: one known fault that explains what was
/// recorded, or that none does.
public struct Diagnosis: Hashable, Sendable {
  /// The module whose layer it is, or `input` or `logits`.
  public var layer: String
  /// The fault.
  public var fault: Fault
  /// The fault alone, as a clause.
  public var cause: String
  /// The fault with its evidence, as a clause.
  public var sentence: String
  /// The root mean square of z that is left once the fault is taken into account.
  public var residual: Double
  /// The next best explanation that is not the same, with its residual; empty where none was tried.
  public var runnerUp: String
  /// What to do; empty where nothing is known.
  public var remedy: String
  /// The rule for `--map` that repairs the weights; `nil` where none exists.
  public var map: String?
}
