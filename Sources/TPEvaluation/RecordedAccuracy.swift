public import TPCheckpoints
public import TPTensors

/// An accuracy that the training wrote into the checkpoint.
public struct RecordedAccuracy: Hashable, Sendable {
  /// What the training measured it on.
  public enum ClipSet: String, Hashable, Sendable {
    /// The clips it was validated with.
    case validation
    /// The clips it was trained with.
    case training
  }

  /// What it was measured on.
  public let set: ClipSet
  /// The key under which it stands.
  public let key: String
  /// From 0 to 1.
  public let share: Double
  /// Whether the checkpoint has it in per cent.
  public let isPercent: Bool
}

extension RecordedAccuracy {
  private static let keys: [(set: ClipSet, keys: [String])] = [
    (
      .validation,
      [
        "val_accuracies", "val_acc", "val_accuracy", "best_val_acc", "best_val_accuracy",
        "best_acc", "best_accuracy",
      ]
    ),
    (.training, ["train_accuracies", "train_acc", "train_accuracy"]),
  ]

  /// The accuracies that a checkpoint records: of each set that under the first of its keys that is
  /// there, of a list the last. The epoch's own comes before the best so far, which may be another's.
  ///
  /// A checkpoint does not say its unit. Where any of its accuracies, those of whole lists too, is over
  /// 1, all are in per cent; else they are shares. What is not from 0 to 100 is passed over.
  public static func all(in checkpoint: Checkpoint, _ facts: ModelFacts) -> [RecordedAccuracy] {
    var found: [(set: ClipSet, key: String, value: Double)] = []
    var largest = 0.0
    for (set, keys) in keys {
      var isFound = false
      for key in keys {
        let values =
          (key == "best_val_acc" ? facts.bestValidationAccuracy.map { [$0] } : nil)
          ?? checkpoint.numbers(under: key)
        guard let last = values.last,
          values.allSatisfy({ $0.isFinite && $0 >= 0 && $0 <= 100 })
        else { continue }
        largest = values.reduce(largest, max)
        if !isFound { found.append((set, key, last)) }
        isFound = true
      }
    }
    let isPercent = largest > 1
    return found.map {
      RecordedAccuracy(
        set: $0.set, key: $0.key, share: isPercent ? $0.value / 100 : $0.value,
        isPercent: isPercent)
    }
  }
}

extension Checkpoint {
  /// A number, or the numbers of a list, under a key of the root; none where it is something else.
  fileprivate func numbers(under key: String) -> [Double] {
    guard let handle = metadata.value(at: key) else { return [] }
    switch metadata[handle] {
    case .list(let items), .tuple(let items):
      let values = items.map { number($0) }
      return values.contains(nil) ? [] : values.compactMap { $0 }
    default: return number(handle).map { [$0] } ?? []
    }
  }

  private func number(_ handle: MetadataTree.Handle) -> Double? {
    switch metadata[handle] {
    case .int(let value): return Double(value)
    case .float(let value): return value
    case .tensor(let place):
      guard let tensor = record(at: place)?.tensor, tensor.shape.elementCount == 1 else {
        return nil
      }
      return (try? tensor.doubles())?.first
    default: return nil
    }
  }
}
