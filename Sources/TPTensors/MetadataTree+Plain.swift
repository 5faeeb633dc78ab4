extension MetadataTree.Node {
  /// Why `torch.load(weights_only=True)` would refuse this value, what it holds left aside; `nil`
  /// where it would not.
  ///
  /// Plain are None, truth values, numbers, texts, bytes, lists, tuples, sets, dicts, tensors, the
  /// names of element types, and objects of `OrderedDict`, `Counter`, `complex`, `torch.device` and
  /// layouts (torch/_weights_only_unpickler.py, `_get_allowed_globals`).
  public var objection: String? {
    switch self {
    case .none, .bool, .int, .float, .string, .brokenString, .bytes, .list, .tuple, .set, .dict,
      .tensor:
      nil
    case .bigInt(let digits):
      // What pickle's LONG1 holds for certain.
      digits.utf8.count <= 600 ? nil : "an integer of \(digits.utf8.count) digits"
    case .global(let name):
      PlainNames.values.contains(name) ? nil : "the name \(name)"
    case .object(let className, let arguments, let fields, let items, let entries):
      switch className {
      case "collections.OrderedDict":
        arguments.isEmpty && items.isEmpty ? nil : "an object of \(className)"
      case "collections.Counter", "builtins.complex", "torch.device",
        "torch.serialization._get_layout":
        fields.isEmpty && items.isEmpty && entries.isEmpty ? nil : "an object of \(className)"
      default: "an object of \(className)"
      }
    }
  }
}

/// Names that stand for a value of PyTorch's.
private enum PlainNames {
  static let values: Set<String> = Set(
    DType.allCases.filter { $0 != .bcomplex32 }.map { "torch." + $0.rawValue }
      + [
        "torch.per_tensor_affine", "torch.per_tensor_symmetric", "torch.per_channel_affine",
        "torch.per_channel_symmetric", "torch.per_channel_affine_float_qparams",
      ])
}
