/// The classes and functions that pickles may name, by exact module and name.
///
/// A name is never split at its dots nor joined across module and name, and nothing is known by its
/// ending or beginning: `torch` + `_utils._rebuild_tensor_v2` is not `torch._utils` +
/// `_rebuild_tensor_v2`.
public enum KnownGlobals {
  /// What is known about a class or function; the raw value stands in JSON.
  public enum Standing: String, Hashable, Sendable {
    /// PyTorch or NumPy needs it to restore what they saved, and it does nothing else.
    case known
    /// Neither known nor known to run code.
    case unknown
    /// It runs code, or reads or writes outside of the process.
    case dangerous
  }

  /// What is known about a class or function.
  public static func standing(module: String, name: String) -> Standing {
    // Swift compares texts by canonical equivalence, Python by code points.
    guard module.utf8.allSatisfy({ $0 < 0x80 }), name.utf8.allSatisfy({ $0 < 0x80 }) else {
      return CodeExecution.covers(module: module, name: name) ? .dangerous : .unknown
    }
    // Of a million strange names most fail here: no list has such a module, and the name has no dots
    // by which it could lead to one that has.
    let package = module.utf8.firstIndex(of: UInt8(ascii: ".")).map { module[..<$0] } ?? module[...]
    guard packages.contains(package) || name.utf8.contains(UInt8(ascii: ".")) else {
      return .unknown
    }
    if allowed[module]?.contains(name) == true { return .known }
    return CodeExecution.covers(module: module, name: name) ? .dangerous : .unknown
  }

  private static let allowed: [String: Set<String>] = {
    var table: [String: Set<String>] = [:]
    for (modules, names) in python + numpy + torch + torchModules {
      let names = names.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
      for module in modules.split(separator: " ") {
        table[String(module), default: []].formUnion(names)
      }
    }
    return table
  }()

  /// The first part of every module that any list has.
  private static let packages = Set(
    (Array(allowed.keys) + CodeExecution.modules).compactMap { $0.split(separator: ".").first })

  // Modules, then names, each a list with spaces between.
  private static let python: [(String, String)] = [
    (
      "builtins __builtin__",
      """
      set frozenset bytearray bytes complex int float str bool list dict tuple slice range object \
      long unicode xrange Ellipsis NotImplemented
      """
    ),
    ("collections", "OrderedDict defaultdict Counter deque"),
    ("_codecs", "encode"),
    ("copyreg copy_reg", "_reconstructor"),
    ("argparse", "Namespace"),
    ("datetime", "date datetime time timedelta timezone"),
    (
      "pathlib pathlib._local",
      "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath"
    ),
    ("decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("uuid", "UUID"),
  ]

  private static let numpy: [(String, String)] = [
    ("numpy.core.multiarray numpy._core.multiarray", "_reconstruct scalar"),
    ("numpy.core._internal", "_reconstruct"),
    ("numpy.core.numeric numpy._core.numeric", "_frombuffer"),
    (
      "numpy",
      """
      ndarray dtype bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 \
      float64 longdouble complex64 complex128 str_ bytes_ void datetime64 timedelta64 number integer \
      floating
      """
    ),
    (
      "numpy.dtypes",
      """
      BoolDType ByteDType BytesDType CLongDoubleDType Complex128DType Complex64DType \
      DateTime64DType Float16DType Float32DType Float64DType Int16DType Int32DType Int64DType \
      Int8DType IntDType LongDType LongDoubleDType LongLongDType ShortDType StrDType TimeDelta64DType \
      UByteDType UInt16DType UInt32DType UInt64DType UInt8DType UIntDType ULongDType ULongLongDType \
      UShortDType VoidDType
      """
    ),
    (
      "numpy.random._pickle",
      "__randomstate_ctor __generator_ctor __bit_generator_ctor"
    ),
    ("numpy.random", "__RandomState_ctor"),
    ("numpy.random._mt19937", "MT19937"),
    ("numpy.random._pcg64", "PCG64 PCG64DXSM"),
    ("numpy.random._philox", "Philox"),
    ("numpy.random._sfc64", "SFC64"),
    ("numpy.random.bit_generator", "SeedSequence __pyx_unpickle_SeedSequence"),
  ]
}
