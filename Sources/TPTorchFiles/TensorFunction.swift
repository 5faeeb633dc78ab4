internal import TPPickle
internal import TPTensors

/// The functions by which PyTorch and its kin rebuild tensors from a pickle.
enum TensorFunction {
  case tensor, tensorV2, tensorV3
  case parameter, parameterWithState
  case fromType
  case quantized, sparse, nested
  case meta, wrapperSubclass
  case deviceFromNumPy, deviceFromTensor
  case fastai
  case loadFromBytes

  /// The function of a full name, which is never split or searched.
  init?(_ fullName: String) {
    // A name may be long and called a million times.
    guard fullName.utf8.count <= Self.longestName, let known = Self.names[fullName] else {
      return nil
    }
    self = known
  }

  private static let names: [String: TensorFunction] = [
    "torch._utils._rebuild_tensor": .tensor,
    "torch._utils._rebuild_tensor_v2": .tensorV2,
    "torch._utils._rebuild_tensor_v3": .tensorV3,
    "torch._utils._rebuild_parameter": .parameter,
    "torch._utils._rebuild_parameter_with_state": .parameterWithState,
    "torch._tensor._rebuild_from_type_v2": .fromType,
    "torch._tensor._rebuild_from_type": .fromType,
    "torch.tensor._rebuild_from_type": .fromType,
    "torch.tensor._rebuild_from_type_v2": .fromType,
    "torch._utils._rebuild_qtensor": .quantized,
    "torch._utils._rebuild_sparse_tensor": .sparse,
    "torch._utils._rebuild_sparse_csr_tensor": .sparse,
    "torch._utils._rebuild_nested_tensor": .nested,
    "torch._utils._rebuild_meta_tensor_no_storage": .meta,
    "torch._utils._rebuild_wrapper_subclass": .wrapperSubclass,
    "torch._utils._rebuild_device_tensor_from_numpy": .deviceFromNumPy,
    "torch._utils._rebuild_xla_tensor": .deviceFromNumPy,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": .deviceFromTensor,
    "fastai.torch_core._fa_rebuild_tensor": .fastai,
    "torch.storage._load_from_bytes": .loadFromBytes,
  ]

  private static let longestName = names.keys.map(\.utf8.count).max() ?? 0

  /// The shortest of its names, for sentences.
  var name: String {
    let names = Self.names.filter { $0.value == self }.keys
    return names.min { ($0.count, $0) < ($1.count, $1) } ?? ""
  }

  /// How many arguments it takes.
  var arity: ClosedRange<Int> {
    switch self {
    case .tensor, .parameterWithState, .fromType, .nested, .meta, .deviceFromNumPy,
      .deviceFromTensor:
      4...4
    case .tensorV2: 6...7
    case .tensorV3: 7...8
    case .parameter: 3...3
    case .quantized, .fastai: 7...7
    case .sparse: 2...2
    case .wrapperSubclass: 8...8
    case .loadFromBytes: 1...1
    }
  }
}

extension PickleArena.Global {
  /// Whether it is a class whose objects were tensors before 0.4, for example `torch.cuda.HalfTensor`.
  var isOldTensorClass: Bool {
    (module == "torch" || module == "torch.cuda") && name.utf8.count <= 32
      && name.hasSuffix("Tensor") && Self.oldPrefixes.contains(String(name.dropLast(6)))
  }

  /// Whether it is a class that wraps a tensor.
  var isWrapperClass: Bool {
    [
      "torch.nn.parameter.Parameter", "torch.nn.Parameter", "torch.nn.parameter.Buffer",
      "torch.autograd.variable.Variable", "torch.autograd.Variable",
    ].contains(fullName)
  }

  private static let oldPrefixes: Set<String> = [
    "Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool",
  ]
}
