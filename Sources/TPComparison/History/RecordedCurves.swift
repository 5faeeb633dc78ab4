internal import TPBytes
internal import TPTensors

/// The lists that a training keeps in its checkpoints: a value for each epoch so far.
public struct RecordedCurves: Hashable, Sendable {
  /// Losses on the clips it was trained with.
  public var trainLosses: [Double] = []
  /// Accuracies on them, in per cent or as shares.
  public var trainAccuracies: [Double] = []
  /// Losses on the clips it was validated with.
  public var validationLosses: [Double] = []
  /// Accuracies on them.
  public var validationAccuracies: [Double] = []
  /// What stands under such a key and is no list of numbers.
  public var problems: [String] = []

  /// How many epochs the longest list has.
  public var count: Int { lists.map(\.values.count).max() ?? 0 }

  /// The lists by the name that they have in JSON.
  public var lists: [(name: String, values: [Double])] {
    [
      ("train_losses", trainLosses), ("train_accuracies", trainAccuracies),
      ("val_losses", validationLosses), ("val_accuracies", validationAccuracies),
    ]
  }

  /// Nothing recorded.
  public init() {}

  /// The most epochs that are read.
  static let mostEpochs = 1_000_000

  private static let keys: [[String]] = [
    ["train_losses", "train_loss"],
    ["train_accuracies", "train_accs", "train_acc", "train_accuracy"],
    ["val_losses", "val_loss", "validation_losses"],
    ["val_accuracies", "val_accs", "val_acc", "val_accuracy"],
  ]

  /// What a checkpoint has at its root, or under `history`: of each list the first of its keys.
  init(_ checkpoint: Checkpoint) {
    let tree = checkpoint.metadata
    var lists: [[Double]] = []
    for keys in Self.keys {
      lists.append([])
      for (key, holder) in keys.flatMap({ key in
        [(key, tree.root), (key, tree.value(at: "history"))]
      }) {
        guard let handle = tree.value(key, of: holder) else { continue }
        switch checkpoint.numbers(handle, most: Self.mostEpochs) {
        case .numbers(let values): lists[lists.count - 1] = values
        case .single: continue
        case .other(let problem): problems.append("\(key) \(problem)")
        }
        break
      }
    }
    (trainLosses, trainAccuracies) = (lists[0], lists[1])
    (validationLosses, validationAccuracies) = (lists[2], lists[3])
  }
}

/// What stands in the place of a list of numbers.
enum NumberList {
  case numbers([Double])
  /// One number, which is no list.
  case single
  /// What is wrong with it.
  case other(String)
}

extension Checkpoint {
  /// The numbers of a list, a tuple, or a tensor of one axis.
  func numbers(_ handle: MetadataTree.Handle, most: Int) -> NumberList {
    switch metadata[handle] {
    case .list(let items), .tuple(let items):
      guard items.count <= most else { return .other("has more than \(most) values") }
      var values: [Double] = []
      for (place, item) in items.enumerated() {
        guard let value = number(item) else {
          return .other("has something that is no number at place \(place)")
        }
        values.append(value)
      }
      return .numbers(values)
    case .tensor(let place):
      guard let tensor = record(at: place)?.tensor, tensor.shape.rank < 2,
        tensor.shape.elementCount <= most, let values = try? tensor.doubles()
      else { return .other("is a tensor that is no list of numbers") }
      return tensor.shape.rank == 0 ? .single : .numbers(values)
    case .int, .float: return .single
    default: return .other("is no list of numbers")
    }
  }

  /// A number, or a tensor of one element.
  func number(_ handle: MetadataTree.Handle) -> Double? {
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
