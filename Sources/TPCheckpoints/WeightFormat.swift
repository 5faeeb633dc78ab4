public import TPBytes
internal import TPHDF5
internal import TPNumPy
internal import TPSafeTensors
public import TPTensors
internal import TPTorchFiles

/// A format that weights are written in; the raw value is `format` in JSON.
public enum WeightFormat: String, Hashable, Sendable, CaseIterable {
  /// The native profile of safetensors.
  case safetensors
  /// One dataset per key.
  case hdf5
  /// A checkpoint as `torch.save` writes it.
  case torch
  /// An archive of NumPy's arrays.
  case npz
  /// A single NumPy array.
  case npy

  /// The extensions that stand for the format, the usual one first.
  public var extensions: [String] {
    switch self {
    case .safetensors: ["safetensors"]
    case .hdf5: ["h5", "hdf5", "he5"]
    case .torch: ["pth", "pt"]
    case .npz: ["npz"]
    case .npy: ["npy"]
    }
  }

  /// The format that the extension of an output's name stands for, in either case.
  ///
  /// - Throws: `PortError` of kind `usage` that lists what can be written.
  public init(outputPath path: String) throws(PortError) {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let dot = name.lastIndex(of: ".")
    let ending = dot.map { name[name.index(after: $0)...].lowercased() } ?? ""
    guard let format = Self.allCases.first(where: { $0.extensions.contains(ending) }) else {
      let known = Self.allCases.map { format in
        format.extensions.map { "." + $0 }.joined(separator: ", ") + " (\(format.label))"
      }
      throw PortError(
        .usage,
        ending.isEmpty
          ? "the output's name has no extension that says its format"
          : "nothing is written as .\(printable(ending, limit: 20))",
        file: path, remedy: "end the name in " + known.joined(separator: " or "))
    }
    self = format
  }

  /// The format's own name.
  public var label: String {
    switch self {
    case .safetensors: "safetensors"
    case .hdf5: "HDF5"
    case .torch: "PyTorch"
    case .npz: "NumPy archive"
    case .npy: "NumPy array"
    }
  }

  /// Whether views of one storage stay views of one storage, whatever of it they see.
  public var keepsStorages: Bool { self == .torch }

  /// Whether several names of one tensor stay names of one tensor.
  public var keepsAliases: Bool {
    switch self {
    case .safetensors, .hdf5, .torch: true
    case .npz, .npy: false
    }
  }

  /// Whether the format has a type for these elements.
  public func holds(_ dtype: DType) -> Bool {
    switch self {
    case .safetensors: SafeTensors.holds(dtype)
    case .hdf5: HDF5File.holds(dtype)
    case .torch: TorchFile.holds(dtype)
    case .npz, .npy: NumPyFile.holds(dtype)
    }
  }
}
