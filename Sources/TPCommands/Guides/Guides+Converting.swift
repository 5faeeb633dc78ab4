extension Convert: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      Every bit of every tensor is kept unless asked otherwise, and the same input gives the same \
      bytes. The output appears whole or not at all. Of several files each is converted whatever \
      comes of the others.
      """
    ],
    exits: [
      .init(.done, "written"),
      .init(.different, "with --verify: the network does not compute what was recorded"),
      .init(.failed, "a file cannot be read or written, or its weights do not fit"),
      .init(.undecided, "with --verify: nothing recorded could be compared"),
    ],
    pages: ["docs/commands/convert.md", "docs/mapping.md", "docs/precision.md"],
    examples: [
      .init(
        "A weight file for a Swift program:",
        "torchport convert best.pth -o model.safetensors"),
      .init("The same as HDF5:", "torchport convert best.pth -o model.h5"),
      .init(
        "Only if the network then computes what PyTorch recorded:",
        "torchport convert best.pth -o proven.safetensors --verify golden.npz"),
      .init("Back, for PyTorch:", "torchport convert model.safetensors -o back.pth"),
      .init(
        "With the optimizer and the history of the training:",
        "torchport convert best.pth -o all.pth --keep optimizer,scheduler,history"),
      .init(
        "A network that TorchPort does not know:",
        "torchport convert other.pth -o other.h5 --architecture none"),
      .init(
        "Keys of other names; what would be written?",
        "torchport convert renamed.pth -o right.h5 --map names.yaml --dry-run"),
      .init(
        "A quarter of the size:",
        "torchport convert best.pth -o small.h5 --dtype int8 --fold-batch-norm"),
      .init(
        "All checkpoints of a run:",
        "torchport convert run/*.pth --output-directory weights --format h5"),
      .init(
        "A file that Keras loads:", "torchport convert best.pth -o best.weights.h5 --layout keras"),
    ])
}

extension Verify: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      Alone: checksums, digests, aliases, architecture and the rest of what the file states are \
      held against its bytes. With --source: every tensor is the original's, too, after what the \
      file declares was done to it.
      """,
      """
      With --golden: every recorded activation, PyTorch's and ours, is judged against a float64 \
      truth in units of the rounding noise; there is no tolerance to set. What is over the line is \
      traced to a layer and, where a known fault explains it, to that fault.
      """,
    ],
    exits: [
      .init(.done, "it holds"),
      .init(.different, "it does not, or the golden itself is suspect"),
      .init(.failed, "a file cannot be read; of several goldens 2 comes before 1, 1 before 3"),
      .init(.undecided, "there was nothing to prove"),
    ], pages: ["docs/commands/verify.md", "docs/parity.md", "docs/golden.md", "docs/ci.md"],
    examples: [
      .init("Is the file what it says it is?", "torchport verify model.safetensors"),
      .init(
        "Are these the weights of that checkpoint?",
        "torchport verify model.safetensors --source best.pth"),
      .init(
        "Does the network compute what PyTorch computed?",
        "torchport verify model.safetensors --golden golden.npz"),
      .init(
        "Every figure, and what each layer adds:",
        "torchport verify model.safetensors --golden golden.npz --verbose --ledger"),
      .init(
        "For continuous integration:",
        "torchport verify model.h5 --golden golden.npz --junit parity.xml"),
    ])
}

extension Predict: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      A clip is an array of 32 frames of 64 x 96 grey values, or of as many as the architecture \
      takes: floating point in [0, 1], or bytes, which are divided by 255.
      """,
      """
      Or it is a recording: a folder, a pattern or a list of PNG, PGM or PPM frames, or a video \
      where ffmpeg is installed. Its frames are made gray, sampled, resized and divided as in \
      training.
      """,
    ],
    exits: [.init(.done, "done")], pages: ["docs/commands/predict.md", "docs/clips.md"],
    examples: [
      .init(
        "What does the model see in this clip?", "torchport predict model.safetensors clip.npy"),
      .init(
        "The same for a script, straight from the checkpoint:",
        "torchport predict best.pth clip.npy --json"),
      .init(
        "What does it see in these pictures, or in 32 of them that are evenly spaced?",
        "torchport predict model.safetensors frames/ --sampling even"),
    ])
}
