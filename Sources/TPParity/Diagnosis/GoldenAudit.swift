/// How many known faults a golden would catch.
public struct GoldenAudit: Hashable, Sendable {
  /// Faults of one kind in one layer.
  public struct Row: Hashable, Sendable {
    /// The module.
    public var layer: String
    /// The fault.
    public var fault: Fault
    /// How many variants of it were injected, for example orders of the gates.
    public var injected: Int
    /// How many put the golden over a line.
    public var caught: Int
  }

  /// A fault that the golden does not see.
  public struct Survivor: Hashable, Sendable {
    /// The module.
    public var layer: String
    /// The fault.
    public var fault: Fault
    /// What was done.
    public var what: String
    /// Why it is not seen, as a clause.
    public var reason: String
    /// What to add to the golden so that it is.
    public var advice: String
  }

  /// By layer in forward order, then by fault.
  public var rows: [Row]
  /// The faults that are not caught.
  public var survivors: [Survivor]

  /// How many faults were injected.
  public var injected: Int { rows.reduce(0) { $0 + $1.injected } }
  /// How many were caught.
  public var caught: Int { rows.reduce(0) { $0 + $1.caught } }
  /// The share that was caught, from 0 to 1; 1 where nothing could be injected.
  public var killScore: Double { injected == 0 ? 1 : Double(caught) / Double(injected) }
}
