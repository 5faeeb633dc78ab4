// The C library under its three names, and the few calls that read differently in Swift.
#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

func unmap(_ base: UnsafeRawPointer, _ count: Int) {
  _ = unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
}

/// Size and alignment of the pages that large allocations ask for.
let largePage = 2 << 20

/// Asks for large pages where the system has them on request; a wish, which may be refused.
func adviseLargePages(_ start: UnsafeMutableRawPointer, _ count: Int) {
  #if os(Linux)
    _ = unsafe madvise(start, count / largePage * largePage, MADV_HUGEPAGE)
  #endif
}

/// Tells the system whether a mapping is read here and there; a hint.
func adviseRandomAccess(_ start: UnsafeRawPointer, _ count: Int, _ isRandom: Bool) {
  let advice = isRandom ? MADV_RANDOM : MADV_NORMAL
  _ = unsafe madvise(UnsafeMutableRawPointer(mutating: start), count, advice)
}

/// Whether two buffers of one length hold the same bytes.
func equalBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard let left = a.baseAddress, let right = b.baseAddress else { return true }
  return unsafe memcmp(left, right, a.count) == 0
}

/// The operating system's words for an error number, for example "No space left on device".
package func systemMessage(_ code: Int32) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}

/// What an error number means for a file that was to be opened, read or written.
package func systemError(_ code: Int32, _ doing: String, file: String) -> PortError {
  let words = systemMessage(code)
  switch code {
  case ENOENT:
    return PortError(
      .notFound, "\(doing): no such file or folder", file: file,
      remedy: "check the path")
  case ENOTDIR:
    return PortError(
      .notFound, "\(doing): a part of the path is a file, not a folder", file: file,
      remedy: "check the path")
  case EACCES, EPERM:
    return PortError(
      .permission, "\(doing): permission denied", file: file,
      remedy: "change the permissions, or run as a user who may")
  case ENOSPC, EDQUOT:
    return PortError(
      .inputOutput, "\(doing): the disk is full", file: file,
      remedy: "free some space; the target is as it was before")
  case EROFS:
    return PortError(
      .permission, "\(doing): the file system is read-only", file: file,
      remedy: "write to another folder")
  default:
    return PortError(.inputOutput, "\(doing): \(words)", file: file)
  }
}
