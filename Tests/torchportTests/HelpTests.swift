import Foundation
import TPBytes
import TestSupport
import Testing

/// `--help` of every command, the words for what was mistyped, and what is made from the same source:
/// completions and manual pages.
@Suite struct HelpTests {
  static let commands = [
    "inspect", "scan", "convert", "verify", "diff", "recover", "predict", "evaluate", "history",
    "audit", "bench",
  ]

  /// The lines under EXAMPLES that are to be typed.
  static func examples(of command: String) throws -> [String] {
    let help = try torchport(["help"] + [command].filter { !$0.isEmpty }).output
    let lines = help.components(separatedBy: "\n")
    guard let start = lines.firstIndex(of: "EXAMPLES:") else { return [] }
    return lines[(start + 1)...].prefix { !$0.isEmpty }.filter { $0.hasPrefix("    ") }
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test func theListOfCommandsIsWhole() throws {
    let help = try torchport("--help").output
    let section = help.components(separatedBy: "SUBCOMMANDS:").last ?? ""
    let names = section.components(separatedBy: "\n").compactMap { line -> String? in
      guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return nil }
      return line.split(separator: " ").first.map(String.init)
    }
    #expect(names.filter { $0 != "See" } == Self.commands)
  }

  /// Every example is run as it stands, in a folder that has the files it names.
  @Test(arguments: [""] + HelpTests.commands) func examplesRun(command: String) throws {
    let examples = try Self.examples(of: command)
    #expect(examples.count >= 2)
    let folder = try ExampleFolder()
    for line in examples {
      #expect(line.hasPrefix("torchport "))
      let run = try folder.run(line)
      #expect(folder.allowed(line).contains(run.status), "\(line): \(run.status) \(run.errors)")
    }
  }

  /// A line that a terminal of 80 columns would break cannot be copied.
  @Test(arguments: [""] + HelpTests.commands) func helpFitsATerminal(command: String) throws {
    let run = try torchport(
      ["help"] + [command].filter { !$0.isEmpty }, environment: ["COLUMNS": "80"])
    #expect(run.status == 0)
    for line in run.output.components(separatedBy: "\n") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test(arguments: [
    ("convrt a.pth", "Unknown command 'convrt'; did you mean convert?"),
    ("verfiy a.pth", "did you mean verify?"),
    ("help hitsory", "did you mean history?"),
    ("nonsense", "The commands are inspect, scan, convert"),
    ("a.pth", "torchport inspect a.pth"),
    ("inspect -x.pth", "A file of that name is given as ./-x.pth"),
    ("inspect a.pth --digets", "Did you mean '--digest'?"),
    ("convert a.pth -o a.h5 --dtype floot16", "did you mean float16?"),
    ("convert a.pth -o a.h5 --dtype complex", "takes float16, bfloat16, float32, float64 or int8"),
    ("convert a.pth --output-directory b --format safetensor", "did you mean safetensors?"),
    ("convert a.pth -o a.h5 --architecture LightweightCNNLTSM", "LightweightCNNLSTM?"),
    ("convert a.pth -o a.h5 --architecture doctor", "DoctorFocusedModel?"),
    ("diff a.pth b.pth --sort nmae", "did you mean name?"),
    ("diff a.pth b.pth --fail-on shpae", "did you mean shape?"),
    ("predict a.pth b.npy --kernels portabel", "did you mean portable?"),
    ("inspect a.pth --limit menbers=1", "did you mean members?"),
    ("convert FIXTURES/run/best_lightweight_model.pth -o a.pth --keep optimzer", "optimizer?"),
  ])
  func wrongWords(line: String, says: String) throws {
    let folder = TemporaryFolder()
    let words = line.replacingOccurrences(of: "FIXTURES", with: fixture("")).split(separator: " ")
    let run = try torchport(words.map(String.init), folder: folder.path)
    #expect(run.status == 64, "\(run.errors)")
    #expect(run.errors.hasPrefix("torchport: "), "\(run.errors)")
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(run.output == "")
    let json = try torchport(words.map(String.init) + ["--json"], folder: folder.path)
    #expect(json.status == 64)
    #expect(json.json?["error"]?["kind"] == "usage")
  }

  /// Names that a file does not have, where it has one like it.
  @Test(arguments: [
    ("inspect BEST --tensor model_state_dict.fc1.wieght", Int32(2), "fc1.weight?"),
    ("inspect BEST --only model_state_dict.fc1.bais", 0, "fits model_state_dict.fc1.bais; did you"),
    ("diff BEST BEST --only fc1.baisss", 0, "no tensor's name fits fc1.baisss"),
    ("evaluate BEST VALIDATION --clips clisp", 2, "did you mean clips?"),
    ("evaluate BEST VALIDATION --labels lables", 2, "did you mean labels?"),
  ])
  func wrongNames(line: String, status: Int32, says: String) throws {
    let words = line.split(separator: " ").map { word in
      switch word {
      case "BEST": fixture("run/best_lightweight_model.pth")
      case "VALIDATION": fixture("validation.npz")
      default: String(word)
      }
    }
    let run = try torchport(words)
    #expect(run.status == status)
    #expect(run.errors.contains(says), "\(run.errors)")
  }

  /// What begins with a dash and is no option is still a file behind `--` or `./`.
  @Test func filesThatBeginWithADash() throws {
    let folder = TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: fixture("clips/uint8.npy"), toPath: folder.file("-h.npy"))
    #expect(try torchport(["inspect", "./-h.npy"], folder: folder.path).status == 0)
    #expect(try torchport(["inspect", "--", "-h.npy"], folder: folder.path).status == 0)
    #expect(try torchport(["inspect", "-h.npy"], folder: folder.path).status == 64)
    #expect(try torchport(["inspect", "-help"], folder: folder.path).status == 0)
  }

