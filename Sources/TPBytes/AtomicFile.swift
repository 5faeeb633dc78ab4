#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// A file that appears whole or not at all: written beside its target, then renamed over it.
///
/// Until `commit()` the target is untouched; a value that is dropped without it removes what was written.
@safe public struct AtomicFile: ~Copyable {
  private let target: String
  private let folder: String
  private let temporary: String
  private let replacing: Bool
  private let descriptor: Int32
  private var written = 0

  /// Opens a temporary file in the target's folder.
  ///
  /// - Parameters:
  ///   - path: the target.
  ///   - replacing: whether an existing target may be replaced.
  /// - Throws: `PortError`: the target exists and is not to be replaced, is a folder or a special
  ///   file, or its folder is missing or not writable.
  public init(path: String, replacing: Bool) throws(PortError) {
    try AtomicFile.check(path: path, replacing: replacing)
    // The file that a symbolic link stands for, so that replacing keeps the link.
    let target = realPath(path)
    let parts = AtomicFile.split(target)
    // Nobody may read it before it is finished who may not read what it replaces.
    var status = stat()
    let isThere = unsafe stat(target, &status) == 0
    let mode: mode_t = isThere ? status.st_mode & 0o777 | 0o600 : 0o666
    let opened = try AtomicFile.create(
      folder: parts.folder, name: parts.name, mode: mode, path: path)
    self.target = target
    self.replacing = replacing
    folder = parts.folder
    temporary = opened.name
    descriptor = opened.descriptor
    UnfinishedFiles.add(temporary)
  }

  /// What can be said before any work is done: whether `path` may be written at all.
  ///
  /// - Throws: `PortError` as `init(path:replacing:)` does, without creating anything.
  public static func check(path: String, replacing: Bool) throws(PortError) {
    guard !path.isEmpty, !path.hasSuffix("/") else {
      throw PortError(.usage, "the output needs a file name", file: path)
    }
    let target = realPath(path)
    var status = stat()
    if unsafe stat(target, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG:
        if !replacing {
          throw PortError(
            .exists, "exists already", file: path, remedy: "give --force to replace it")
        }
      case S_IFDIR:
        throw PortError(
          .notAFile, "is a folder, not a file", file: path,
          remedy: "give the path of a file in it")
      default:
        throw PortError(
          .notAFile, "is not a regular file", file: path,
          remedy: "write to a regular file; pipes and devices cannot be replaced whole")
      }
    } else if unsafe lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
      throw PortError(
        .notFound, "is a symbolic link to something that does not exist", file: path,
        remedy: "remove the link, or make what it stands for")
    }
    let folder = split(target).folder
    guard unsafe stat(folder, &status) == 0 else {
      guard errno == ENOENT else {
        throw systemError(errno, "cannot look into its folder", file: path)
      }
      throw PortError(
        .notFound, "its folder does not exist", file: path,
        remedy: "create \(printable(folder)) first")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw PortError(.notAFile, "\(printable(folder)) is not a folder", file: path)
    }
    guard unsafe access(folder, W_OK | X_OK) == 0 else {
      throw systemError(errno, "cannot write in its folder", file: path)
    }
  }

  /// Appends bytes.
  public mutating func write(_ bytes: RawSpan) throws(PortError) {
    var done = 0
    while done < bytes.byteCount {
      let count = unsafe bytes.extracting(done..<bytes.byteCount).withUnsafeBytes {
        // Linux writes at most 2,147,479,552 bytes at once.
        unsafe Self.writeOnce(descriptor, $0.baseAddress, min($0.count, 1 << 30))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw systemError(errno, "cannot write", file: target)
      }
      done += count
    }
    written += done
  }

  /// Appends bytes.
  public mutating func write(_ bytes: [UInt8]) throws(PortError) {
    try write(bytes.span.bytesView)
  }

  /// How many bytes were written so far.
  public var count: Int { written }

  /// The path of the unfinished file, so that what was written can be looked at before `commit()`.
  package var unfinishedPath: String { temporary }

  /// Lends the unfinished file, open for reading and writing, to a library that writes at places of
  /// its own choice; nothing may be appended afterwards.
  package mutating func lend(_ body: (Int32) throws(PortError) -> Void) throws(PortError) {
    try body(descriptor)
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw systemError(errno, "cannot write", file: target)
    }
    written = Int(status.st_size)
  }

  /// Makes the file durable and puts it in the target's place.
  ///
  /// - Throws: `PortError`; the target is then what it was before.
  public consuming func commit() throws(PortError) {
    guard fsync(descriptor) == 0 else { throw systemError(errno, "cannot write", file: target) }
    if replacing {
      keepMode()
      guard unsafe rename(temporary, target) == 0 else {
        throw systemError(errno, "cannot replace", file: target)
      }
    } else {
      // link(2) fails where the target appeared meanwhile; rename would replace it.
      if unsafe link(temporary, target) != 0 {
        let code = errno
        if code == EEXIST {
          throw PortError(
            .exists, "was created by somebody else meanwhile", file: target,
            remedy: "give --force to replace it")
        }
        // Not every file system has hard links.
        guard unsafe rename(temporary, target) == 0 else {
          throw systemError(errno, "cannot create", file: target)
        }
      }
    }
    let directory = unsafe open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// Gives the file the permissions of the one that it replaces: nobody may read weights all at once
  /// who could not before.
  private borrowing func keepMode() {
    var status = stat()
    guard unsafe stat(target, &status) == 0 else { return }
    // Where that is not possible the new file has those of any new file.
    _ = fchmod(descriptor, status.st_mode & 0o777)
  }

  deinit {
    close(descriptor)
    // After a rename there is nothing left to remove; after link(2) or a failure there is.
    unsafe unlink(temporary)
    UnfinishedFiles.remove(temporary)
  }

  private static func create(
    folder: String, name: Substring, mode: mode_t, path: String
  ) throws(PortError) -> (name: String, descriptor: Int32) {
    // A name may have 255 bytes in most file systems, and ours adds up to 17.
    var stem = name.prefix(60)
    while stem.utf8.count > 200 { stem.removeLast() }
    for _ in 0..<16 {
      let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
      let candidate = folder + "/." + stem + ".\(suffix).partial"
      let opened = unsafe open(candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      if opened >= 0 { return (candidate, opened) }
      if errno != EEXIST { break }
    }
    throw systemError(errno, "cannot write in its folder", file: path)
  }

  private static func writeOnce(
    _ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int
  ) -> Int {
    #if canImport(Glibc)
      unsafe Glibc.write(descriptor, start, count)
    #elseif canImport(Musl)
      unsafe Musl.write(descriptor, start, count)
    #else
      unsafe Darwin.write(descriptor, start, count)
    #endif
  }

  /// Bytes, not characters: a slash before a combining mark is one of these with it.
  private static func split(_ path: String) -> (folder: String, name: Substring) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path[...]) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, path[path.utf8.index(after: slash)...])
  }
}
