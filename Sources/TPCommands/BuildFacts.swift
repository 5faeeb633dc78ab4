internal import CTPLibYAML
internal import TPHDF5
internal import TPModels
internal import TPReports
internal import TPZip

extension VersionReport {
  /// The facts of the command that runs. Libraries are asked, which takes libhdf5 a millisecond.
  static var ofThisBuild: VersionReport {
    VersionReport(
      swift: swift, optimisation: optimisation,
      platform: "\(processor) \(system)",
      libraries: [
        ("libzip", ZipLibraries.libzip), ("libhdf5", HDF5Library.version),
        ("libdeflate", ZipLibraries.libdeflate),
        ("libyaml", unsafe String(cString: yaml_get_version_string())),
      ], kernels: KernelVariant.available.map(\.rawValue))
  }

  /// The last number is left out: a standard library does not tell which patch of it this is.
  private static var swift: String {
    "\(_SwiftStdlibVersion.current)".split(separator: ".").prefix(2).joined(separator: ".")
  }

  private static var optimisation: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }

  private static var processor: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "another processor"
    #endif
  }

  private static var system: String {
    #if os(Linux)
      "Linux"
    #elseif os(macOS)
      "macOS"
    #else
      "another system"
    #endif
  }
}
