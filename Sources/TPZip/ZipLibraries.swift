internal import CTPLibDeflate
internal import CTPLibZip

/// The C libraries behind archives, for whoever tells of a build.
public enum ZipLibraries {
  /// libzip that runs, as `1.7.3`.
  public static var libzip: String { unsafe String(cString: zip_libzip_version()) }

  /// libdeflate that this was built with; it does not tell which one runs.
  public static var libdeflate: String { LIBDEFLATE_VERSION_STRING }
}
