extension Diff: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      The two may have different formats: a checkpoint and the weight file made from it are \
      identical. Tells how far each tensor moved, what the optimizer, the scheduler and the \
      metadata have to do with it, and with --clips or --golden which predictions flip.
      """
    ],
    exits: [
      .init(.done, "identical; with --fail-on: no rule fires"),
      .init(.different, "different; with --fail-on: a rule fires"),
      .init(.undecided, "no tensor could be compared"),
    ], pages: ["docs/commands/diff.md"],
    examples: [
      .init("What separates two epochs?", "torchport diff epoch5.pth best.pth"),
      .init("Did the conversion change anything?", "torchport diff best.pth model.h5"),
      .init(
        "Which tensors of the LSTM moved most?",
        "torchport diff epoch5.pth best.pth --only 'lstm.*' --sort moved --top 3"),
      .init(
        "A gate for continuous integration:",
        "torchport diff epoch5.pth best.pth --fail-on nan,shape,classes"),
      .init("A page to send around:", "torchport diff epoch5.pth best.pth --html diff.html"),
    ])
}

extension History: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      The checkpoints are put in the order of the epochs that they name. Losses, accuracies, \
      learning rates, how far each layer moved from file to file, batch norms, what froze, died or \
      became NaN.
      """
    ],
    exits: [
      .init(.done, "done"),
      .init(.failed, "a file could not be read; the report is on the others"),
      .init(.undecided, "there is nothing to tell: no history, and no two epochs"),
    ], pages: ["docs/commands/history.md"],
    examples: [
      .init("How did the training go?", "torchport history run/"),
      .init("Every figure, for a spreadsheet:", "torchport history run/ --csv run.csv"),
      .init("A page to send around:", "torchport history run/ --html history.html"),
    ])
}

extension Audit: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      Every checkpoint is read whole: checksums, architecture, classes, histories, the best file, \
      optimizer steps, batch counters, NaN, duplicates, missing epochs.
      """
    ],
    exits: [
      .init(.done, "every check holds"),
      .init(.different, "one does not"),
      .init(.failed, "a file could not be read"),
      .init(.undecided, "there is nothing to check"),
    ], pages: ["docs/commands/audit.md"],
    examples: [
      .init("Is this delivery complete, and does it agree with itself?", "torchport audit run/"),
      .init(
        "Write the digest of every file, to send along:",
        "torchport audit run/ --write-manifest run/SHA256SUMS"),
      .init(
        "Are these still the files that were sent?",
        "torchport audit run/ --check-manifest run/SHA256SUMS"),
      .init(
        "And are the figures those that were promised?",
        "torchport audit run/ --expect summary.json"),
    ])
}

extension Evaluate: GuidedCommand {
  static let guide = CommandGuide(
    [
      """
      Accuracy with its 95 % interval, recall and precision of each class, the confusion matrix, \
      cross-entropy and calibration, and how far that is from what the training recorded.
      """,
      """
      The dataset is a file with an array of clips and one of labels, class indexes or class \
      names, a manifest of lines PATH,LABEL, or a folder with one of clips for each class. Paths \
      and clips are what predict takes: files of tensors, folders of frames, videos.
      """,
    ],
    exits: [
      .init(.done, "done"),
      .init(
        .different, "with --expect or --compare: a prediction differs, or fewer are right"),
      .init(.undecided, "with --expect: the earlier run was on another dataset"),
    ], pages: ["docs/commands/evaluate.md"],
    examples: [
      .init(
        "How often is the model right?", "torchport evaluate model.safetensors validation.npz"),
      .init(
        "Keep the result, and hold later ones against it:",
        "torchport evaluate best.pth validation.npz --json > results.json"),
      .init(
        "Is this file as good as that run?",
        "torchport evaluate model.safetensors validation.npz --expect results.json"),
      .init(
        "Which of two is better, clip by clip?",
        "torchport evaluate best.pth validation.npz --compare epoch5.pth"),
    ])
}

extension Bench: GuidedCommand {
  static let guide = CommandGuide(
    [
      "Every job is run once in each round, so that what disturbs one disturbs all."
    ],
    exits: [
      .init(.done, "done"),
      .init(.different, "with --expect: a job became slower than chance explains"),
      .init(.undecided, "with --expect: the earlier run is of another machine or network"),
    ], pages: ["docs/commands/bench.md"],
    examples: [
      .init("How fast is this machine?", "torchport bench best.pth"),
      .init(
        "Only the network, a few times:", "torchport bench best.pth --only 'forward*' --runs 5"),
      .init("Keep the times:", "torchport bench best.pth --json > before.json"),
      .init(
        "Did it become slower?", "torchport bench best.pth --expect before.json"),
    ])
}
