public import TPBytes
internal import TPCheckpoints

extension RunAudit {
  /// The manifest of all files of the delivery, those that hold no weights too.
  ///
  /// Names begin at the manifest's folder where the files lie in it, else they are whole paths.
  ///
  /// - Parameter path: where the manifest will be written; it does not list itself.
  /// - Throws: `PortError` where a file cannot be read.
  public func manifest(at path: String) throws(PortError) -> ChecksumManifest {
    let folder = RunAudit.folder(of: path)
    let own = realPath(path)
    var entries: [ChecksumManifest.Entry] = []
    for file in files {
      guard let sha256 = file.sha256 else {
        throw file.error ?? PortError(.inputOutput, "cannot be read", file: file.path)
      }
      entries.append(
        .init(
          digest: sha256, name: RunAudit.name(of: file.path, in: folder),
          byteCount: file.byteCount))
    }
    for other in passedOver {
      let name = realPath(other)
      // Neither itself nor what another run of this command has not finished.
      if name == own || name.hasSuffix(".partial") { continue }
      let digest = try hash(other)
      entries.append(
        .init(
          digest: digest.description, name: RunAudit.name(of: other, in: folder),
          byteCount: digest.byteCount))
    }
    return ChecksumManifest(
      entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
  }

  /// Holds the files against a manifest: each of its files must be there with its bytes, and each
  /// checkpoint must be in it.
  ///
  /// - Throws: `PortError` where the manifest cannot be read.
  public func check(manifest path: String) throws(PortError) -> AuditCheck {
    let manifest: ChecksumManifest
    do throws(PortError) {
      let file = try SharedBytes(path: path)
      guard file.count <= ChecksumManifest.mostBytes else {
        throw PortError(
          .limit, "a manifest has at most \(ChecksumManifest.mostBytes) bytes, this \(file.count)")
      }
      manifest = try ChecksumManifest(parsing: file.region.array())
    } catch {
      throw error.in(file: path)
    }
    guard !manifest.entries.isEmpty else {
      return AuditCheck(.manifest, .failed, "\(printable(path)) lists no file")
    }
    let known = Dictionary(files.map { (realPath($0.path), $0) }) { first, _ in first }
    var listed: Set<String> = []
    var findings: [(file: String, sentence: String)] = []
    var total = 0
    for entry in manifest.entries {
      let name = printable(entry.name, limit: 100)
      let place = RunAudit.place(of: entry.name, in: path)
      listed.insert(realPath(place))
      let found: (digest: String, count: Int)
      if let file = known[realPath(place)], let sha256 = file.sha256 {
        found = (sha256, file.byteCount ?? 0)
      } else {
        do throws(PortError) {
          let digest = try FileDigest(path: place)
          found = (digest.description, digest.byteCount)
        } catch {
          findings.append((place, "\(name): \(error.message)"))
          continue
        }
      }
      total = total.addingReportingOverflow(found.count).partialValue
      if let count = entry.byteCount, count != found.count {
        findings.append((place, "\(name) has \(found.count) bytes, the manifest says \(count)"))
      } else if entry.digest != found.digest {
        findings.append(
          (
            place,
            "\(name) has the SHA-256 \(found.digest.prefix(12))…, the manifest says"
              + " \(entry.digest.prefix(12))…"
          ))
      }
    }
    for file in files where !listed.contains(realPath(file.path)) {
      findings.append((file.path, "\(file.name) is not in the manifest"))
    }
    return AuditCheck(
      .manifest, findings: findings,
      else: "\(manifest.entries.count) files with \(total) bytes as \(printable(path)) lists them")
  }

  private func hash(_ path: String) throws(PortError) -> FileDigest {
    do throws(PortError) {
      return try FileDigest(path: path)
    } catch {
      throw error.in(file: path)
    }
  }

  /// The folder of a path, with the slash at its end, without links.
  private static func folder(of path: String) -> String {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    let real = realPath(folder)
    return real.hasSuffix("/") ? real : real + "/"
  }

  private static func name(of path: String, in folder: String) -> String {
    let real = realPath(path)
    return real.hasPrefix(folder) ? String(real.dropFirst(folder.count)) : real
  }

  /// Where a listed file lies: from the manifest's folder on, else from the current one, as
  /// `sha256sum -c` looks for it.
  private static func place(of name: String, in manifest: String) -> String {
    if name.utf8.first == UInt8(ascii: "/") { return name }
    let beside = (manifest.lastIndex(of: "/").map { String(manifest[...$0]) } ?? "") + name
    return !fileExists(beside) && fileExists(name) ? name : beside
  }
}
