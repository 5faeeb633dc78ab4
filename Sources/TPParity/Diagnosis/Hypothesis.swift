/// A change to the layers of a segment, as one known fault would make it.
struct Hypothesis: Sendable {
  var fault: Fault
  /// Which step of the segment it is about.
  var step: Int
  /// What differs between the weights and the golden, as a clause about the layer.
  var what: String
  var remedy: String
  /// The rule of a map that repairs the weights.
  var map: String?
  /// How many steps are replaced.
  var span = 1
  /// What stands in their place when a clip is run; the same for every clip, as a rule.
  var steps: @Sendable (_ clip: Int) -> [SegmentStep]
  /// The parameter of the layer that is changed and nothing else, by its suffix.
  var weight: (suffix: String, values: @Sendable () -> [Double])?
  /// Rounding of another arithmetic, in units of float32's.
  var noiseScale = 1.0
  /// Numbers that the recorded values must all be.
  var grid: CoarseFormat?
  /// What the fault does to an output beyond a known value, as the last step with weights whose
  /// squares times x^2 add up to its variance.
  var slack: SegmentStep?
  /// Whether it has parameters that were fitted to the golden; such an explanation yields to one
  /// that has none.
  var isFitted = false
  /// Whether it is tried where every trial runs a network.
  var isCommon = true
}

extension Segment {
  /// The steps of a clip as a hypothesis has them.
  func steps(_ hypothesis: Hypothesis, clip: Int) -> [SegmentStep] {
    var all = steps
    all.replaceSubrange(
      hypothesis.step..<hypothesis.step + hypothesis.span, with: hypothesis.steps(clip))
    return all
  }
}

/// What hypotheses about one layer are made from.
struct BankContext: Sendable {
  var layerName: String
  /// The extents of the input and of the output of the step.
  var input: [Int]
  var output: [Int]
  /// The extents that the golden recorded at the end of the segment, where they differ.
  var recorded: [Int]?
  /// The sizes of batches that training may have had.
  var batches: [Int]
  /// Tensors of the file with as many elements as the given parameter, by name.
  var tensors: @Sendable (_ suffix: String, _ count: Int) -> [(name: String, values: [Double])]
  /// Running statistics of the other batch norms of as many features.
  var norms: [(name: String, parameters: NormParameters)]
  /// Whether the step is the first of the network and reads its input.
  var readsInput: Bool
  /// Whether the step is the last layer of the network.
  var isLast: Bool
  /// Features of each step of the input that a backward direction gave; 0 where there is none.
  var backward: Int

  /// The axes that a layer over channels has, of depth, height and width.
  var axes: Range<Int> { max(0, 4 - input.count)..<3 }
  /// What they are called.
  func name(ofAxis axis: Int) -> String {
    input.count == 2 ? "length" : ["depth", "height", "width"][axis]
  }
  /// What is given for each axis, as PyTorch prints it: one number where all are the same.
  func sizes(_ all: [Int]) -> String {
    let own = Array(all[axes])
    return Set(own).count == 1 ? "\(own[0])" : "(\(own.map(String.init).joined(separator: ", ")))"
  }
}

/// Every order of 0..<count.
func permutations(_ count: Int) -> [[Int]] {
  if count == 0 { return [[]] }
  return permutations(count - 1).flatMap { shorter in
    (0...shorter.count).map { place in
      var longer = shorter
      longer.insert(count - 1, at: place)
      return longer
    }
  }.sorted { $0.lexicographicallyPrecedes($1) }
}

/// A number for a sentence: three digits.
func short(_ value: Double) -> String {
  guard value.isFinite, value != 0 else {
    return value == 0 ? "0" : value.isNaN ? "not a number" : "infinity"
  }
  if value.magnitude >= 1e15 || value.magnitude < 1e-4 {
    var (mantissa, exponent) = (value, 0)
    while mantissa.magnitude >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa.magnitude < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\((mantissa * 100).rounded() / 100)e\(exponent)"
  }
  var scale = 1.0
  while value.magnitude * scale < 100, scale < 1e15 { scale *= 10 }
  let text = "\((value * scale).rounded() / scale)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Names joined for a sentence.
func listed(_ names: [String]) -> String {
  guard names.count > 1, let last = names.last else { return names.first ?? "" }
  return names.dropLast().joined(separator: ", ") + " and " + last
}
