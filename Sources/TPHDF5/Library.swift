internal import CTPLibHDF5
internal import Synchronization
internal import TPBytes

/// The one lock around every call of libhdf5, which is not safe on several threads.
private let library = Mutex(())

/// Runs a body that calls libhdf5, alone.
///
/// Every handle must be closed inside of such a body.
func withLibrary<Value: Sendable>(
  _ body: () throws(PortError) -> Value
) throws(PortError) -> Value {
  let result: Result<Value, PortError> = library.withLock { _ in
    tp_h5_quiet()
    do throws(PortError) {
      return .success(try body())
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}

/// libhdf5's own words for what just failed, as the end of our sentence.
func libraryError(_ kind: PortError.Kind, _ doing: String, record: String? = nil) -> PortError {
  var message = [CChar](repeating: 0, count: 256)
  let words = unsafe message.withUnsafeMutableBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return "" }
    unsafe tp_h5_take_error(start)
    return unsafe String(cString: start)
  }
  // A sound file, compressed as h5py can with what it brings along (lzf, or a plugin).
  if words.contains("filter plugins disabled") || words.contains("is not registered") {
    return PortError(
      .unsupported, "\(doing), which is compressed by a filter that libhdf5 does not have",
      record: record, remedy: "write it again without, for example by h5repack -f GZIP=4")
  }
  let reason = words.isEmpty ? "no reason given" : printable(words)
  return PortError(
    kind, "\(doing) (libhdf5: \(reason))", record: record,
    remedy: kind == .malformed ? "the file is damaged, or no HDF5 file; fetch it again" : nil)
}

/// An identifier of libhdf5, closed at the end of its life; lives only inside `withLibrary`.
struct Identifier: ~Copyable {
  let id: hid_t

  /// Takes over an identifier that a call returned.
  ///
  /// - Throws: `PortError` with libhdf5's reason where the call failed.
  init(
    _ id: hid_t, _ doing: String, record: String? = nil, kind: PortError.Kind = .malformed
  ) throws(PortError) {
    guard id >= 0 else { throw libraryError(kind, doing, record: record) }
    self.id = id
  }

  deinit { H5Idec_ref(id) }
}

/// Checks a call that returns a negative number for failure.
func check(
  _ status: some SignedInteger, _ doing: String, record: String? = nil,
  kind: PortError.Kind = .malformed
) throws(PortError) {
  guard status >= 0 else { throw libraryError(kind, doing, record: record) }
}
