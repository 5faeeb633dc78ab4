internal import TPBytes

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// A new folder under the system's place for such, removed with the files that were named in it.
final class TemporaryFolder {
  private let path: String
  private var files: [String] = []

  /// - Throws: `PortError` where no folder can be made there.
  init() throws(PortError) {
    let given = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    let root = given.isEmpty ? "/tmp" : given
    var name = Array((root + "/torchport-bench-XXXXXX").utf8CString)
    let made = unsafe name.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe mkdtemp($0) != nil } ?? false
    }
    guard made else { throw systemError(errno, "cannot make a folder for the outputs", file: root) }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    UnfinishedFiles.add(path)
  }

  /// The path of a file in it, which will be removed, too.
  func file(_ name: String) -> String {
    let file = path + "/" + name
    if !files.contains(file) {
      files.append(file)
      // The folder last: it must be empty to go.
      UnfinishedFiles.remove(path)
      UnfinishedFiles.add(file)
      UnfinishedFiles.add(path)
    }
    return file
  }

  deinit {
    for file in files {
      unsafe unlink(file)
      UnfinishedFiles.remove(file)
    }
    unsafe rmdir(path)
    UnfinishedFiles.remove(path)
  }
}
