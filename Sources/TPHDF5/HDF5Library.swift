internal import CTPLibHDF5

/// The C library behind HDF5, for whoever tells of a build.
public enum HDF5Library {
  /// libhdf5 that runs, as `1.10.8`.
  public static var version: String {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    guard unsafe H5get_libversion(&major, &minor, &release) >= 0 else { return "unknown" }
    return "\(major).\(minor).\(release)"
  }
}
