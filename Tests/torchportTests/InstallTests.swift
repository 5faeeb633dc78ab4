import Foundation
import TestSupport
import Testing

/// `make install` and `make uninstall`, into a folder.
@Suite struct InstallTests {
  private func make(_ target: String, into folder: TemporaryFolder) throws -> Run {
    try #require(Program("make")).run(
      "--no-print-directory", target, "TORCHPORT=\(commandURL.path)", "PREFIX=/usr",
      "DESTDIR=\(folder.path)", folder: packageRoot.path)
  }

  private func files(_ folder: TemporaryFolder) -> [String] {
    let walk = FileManager.default.enumerator(atPath: folder.path)
    let all = (walk?.allObjects as? [String]) ?? []
    return all.filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: folder.file($0), isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  @Test func whatIsInstalledIsTakenAwayAgain() throws {
    let folder = TemporaryFolder()
    let run = try make("install", into: folder)
    #expect(run.status == 0, "\(run.errors)")
    let pages = ["torchport"] + HelpTests.commands.map { "torchport-" + $0 }
    let expected =
      [
        "usr/bin/torchport", "usr/share/bash-completion/completions/torchport",
        "usr/share/zsh/site-functions/_torchport",
        "usr/share/fish/vendor_completions.d/torchport.fish",
      ] + pages.map { "usr/share/man/man1/\($0).1" }
      + ["LICENSE", "README.md", "CHANGELOG.md"].map { "usr/share/doc/torchport/" + $0 }
    #expect(files(folder) == expected.sorted())

    let installed = try torchport(
      [
        "verify", fixture("run/best_lightweight_model.pth"), "--golden",
        fixture("goldens/bare.npz"),
      ],
      executable: URL(fileURLWithPath: folder.file("usr/bin/torchport")))
    #expect(installed.status == 0, "\(installed.errors)")

    #expect(try make("uninstall", into: folder).status == 0)
    #expect(files(folder) == [])
  }

  /// Without a debugger's symbols it is smaller than the one that was built.
  @Test func theInstalledCommandIsStripped() throws {
    guard Program("strip") != nil else { return }
    let folder = TemporaryFolder()
    #expect(try make("install", into: folder).status == 0)
    func size(_ path: String) throws -> Int {
      try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
    #expect(try size(folder.file("usr/bin/torchport")) < size(commandURL.path))
  }
}
