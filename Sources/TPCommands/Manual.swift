internal import ArgumentParser
internal import TPBytes
internal import TPReports

/// The manual pages: from what ArgumentParser knows of the options, and from the guides.
enum Manual {
  /// Writes `torchport.1` and `torchport-COMMAND.1` of each command into a folder that is there.
  static func write(into folder: String) throws(PortError) {
    for page in try pages() {
      var file = try AtomicFile(path: "\(folder)/\(page.name).1", replacing: true)
      try file.write(Array(page.source.utf8))
      try file.commit()
    }
  }

  /// Every page, the root's first.
  static func pages() throws(PortError) -> [ManualPage] {
    let dump = try JSONValue(parsing: TorchPort._dumpHelp())
    guard let root = dump["command"] else {
      throw PortError(.unsupported, "the options of the command cannot be listed")
    }
    let commands = TorchPort.configuration.subcommands
    let names = commands.map { "\(Tool.name)-\($0._commandName)" }
    var first = page(Tool.name, root, TorchPort.guide)
    first.synopsis = "COMMAND [OPTIONS]"
    first.commands = commands.map {
      .init("\(Tool.name) \($0._commandName)", [$0.configuration.abstract])
    }
    first.environment = environment
    first.seeAlso = names
    var pages = [first]
    for (command, name) in zip(commands, names) {
      guard let guided = command as? any GuidedCommand.Type,
        let described = root["subcommands"]?.array?.first(where: {
          $0["commandName"]?.string == command._commandName
        })
      else { continue }
      var page = page(name, described, guided.guide)
      page.seeAlso = [Tool.name]
      pages.append(page)
    }
    return pages
  }

  private static func page(
    _ name: String, _ command: JSONValue, _ guide: CommandGuide
  ) -> ManualPage {
    let described = (command["arguments"]?.array ?? []).filter {
      $0["shouldDisplay"] != .bool(false)
    }
    let positional = described.filter { $0["kind"]?.string == "positional" }
    let options = described.filter { $0["kind"]?.string != "positional" }
    var synopsis = positional.map { argument in
      let value = (argument["valueName"]?.string ?? "").uppercased()
      let shown = argument["isRepeating"] == .bool(true) ? value + "..." : value
      return argument["isOptional"] == .bool(true) ? "[\(shown)]" : shown
    }
    if !options.isEmpty { synopsis.append("[OPTIONS]") }
    var page = ManualPage(
      name: name, summary: summary(command), synopsis: synopsis.joined(separator: " "))
    page.description = guide.paragraphs
    if !guide.pages.isEmpty {
      page.description.append("The sources tell more: " + guide.pages.joined(separator: ", ") + ".")
    }
    page.arguments = positional.map {
      item(($0["valueName"]?.string ?? "").uppercased(), $0)
    }
    page.options = options.map { item(label($0), $0) }
    page.exits = guide.allExits.map { .init(String($0.status.rawValue), [$0.meaning + "."]) }
    page.examples = guide.examples.map { .init($0.purpose, [$0.line]) }
    return page
  }

  /// Without the full stop: whatis(1) lists them.
  private static func summary(_ command: JSONValue) -> String {
    let text = command["abstract"]?.string ?? ""
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  private static func label(_ argument: JSONValue) -> String {
    let names = (argument["names"]?.array ?? []).map { name in
      (name["kind"]?.string == "short" ? "-" : "--") + (name["name"]?.string ?? "")
    }
    let value = argument["kind"]?.string == "option" ? argument["valueName"]?.string : nil
    return names.joined(separator: ", ") + (value.map { " " + $0 } ?? "")
  }

  private static func item(_ label: String, _ argument: JSONValue) -> ManualPage.Item {
    let given = argument["defaultValue"]?.string.map { "Default: \($0)." }
    return .init(
      label,
      [argument["abstract"]?.string, argument["discussion"]?.string, given].compactMap { $0 })
  }

  private static let environment: [ManualPage.Item] = [
    .init("COLUMNS", ["How wide tables may be; without it as wide as the terminal, or 80."]),
    .init("TMPDIR", ["Where bench converts to."]),
    .init("GITHUB_ACTIONS", ["Where it is true, annotations are written to stderr."]),
    .init("GITHUB_STEP_SUMMARY", ["A file that reports are added to, as Markdown."]),
  ]
}
