/// Which parts of a checkpoint beside the model a weight file carries along.
public struct KeepChoice: Hashable, Sendable {
  /// Parts that trainings have under different keys.
  public enum Group: String, Hashable, Sendable, CaseIterable {
    /// Keys that speak of an optimizer: `optimizer_state_dict`, `optimizer`, `optim_states`.
    case optimizer
    /// Keys that speak of a scheduler: `scheduler_state_dict`, `lr_scheduler`.
    case scheduler
    /// Lists of numbers, dicts of such lists, and keys that speak of a history.
    case history
    /// Every part.
    case all
  }

  /// The groups that were asked for.
  public var groups: Set<Group> = []
  /// Keys that were asked for by their own names.
  public var keys: [String] = []

  /// Nothing but the model.
  public init() {}

  /// What a list such as `optimizer,scheduler,ema` asks for.
  public init(_ words: [String]) {
    for word in words {
      if let group = Group(rawValue: word) {
        groups.insert(group)
      } else if !keys.contains(word) {
        keys.append(word)
      }
    }
  }

  /// Whether nothing was asked for.
  public var isEmpty: Bool { groups.isEmpty && keys.isEmpty }
}