  /// The same name means the same: one sentence for each option, wherever it is.
  @Test func optionsThatSeveralCommandsHave() throws {
    let own: Set<String> = [
      // What is written, what is compared, and what a name names, are each command's own.
      "--output", "--golden", "--only", "--verbose", "--clips", "--expect", "--architecture",
      "--digest",
    ]
    var sentences: [String: Set<String>] = [:]
    for command in Self.commands {
      let help = try torchport(["help", command], environment: ["COLUMNS": "1000"]).output
      for match in help.matches(
        of: /(?m)^  (?:-\w, )?(--[a-z-]+)(?:, --[a-z-]+)?(?: <[^>]+>)?\s+(\S.*)$/)
      {
        sentences[String(match.1), default: []].insert(String(match.2))
      }
    }
    #expect(sentences.count > 40)
    for (name, texts) in sentences where !own.contains(name) {
      #expect(texts.count == 1, "\(name): \(texts)")
    }
    #expect(sentences["--json"] != nil && sentences["--force"] != nil)
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completions(shell: String) throws {
    let script = try torchport("--generate-completion-script", shell)
    #expect(script.status == 0)
    for command in Self.commands { #expect(script.output.contains(command)) }
    for word in ["LightweightCNNLSTM", "bfloat16", "avx512", "safetensors"] {
      #expect(script.output.contains(word), "\(word)")
    }
    guard let program = Program(shell) else { return }
    let folder = TemporaryFolder()
    try script.output.write(toFile: folder.file("script"), atomically: true, encoding: .utf8)
    let run = try program.run("-n", folder.file("script"))
    #expect(run.status == 0, "\(run.errors)")
  }

  /// What bash offers behind `torchport con` and behind an option that takes one of some words.
  @Test(arguments: [
    ("torchport con", "convert"), ("torchport convert a.pth --dty", "--dtype"),
    ("torchport convert a.pth --dtype bf", "bfloat16"),
    ("torchport predict --architecture Doc", "DoctorFocusedModel"),
  ])
  func bashCompletes(line: String, word: String) throws {
    guard let bash = Program("bash") else { return }
    let folder = TemporaryFolder()
    let script = try torchport("--generate-completion-script", "bash").output
    try script.write(toFile: folder.file("script"), atomically: true, encoding: .utf8)
    let words = line.components(separatedBy: " ")
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let run = try bash.run(
      "-c",
      """
      source '\(folder.file("script"))'
      COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1); COMP_LINE='\(line)'
      COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9
      _torchport torchport '\(words[words.count - 1])' '\(words[words.count - 2])' 2>/dev/null
      printf '%s\n' "${COMPREPLY[@]}"
      """)
    let replies = run.output.split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(replies == [word], "\(run.output) \(run.errors)")
  }

  /// Every option of `--help` has its entry, and groff finds nothing to say about the page.
  @Test func manualPages() throws {
    let folder = TemporaryFolder()
    #expect(try torchport("__manual", folder.path).status == 0)
    #expect(
      folder.names == (["torchport.1"] + Self.commands.map { "torchport-\($0).1" }).sorted())
    for command in Self.commands {
      let file = folder.file("torchport-\(command).1")
      let page = try String(contentsOfFile: file, encoding: .utf8)
      let plain = page.replacingOccurrences(of: "\\-", with: "-")
      let help = try torchport("help", command).output
      for match in help.matches(of: /(?m)^  (?:-\w, )?(--[a-z-]+)/) {
        #expect(plain.contains(String(match.1)), "\(command): \(match.1)")
      }
      for example in try Self.examples(of: command) {
        #expect(plain.replacingOccurrences(of: "\\(aq", with: "'").contains(example))
      }
    }
    for name in folder.names {
      guard let groff = Program("groff") else { return }
      let run = try groff.run("-Tutf8", "-man", "-ww", folder.file(name))
      #expect(run.status == 0)
      #expect(run.errors == "", "\(name): \(run.errors)")
      #expect(run.output.count > 1_000)
    }
  }
}
