public import TPBytes

/// What scanning several files and folders found.
public struct FolderScan: Sendable {
  /// A report per file, in the order of the arguments, files of a folder in the order of their paths.
  public var reports: [ScanReport] = []
  /// Files of folders that no program loads as weights, such as texts and images.
  public var skipped: [String] = []

  /// Nothing looked at yet.
  public init() {}

  /// The gravest of the verdicts; `unreadable` before `dangerous`, because it says nothing about the
  /// rest of the file.
  public var verdict: ScanReport.Verdict {
    let verdicts = Set(reports.map(\.verdict))
    return [.unreadable, .dangerous, .suspicious].first { verdicts.contains($0) } ?? .clean
  }
}

extension Scanner {
  /// Names that stand for weights, whatever lies in them: such a file of a folder is never skipped.
  private static let endings: Set<String> = [
    "pt", "pth", "pt2", "ptl", "ckpt", "bin", "pkl", "pickle", "p", "joblib", "dat", "data",
    "model",
    "model2", "tar", "zip", "npy", "npz", "h5", "hdf5", "he5", "keras", "safetensors", "mar",
    "nemo",
    "t7", "weights", "state", "checkpoint", "gz", "7z",
  ]

  /// Looks at files, and at every file of folders.
  ///
  /// A file that was named is always reported. One that was met in a folder is skipped where it is of
  /// no format that holds weights or pickles, has no ending that stands for weights, and nothing was
  /// found in it: a README is not unreadable.
  public static func scan(paths: [String], limits: ReadLimits = ReadLimits()) -> FolderScan {
    var result = FolderScan()
    for path in paths {
      guard isFolder(path) else {
        result.reports.append(scan(path: path, limits: limits))
        continue
      }
      let walk = FolderWalk(path)
      for file in walk.files {
        let report = scan(path: file, limits: limits)
        if isForeign(report) { result.skipped.append(file) } else { result.reports.append(report) }
      }
      for failure in walk.failures {
        var report = ScanReport(file: failure.file ?? path)
        report.findings.append(Finding(.unreadable, .unreadable, failure.message))
        result.reports.append(report)
      }
    }
    return result
  }

  private static func isForeign(_ report: ScanReport) -> Bool {
    let name = report.file.split(separator: "/").last ?? ""
    let ending = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
    guard !endings.contains(ending), report.pickles == 0, report.globals.isEmpty else {
      return false
    }
    return report.isOfUnknownFormat && report.findings.count == 1
  }
}
