public import TPBytes
public import TPTensors

/// What `inspect --tensor` tells: one tensor, its statistics and its values.
public struct TensorReport: Sendable {
  private let record: TensorRecord
  /// Its statistics, where it has any.
  public let statistics: TensorStatistics?
  private let values: String

  /// Reads a tensor's values.
  ///
  /// - Throws: `PortError` where the bytes cannot be had.
  public init(_ record: TensorRecord) throws(PortError) {
    self.record = record
    do throws(PortError) {
      // Of a quantized tensor the real numbers are shown, as PyTorch prints it.
      let tensor = try record.tensor.dequantized() ?? record.tensor
      statistics = try TensorStatistics(tensor)
      values = try TensorText.render(tensor)
    } catch {
      throw error.at(key: record.name)
    }
  }

  /// The report for a terminal.
  public var text: String {
    let tensor = record.tensor
    var text = "\(printable(record.name)): \(tensor.dtype.rawValue) \(tensor.shape)"
    text += tensor.isContiguous ? "\n" : ", strides \(tensor.strides), offset \(tensor.offset)\n"
    if let statistics, let least = statistics.minimum, let greatest = statistics.maximum,
      let mean = statistics.mean, let deviation = statistics.standardDeviation
    {
      text += "  min \(significant(least, 6)), max \(significant(greatest, 6)),"
      text += " mean \(significant(mean, 6)), std \(significant(deviation, 6))\n"
      let counts = [
        (statistics.zero, "zero"), (statistics.denormal, "denormal"), (statistics.nan, "NaN"),
        (statistics.infinite, "infinite"),
      ].filter { $0.0 > 0 }.map { "\(grouped($0.0)) \($0.1)" }
      if !counts.isEmpty { text += "  " + counts.joined(separator: ", ") + "\n" }
    }
    return text + values
  }

  /// The values as they are printed, under `values`, for the JSON object of `inspect`.
  public var json: JSONValue {
    ["name": .string(record.name), "values": .string(values)]
  }
}
