public import TPBytes

extension Architecture {
  /// The architectures that need no description file.
  public static let builtIn = [lightweightCNNLSTM, doctorFocusedModel]

  /// The built-in architecture of this name; capital and small letters are the same.
  ///
  /// - Throws: `PortError` of kind `usage` that names the nearest, or all.
  public static func named(_ name: String) throws(PortError) -> Architecture {
    if let exact = builtIn.first(where: { $0.name == name }) { return exact }
    let wanted = name.lowercased()
    if let found = builtIn.first(where: { $0.name.lowercased() == wanted }) { return found }
    let names = builtIn.map(\.name)
    let near =
      nearest(wanted, among: names.map { ($0, $0.lowercased()) }, atMost: 1).first
      ?? names.first { wanted.count > 2 && $0.lowercased().hasPrefix(wanted) }
    throw PortError(
      .usage, "no architecture is called \(printable(name))",
      remedy: near.map { "did you mean \($0)?" }
        ?? "there are " + names.joined(separator: " and ")
        + "; or give a description in a file, NAME.json")
  }

  /// Three convolutions, an LSTM over four pooled steps, two linear layers: 721,044 parameters.
  /// A clip is 1 x 32 x 64 x 96: grey, frames, height, width, in [0, 1].
  public static let lightweightCNNLSTM = Architecture(
    known: "LightweightCNNLSTM", input: [1, 32, 64, 96], framesAxis: 1,
    classes: ["doctor", "i_need_to_move", "my_mouth_is_dry", "pillow"],
    layers: [
      Layer("conv3d1", .convolution(.init(1, 16, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d1", .batchNorm(.init(16, rank: 3))),
      Layer(.relu),
      Layer("pool3d1", .maxPool(.init([1, 2, 2]))),
      Layer("conv3d2", .convolution(.init(16, 32, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d2", .batchNorm(.init(32, rank: 3))),
      Layer(.relu),
      Layer("pool3d2", .maxPool(.init([2, 2, 2]))),
      Layer("conv3d3", .convolution(.init(32, 48, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d3", .batchNorm(.init(48, rank: 3))),
      Layer(.relu),
      Layer("pool3d3", .maxPool(.init([2, 2, 2]))),
      Layer("adaptive_pool", .adaptiveAveragePool([4, 4, 6])),
      Layer(.permute([0, 2, 1, 3, 4])),  // time first, then channel, height, width
      Layer(.flatten(from: 2)),
      Layer("lstm", .recurrent(.init(.lstm, 48 * 4 * 6, hidden: 128))),
      Layer(.lastStep),
      Layer("dropout1", .dropout(0.4)),
      Layer("fc1", .linear(.init(128, 64))),
      Layer("bn_fc1", .batchNorm(.init(64, rank: 1))),
      Layer(.relu),
      Layer("dropout2", .dropout(0.3)),
      Layer("fc_out", .linear(.init(64, 4))),
    ])

  /// Four convolutions and four linear layers: 2,985,796 parameters. The bins of its average
  /// pooling overlap, because 8 x 8 x 12 does not divide by 3 x 3 x 4.
  /// A clip is 1 x 32 x 64 x 96, or of 24 frames: grey, frames, height, width, in [0, 1].
  public static let doctorFocusedModel = Architecture(
    known: "DoctorFocusedModel", input: [1, 32, 64, 96], framesAxis: 1,
    classes: ["my_mouth_is_dry", "i_need_to_move", "doctor", "pillow"],
    layers: [
      Layer("conv3d1", .convolution(.init(1, 32, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d1", .batchNorm(.init(32, rank: 3))),
      Layer(.relu),
      Layer("pool3d1", .maxPool(.init([1, 2, 2]))),
      Layer("conv3d2", .convolution(.init(32, 64, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d2", .batchNorm(.init(64, rank: 3))),
      Layer(.relu),
      Layer("pool3d2", .maxPool(.init([2, 2, 2]))),
      Layer("conv3d3", .convolution(.init(64, 96, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d3", .batchNorm(.init(96, rank: 3))),
      Layer(.relu),
      Layer("pool3d3", .maxPool(.init([2, 2, 2]))),
      Layer("conv3d4", .convolution(.init(96, 128, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d4", .batchNorm(.init(128, rank: 3))),
      Layer(.relu),
      Layer("adaptive_pool", .adaptiveAveragePool([3, 3, 4])),
      Layer(.flatten(from: 1)),
      Layer("fc1", .linear(.init(128 * 3 * 3 * 4, 512))),
      Layer("bn_fc1", .batchNorm(.init(512, rank: 1))),
      Layer(.relu),
      Layer("fc2", .linear(.init(512, 128))),
      Layer("bn_fc2", .batchNorm(.init(128, rank: 1))),
      Layer(.relu),
      Layer("fc3", .linear(.init(128, 32))),
      Layer(.relu),
      Layer("fc_out", .linear(.init(32, 4))),
    ])
}
