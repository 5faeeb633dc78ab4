internal import TPBytes
internal import TPModels
internal import TPTensors

/// A recorded activation that the model has too.
struct ComparedActivation: Sendable {
  var name: String
  /// Elements of one clip of the whole activation.
  var size: Int
  var recording: GoldenRecording
  var double: GoldenRecording?
}

/// What one clip says; clips are scored apart and added in their order, so that neither threads
/// nor batches can change a digit.
struct ClipScores: Sendable {
  struct Score: Sendable {
    var golden = NoiseScore()
    var port = NoiseScore()
    /// Whether the golden's float64 record agrees with our truth; `nil` without one.
    var doubleAgrees: Bool?
  }

  /// In the order of the compared activations.
  var scores: [Score] = []
  var portLogits: [Double] = []
  /// In the order of the segments; `nil` where nothing of this clip could be isolated.
  var isolated: [IsolatedScore?] = []
  /// The sum of the variances of the chained truth's noise, by activation.
  var noise: [String: Double] = [:]
}

extension ClipScores {
  /// Two evaluations in float64 differ by about 2^-29 of the float32 noise s, their order of sums
  /// included. s / 100 leaves room for a worse order and is yet far below what a wrong weight does:
  /// one ulp on every weight of a layer moves its outputs by about s.
  static let doubleAgreement = 0.01

  /// Runs one clip through the model in float32 and float64 and compares what is recorded of it.
  init(
    clip: Int, of golden: Golden, _ compared: [ComparedActivation], _ isolation: Isolation,
    _ network: Network
  ) throws(PortError) {
    let input = try golden.clip(clip)
    let names = Set(compared.map(\.name))
    let run = try network.run(input, batch: 1, recording: names)
    let truths = try network.truth(input, batch: 1, recording: names)
    portLogits = run.logits.map { Double($0) }
    for activation in compared {
      guard let port = run.activations.first(where: { $0.name == activation.name }),
        let truth = truths.first(where: { $0.name == activation.name })
      else {
        throw PortError(.mismatch, "the model does not compute it", key: activation.name)
      }
      do throws(PortError) {
        scores.append(
          try Score(activation, clip: clip, port: port.values, truth: truth.values, truth.noise))
      } catch {
        throw error.at(key: activation.name)
      }
    }
    for truth in truths {
      noise[truth.name] = truth.noise.reduce(0.0) { $0 + Double($1) * Double($1) }
    }
    isolated = try isolation.scores(clip: clip, of: golden, truths)
  }
}

extension ClipScores.Score {
  fileprivate init(
    _ activation: ComparedActivation, clip: Int, port: [Float], truth: [Double], _ noise: [Float]
  ) throws(PortError) {
    let range = activation.recording.range(ofClip: clip, size: activation.size)
    let recorded = try activation.recording.doubles(range)
    let double = try activation.double?.doubles(range)
    // Arrays are checked once here; the loop below then indexes them all alike.
    let size = activation.size
    guard port.count == size, truth.count == size, noise.count == size else {
      throw PortError(.mismatch, "the model computed another number of elements")
    }
    var agrees = true
    for index in recorded.indices {
      let place =
        activation.recording.positions.map { $0[range.lowerBound + index] - clip * size } ?? index
      let (t, s) = (truth[place], noise[place])
      golden.add(recorded[index], truth: t, noise: s)
      self.port.add(Double(port[place]), truth: t, noise: s)
      if let double, double[index] != t {
        agrees = agrees && abs(double[index] - t) <= ClipScores.doubleAgreement * Double(s)
      }
    }
    if double != nil { doubleAgrees = agrees }
  }
}
