public import TPBytes
internal import TPCheckpoints
public import TPTensors

/// Clips in files of tensors: .npy, .npz, .pt, .safetensors, .h5.
public enum ClipFile {
  /// The names under which a clip is looked for in a file of several tensors, in this order.
  public static let names = ["input", "clip", "clips"]

  /// Opens a clip, or several.
  ///
  /// Floating-point values are taken as they are and float64 is rounded to float32; bytes are
  /// divided by 255 in float32, as the training does. The dimensions of one clip may lack those
  /// that are 1 at the front (the channel), and the clips may be counted in front of them.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - extents: the extents of one clip, as `Architecture.input`.
  ///   - limits: the bounds on what the file may ask for.
  ///   - accepts: whether clips of other extents, of as many axes, will do.
  /// - Throws: `PortError` that names the file: unreadable, no tensor or several that may be meant,
  ///   another shape, another type. Values outside of [0, 1] are no error but a warning.
  public static func open(
    path: String, extents: [Int], limits: ReadLimits = ReadLimits(),
    accepting accepts: ([Int]) -> Bool = { _ in false }
  ) throws(PortError) -> Clip {
    do throws(PortError) {
      let checkpoint = try CheckpointFile.open(path: path, limits: limits)
      return try clip(in: checkpoint, extents: extents, limits: limits, accepting: accepts)
    } catch {
      throw error.in(file: path)
    }
  }

  /// Takes a clip out of the tensors of a file.
  ///
  /// - Throws: `PortError` as `open(path:extents:limits:)` does, without the file.
  public static func clip(
    in checkpoint: Checkpoint, extents: [Int], limits: ReadLimits = ReadLimits(),
    accepting accepts: ([Int]) -> Bool = { _ in false }
  ) throws(PortError) -> Clip {
    let record = try choose(checkpoint.tensors)
    do throws(PortError) {
      let (count, extents) = try clips(record.tensor.shape, extents, accepts)
      let values = try numbers(record.tensor, limits)
      return Clip(values: values, count: count, extents: extents)
    } catch {
      throw record.name.isEmpty ? error : error.at(key: record.name)
    }
  }

  private static func choose(_ records: [TensorRecord]) throws(PortError) -> TensorRecord {
    if records.count == 1, let only = records.first { return only }
    for name in names {
      if let record = records.first(where: { $0.name == name }) { return record }
    }
    throw PortError(
      .mismatch,
      records.isEmpty
        ? "holds no tensor" : "holds \(records.count) tensors, none of them called a clip",
      remedy: "give a file with one array, or call it " + names.joined(separator: ", "))
  }

  /// How many clips a shape holds, and the extents of one.
  static func clips(
    _ shape: Shape, _ extents: [Int], _ accepts: ([Int]) -> Bool
  ) throws(PortError) -> (count: Int, extents: [Int]) {
    let front = Array(extents.prefix { $0 == 1 })
    // What is exactly right comes before what will do.
    for isExact in [true, false] {
      for missing in [[], front] where shape.rank + missing.count == extents.count {
        let one = missing + shape.extents
        if isExact ? one == extents : accepts(one) { return (1, one) }
      }
      for missing in [[], front] where shape.rank + missing.count == extents.count + 1 {
        let one = missing + shape.extents.dropFirst()
        if isExact ? one == extents : accepts(one), shape[0] > 0 { return (shape[0], one) }
      }
    }
    throw misfit(shape, extents)
  }

  /// What is wrong with a clip of another shape.
  static func misfit(_ shape: Shape, _ extents: [Int]) -> PortError {
    let bare = Array(extents.drop { $0 == 1 })
    return PortError(
      .mismatch,
      "a clip of shape \(shape) does not fit: the model takes \(Shape(known: extents))",
      remedy: "give \(Shape(known: bare)), \(Shape(known: extents)) or several clips along a"
        + " dimension in front")
  }

  /// Checks that a tensor is a single clip of these extents, its front dimensions of 1 there or not.
  static func checkOne(_ shape: Shape, _ extents: [Int]) throws(PortError) {
    guard try clips(shape, extents, { _ in false }).count == 1 else {
      throw misfit(shape, extents)
    }
  }

  /// Checks that a clip's elements have a scale that is known.
  static func checkType(_ tensor: Tensor) throws(PortError) {
    guard tensor.dtype == .uint8 || tensor.dtype.isFloatingPoint else {
      throw PortError(
        .mismatch, "a clip of \(tensor.dtype.rawValue) has no known scale",
        remedy: "give floating-point values in [0, 1], or bytes (uint8)")
    }
  }

  /// The elements as numbers; bytes are divided by 255.
  static func numbers(
    _ tensor: Tensor, _ limits: ReadLimits
  ) throws(PortError) -> [Float] {
    if tensor.dtype == .uint8 {
      return try tensor.floats(limits: limits).map { $0 / 255 }
    }
    try checkType(tensor)
    return try tensor.floats(limits: limits)
  }
}
