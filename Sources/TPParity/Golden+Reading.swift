public import TPBytes
public import TPTensors

extension Golden {
  static let suffix = ".indices"
  static let prefix = "float64/"
  /// The most elements of a sampled activation of one clip.
  private static let mostElements = 1 << 28

  /// Takes a golden out of the tensors of a file.
  ///
  /// - Throws: `PortError` with the key that is wrong: no input, indices that do not fit their
  ///   values, a float64 record that does not fit, a malformed provenance.
  public init(_ checkpoint: Checkpoint) throws(PortError) {
    var tensors = StateDict()
    for record in checkpoint.tensors {
      try tensors.append(Golden.name(record), record.tensor)
    }
    provenance = try Provenance(tensors, checkpoint.metadata)
    input = try Golden.input(tensors)
    let clips = input.tensor.shape[0]
    try provenance?.check(clips: clips)

    var recordings: [GoldenRecording] = []
    var doubles: [String: GoldenRecording] = [:]
    for entry in tensors.entries {
      let name = entry.name
      if name == "input" || name == Provenance.key { continue }
      do throws(PortError) {
        if name.hasSuffix(Golden.suffix) {
          guard tensors[String(name.dropLast(Golden.suffix.count))] != nil else {
            throw PortError(.malformed, "positions are recorded without their values")
          }
        } else if name.hasPrefix(Golden.prefix) {
          let of = String(name.dropFirst(Golden.prefix.count))
          doubles[of] = try Golden.double(of, entry.tensor, tensors)
        } else {
          recordings.append(
            try Golden.recording(
              name, entry.tensor, tensors, whole: provenance?.shapes[name], clips: clips))
        }
      } catch {
        throw error.at(key: name)
      }
    }
    self.recordings = recordings
    self.doubles = doubles
    contents = try StateDict(
      tensors.entries.filter { $0.name != Provenance.key }.map { ($0.name, $0.tensor) })
  }

  /// The name under which a tensor stands in a golden; HDF5 makes a group of `float64/`.
  private static func name(_ record: TensorRecord) -> String {
    guard record.path.count > 1, record.path[0] + "/" == prefix else { return record.name }
    return prefix + record.path.dropFirst().joined(separator: ".")
  }

  private static func input(_ tensors: StateDict) throws(PortError) -> GoldenRecording {
    guard let tensor = tensors["input"] else {
      throw PortError(
        .malformed, "is not a golden: it has no tensor called input",
        remedy: "record one with fixtures/golden.py")
    }
    // float16 and bfloat16 become float32 exactly; float64 would not, and was never given to it.
    guard [.float32, .float16, .bfloat16].contains(tensor.dtype) else {
      throw PortError(
        .malformed,
        "the input holds \(tensor.dtype.rawValue) where a float32 model was given float32",
        key: "input",
        remedy: tensor.dtype == .uint8
          ? "record what the model was given: divide 8-bit frames by 255 first"
          : "record what the model was given")
    }
    guard tensor.shape.rank > 1, tensor.shape[0] > 0 else {
      throw PortError(
        .malformed, "the input of shape \(tensor.shape) holds no clips", key: "input",
        remedy: "record it with the clips along the first dimension")
    }
    return try GoldenRecording(name: "input", positions: nil, tensor: tensor)
  }

  private static func recording(
    _ name: String, _ tensor: Tensor, _ tensors: StateDict, whole: [Int]?, clips: Int
  ) throws(PortError) -> GoldenRecording {
    guard let places = tensors[name + suffix] else {
      return try GoldenRecording(name: name, positions: nil, tensor: tensor)
    }
    guard tensor.shape.rank == 1, places.shape == tensor.shape else {
      throw PortError(
        .malformed,
        "sampled values of shape \(tensor.shape) have positions of shape \(places.shape); both have"
          + " one dimension of the same length")
    }
    let positions: [Int]
    do throws(PortError) { positions = try places.integers() } catch {
      throw error.at(key: name + suffix)
    }
    var last = -1
    for (index, position) in positions.enumerated() {
      guard position > last else {
        throw PortError(
          .malformed,
          "position \(position) at index \(index) follows \(last == -1 ? "nothing" : "\(last)");"
            + " positions are not negative and strictly increase", key: name + suffix)
      }
      last = position
    }
    if let whole {
      let count = try Shape(whole).elementCount
      guard last < count else {
        throw PortError(
          .malformed,
          "position \(last) lies outside of the \(count) elements that the provenance states",
          key: name + suffix)
      }
      // Of a sampled activation the file has a few values, and a search has a place for every one.
      guard count / max(1, whole.first ?? 1) <= mostElements else {
        throw PortError(
          .limit,
          "the provenance states a shape of \(count) elements; one clip may have \(mostElements)",
          remedy: "record an activation of that size in parts, or not at all")
      }
    }
    return try GoldenRecording(name: name, positions: positions, tensor: tensor)
  }

  /// A float64 record shares the positions of the activation that it belongs to.
  private static func double(
    _ name: String, _ tensor: Tensor, _ tensors: StateDict
  ) throws(PortError) -> GoldenRecording {
    guard let single = tensors[name] else {
      throw PortError(.malformed, "a float64 record stands without the activation it repeats")
    }
    guard tensor.dtype == .float64, tensor.shape == single.shape else {
      throw PortError(
        .malformed,
        "the float64 record is \(tensor.dtype.rawValue) \(tensor.shape); the activation has the"
          + " shape \(single.shape)")
    }
    return try GoldenRecording(name: name, positions: nil, tensor: tensor)
  }
}
