/// What a finding is about; the raw value is `rule` in JSON and `ruleId` in SARIF.
public enum Rule: String, Hashable, Sendable, CaseIterable {
  case codeExecution = "code_execution"
  case unknownCall = "unknown_call"
  case unknownImport = "unknown_import"
  case indirectCall = "indirect_call"
  case unusualArgument = "unusual_argument"
  case nestedPickle = "nested_pickle"
  case straddlingFrame = "straddling_frame"
  case magicNotLiteral = "magic_not_literal"
  case trailingBytes = "trailing_bytes"
  case trailingPickle = "trailing_pickle"
  case ambiguousArchive = "ambiguous_archive"
  case checksumMismatch = "checksum_mismatch"
  case torchscriptCode = "torchscript_code"
  case packagedCode = "packaged_code"
  case nativeCode = "native_code"
  case lambdaLayer = "lambda_layer"
  case notUnderstood = "not_understood"
  case unreadable = "unreadable"

  /// What the rule finds, in one sentence.
  public var summary: String {
    switch self {
    case .codeExecution: "Loading the file names a function that runs code."
    case .unknownCall: "Loading the file calls something that PyTorch and NumPy do not need."
    case .unknownImport: "Loading the file imports something that PyTorch and NumPy do not need."
    case .indirectCall: "Loading the file calls what another call returned."
    case .unusualArgument: "A harmless function is called in an unusual way."
    case .nestedPickle: "A pickle lies inside of a value of another pickle."
    case .straddlingFrame: "A frame ends inside of an opcode, so that unpicklers disagree."
    case .magicNotLiteral: "The magic number of a legacy file is computed, not written."
    case .trailingBytes: "Bytes follow the end of a pickle."
    case .trailingPickle: "Another pickle follows the end of a pickle."
    case .ambiguousArchive: "Readers disagree about what the archive holds."
    case .checksumMismatch: "A checksum contradicts the bytes."
    case .torchscriptCode: "The file holds TorchScript code, which its loader compiles."
    case .packagedCode: "The file holds Python source code, which its loader imports."
    case .nativeCode: "The file holds a program or library."
    case .lambdaLayer: "The file holds a Keras Lambda layer, which is Python bytecode."
    case .notUnderstood: "The pickle was read whole, but what it builds is not understood."
    case .unreadable: "The file could not be looked at whole."
    }
  }
}
