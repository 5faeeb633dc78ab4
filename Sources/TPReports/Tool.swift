/// Who made a report.
public enum Tool {
  /// The name of the command.
  public static let name = "torchport"
  /// The version of the package (semver.org).
  public static let version = "0.9.0"
}
