#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

extension SharedBytes {
  /// Files from this size on are mapped; smaller ones are read, so that a file that shrinks
  /// meanwhile cannot take the process down.
  public static let mappingThreshold = 64 << 20

  /// Opens a regular file: read into memory below `mapFrom` bytes, else mapped.
  ///
  /// - Throws: `PortError` for a missing or unreadable file, a directory, a pipe, a socket, a device.
  public convenience init(
    path: String, mapFrom: Int = SharedBytes.mappingThreshold
  ) throws(PortError) {
    // O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw systemError(errno, "cannot open", file: path) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw systemError(errno, "cannot look at", file: path)
    }
    if let what = kindOfFile(status.st_mode) {
      throw PortError(
        .notAFile, "is \(what), not a file", file: path,
        remedy: "give the path of a regular file")
    }
    guard let size = Int(exactly: status.st_size), size >= 0 else {
      throw PortError(.limit, "has a size that cannot be addressed", file: path)
    }
    if size >= mapFrom, size > 0 {
      let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard let address = unsafe address, unsafe address != MAP_FAILED else {
        throw systemError(errno, "cannot map", file: path)
      }
      unsafe self.init(mapped: UnsafeRawPointer(address), count: size)
    } else {
      try unsafe self.init(count: size) {
        (memory: UnsafeMutableRawBufferPointer) throws(PortError) in
        try unsafe readAll(descriptor, into: memory, path: path)
      }
    }
  }
}

/// What a mode says a file is, where it is not a regular file.
private func kindOfFile(_ mode: mode_t) -> String? {
  switch mode & S_IFMT {
  case S_IFREG: nil
  case S_IFDIR: "a folder"
  case S_IFIFO: "a pipe"
  case S_IFSOCK: "a socket"
  case S_IFCHR, S_IFBLK: "a device"
  default: "a special file"
  }
}

private func readAll(
  _ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer, path: String
) throws(PortError) {
  var done = 0
  while done < memory.count {
    let count = unsafe pread(
      descriptor, memory.baseAddress?.advanced(by: done), memory.count - done, off_t(done))
    if count < 0 {
      if errno == EINTR { continue }
      throw systemError(errno, "cannot read", file: path)
    }
    if count == 0 {
      throw PortError(
        .inputOutput,
        "became shorter while it was being read: \(done) of \(memory.count) bytes came",
        file: path, remedy: "wait until whoever writes it is done")
    }
    done += count
  }
}

/// A path without links, `.` and `..`; the path as it is where nothing lies there.
package func realPath(_ path: String) -> String {
  guard let real = unsafe realpath(path, nil) else { return path }
  defer { unsafe free(real) }
  return unsafe String(cString: real)
}

/// Whether something lies at a path.
package func fileExists(_ path: String) -> Bool {
  unsafe access(path, F_OK) == 0
}

/// Whether a folder, or a link to one, lies at a path.
package func isFolder(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The names in a folder, in the order in which the system has them.
///
/// - Parameter most: where there are more, one more than that is given.
/// - Throws: `PortError` that names the folder where it cannot be read.
package func folderNames(_ path: String, most: Int) throws(PortError) -> [String] {
  guard let handle = unsafe opendir(path) else {
    throw systemError(errno, "cannot list", file: path)
  }
  defer { unsafe closedir(handle) }
  var names: [String] = []
  while names.count <= most, let entry = unsafe readdir(handle) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
        unsafe String(cString: $0)
      }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}
