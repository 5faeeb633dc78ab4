public import TPBytes

extension Architecture {
  /// The architectures that need no description file.
  public static let builtIn = [lightweightCNNLSTM]

  /// The built-in architecture of this name; capital and small letters are the same.
  ///
  /// - Throws: `PortError` of kind `usage` that names the nearest, or all.
  public static func named(_ name: String) throws(PortError) -> Architecture {
    if let exact = builtIn.first(where: { $0.name == name }) { return exact }
    let wanted = name.lowercased()
    if let found = builtIn.first(where: { $0.name.lowercased() == wanted }) { return found }
    let names = builtIn.map(\.name)
    let near = nearest(wanted, among: names.map { ($0, $0.lowercased()) }, atMost: 1).first
    throw PortError(
      .usage, "no architecture is called \(printable(name))",
      remedy: near.map { "did you mean \($0)?" }
        ?? "there is " + names.joined(separator: ", "))
  }

  /// Three convolutions, an LSTM over four pooled steps, two linear layers: 721,044 parameters.
  /// A clip is 1 x 32 x 64 x 96: grey, frames, height, width, in [0, 1].
  public static let lightweightCNNLSTM = Architecture(
    known: "LightweightCNNLSTM", input: [1, 32, 64, 96],
    layers: [
      Layer("conv3d1", .conv3d(.init(1, 16, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d1", .batchNorm(.init(16))),
      Layer(.relu),
      Layer("pool3d1", .maxPool3d(.init([1, 2, 2]))),
      Layer("conv3d2", .conv3d(.init(16, 32, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d2", .batchNorm(.init(32))),
      Layer(.relu),
      Layer("pool3d2", .maxPool3d(.init([2, 2, 2]))),
      Layer("conv3d3", .conv3d(.init(32, 48, kernel: [3, 3, 3], padding: [1, 1, 1]))),
      Layer("bn3d3", .batchNorm(.init(48))),
      Layer(.relu),
      Layer("pool3d3", .maxPool3d(.init([2, 2, 2]))),
      Layer("adaptive_pool", .adaptiveAveragePool3d([4, 4, 6])),
      Layer(.permute([0, 2, 1, 3, 4])),  // time first, then channel, height, width
      Layer(.flatten(from: 2)),
      Layer("lstm", .lstm(.init(48 * 4 * 6, hidden: 128))),
      Layer(.lastStep),
      Layer("dropout1", .dropout(0.4)),
      Layer("fc1", .linear(.init(128, 64))),
      Layer("bn_fc1", .batchNorm(.init(64))),
      Layer(.relu),
      Layer("dropout2", .dropout(0.3)),
      Layer("fc_out", .linear(.init(64, 4))),
    ])
}
