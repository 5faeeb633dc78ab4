extension TorchPort: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      A checkpoint is any file that torch.save wrote; weight files are safetensors, HDF5, .npz and \
      .npy. What a file is, is told by its content, never by its name.
      """,
      "Every command takes --json, and replaces an existing file only with --force.",
    ],
    exits: [
      .init(.done, "done; equal; parity holds; clean"),
      .init(.different, "different; parity broken; findings"),
      .init(.undecided, "it could not be decided: nothing could be compared"),
    ], pages: ["docs/command-line.md"],
    examples: [
      .init("What is in this file?", "torchport inspect best.pth"),
      .init("Would loading it in Python run code?", "torchport scan best.pth"),
      .init(
        "Make a weight file that a Swift program loads:",
        "torchport convert best.pth -o model.safetensors"),
      .init(
        "Does the network compute what PyTorch computed?",
        "torchport verify model.safetensors --golden golden.npz"),
      .init("What separates two epochs?", "torchport diff epoch5.pth best.pth"),
      .init("What does one command do, with examples?", "torchport help convert"),
    ])
}

extension Inspect: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      Lists container, metadata and every tensor with type, shape and place. Nothing in the file \
      is executed.
      """
    ],
    exits: [
      .init(.done, "done"),
      .init(.failed, "the file cannot be read, or with --digest a checksum is wrong"),
    ], pages: ["docs/commands/inspect.md"],
    examples: [
      .init("What is in this file?", "torchport inspect best.pth"),
      .init("Only the weights, measured:", "torchport inspect best.pth --stats --only '*.weight'"),
      .init("Digests, for a script:", "torchport inspect model.safetensors --digest --json"),
      .init("The numbers of one tensor:", "torchport inspect model.safetensors --tensor fc1.bias"),
      .init(
        "The same as an array of NumPy:",
        "torchport inspect model.safetensors --tensor fc1.bias -o bias.npy"),
      .init("What does the pickle do, opcode by opcode?", "torchport inspect best.pth --pickle"),
      .init(
        "The layers of a network:", "torchport inspect --architecture LightweightCNNLSTM"),
      .init(
        "The layers of one that you described:", "torchport inspect --architecture network.json"),
    ])
}

extension Scan: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      Every class and function that a file's pickles name is held against an exact list of what \
      PyTorch and NumPy need; nothing is executed. Folders are walked; links that lead out of them \
      are not followed.
      """
    ],
    exits: [
      .init(.done, "clean"),
      .init(.different, "suspicious or dangerous"),
      .init(.failed, "a file could not be looked at whole; of several files 2 comes before 1"),
    ], pages: ["docs/commands/scan.md"],
    examples: [
      .init("May I load this file in Python?", "torchport scan best.pth"),
      .init("And everything in this folder?", "torchport scan downloads/"),
      .init(
        "Findings for code scanning:",
        "torchport scan downloads/ --sarif findings.sarif --force"),
    ])
}

extension Recover: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      For a download that broke off or a file with damaged records. No byte is made up, and a \
      tensor that a checksum contradicts is not written. Where no checksum is left the tensor is \
      written and listed as unverified.
      """
    ],
    exits: [
      .init(.done, "every tensor was written"),
      .init(.different, "some were"),
      .init(.failed, "none was"),
    ], pages: ["docs/commands/recover.md"],
    examples: [
      .init(
        "Save what is left of a broken download:",
        "torchport recover broken.pth -o saved.safetensors"),
      .init(
        "The same, as PyTorch loads it:", "torchport recover broken.pth -o saved.pth"),
    ])
}
