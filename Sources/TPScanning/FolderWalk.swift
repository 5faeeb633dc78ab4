public import TPBytes

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#else
  private import Darwin
#endif

/// The regular files of a folder and of those in it, in the order of their paths' UTF-8.
///
/// A symbolic link is followed where it leads to a regular file inside of the folder; links to
/// folders and links that lead out are left alone.
public struct FolderWalk: Sendable {
  /// The files.
  public private(set) var files: [String] = []
  /// Folders that could not be read, and why.
  public private(set) var failures: [PortError] = []
  private let root: String
  private static let mostFiles = 1_000_000
  private static let mostNesting = 64

  /// Walks a folder.
  public init(_ path: String) {
    root = FolderWalk.real(path) ?? path
    walk(path.hasSuffix("/") && path != "/" ? String(path.dropLast()) : path, depth: 0)
    files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private mutating func walk(_ folder: String, depth: Int) {
    guard depth <= Self.mostNesting else {
      failures.append(
        PortError(.limit, "folders are nested deeper than \(Self.mostNesting)", file: folder))
      return
    }
    let names: [String]
    do throws(PortError) {
      names = try folderNames(folder, most: Self.mostFiles)
    } catch {
      failures.append(error)
      return
    }
    for name in names {
      guard files.count < Self.mostFiles else {
        failures.append(
          PortError(.limit, "has more than \(Self.mostFiles) files", file: folder))
        return
      }
      visit(folder + (folder.hasSuffix("/") ? "" : "/") + name, depth: depth)
    }
  }

  private mutating func visit(_ path: String, depth: Int) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFREG: files.append(path)
    case S_IFDIR: walk(path, depth: depth + 1)
    case S_IFLNK:
      guard let target = FolderWalk.real(path), target.hasPrefix(root + "/"),
        unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG
      else { return }
      files.append(path)
    default: break
    }
  }

  private static func real(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
