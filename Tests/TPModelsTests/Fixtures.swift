import Foundation
import TPBytes
import TPModels
import TPTensors
import TestSupport

/// What fixtures/models/make_layers.py wrote.
enum Fixtures {
  static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let file = URL(fileURLWithPath: fixture("models/" + name))
    return try JSONDecoder().decode(type, from: Data(contentsOf: file))
  }

  static let layers: [LayerCase] = (try? read("layers.json", as: [LayerCase].self)) ?? []
}

/// Numbers as base64 of little-endian bytes.
func numbers<Number: BitwiseCopyable>(_ text: String, as type: Number.Type = Number.self)
  -> [Number]
{
  let data = Data(base64Encoded: text) ?? Data()
  return data.withUnsafeBytes { bytes in
    (0..<bytes.count / MemoryLayout<Number>.size).map {
      bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self)
    }
  }
}

/// A list of layers with weights, an input of two clips, and what each layer should give.
struct LayerCase: Decodable, Sendable, CustomStringConvertible {
  struct Parameter: Decodable {
    var name: String
    var shape: [Int]
    var values: String
  }

  struct Description: Decodable {
    var kind: String
    var inputs: Int?
    var outputs: Int?
    var hidden: Int?
    var features: Int?
    var kernel: [Int]?
    var stride: [Int]?
    var padding: [Int]?
    var output: [Int]?
    var axes: [Int]?
    var from: Int?
    var epsilon: Double?
    var p: Double?

    var layer: Layer.Kind {
      switch kind {
      case "conv3d":
        .convolution(
          .init(
            inputs ?? 0, outputs ?? 0, kernel: kernel ?? [], stride: stride ?? [],
            padding: padding ?? []))
      case "batch_norm": .batchNorm(.init(features ?? 0, epsilon: epsilon ?? -1))
      case "relu": .relu
      case "max_pool3d": .maxPool(.init(kernel ?? [], stride: stride))
      case "adaptive_average_pool3d": .adaptiveAveragePool(output ?? [])
      case "permute": .permute(axes ?? [])
      case "flatten": .flatten(from: from ?? 0)
      case "lstm": .recurrent(.init(.lstm, inputs ?? 0, hidden: hidden ?? 0))
      case "last_step": .lastStep
      case "dropout": .dropout(p ?? -1)
      default: .linear(.init(inputs ?? 0, outputs ?? 0))
      }
    }
  }

  struct Step: Decodable {
    var layer: Description
    var shape: [Int]
    var float64: String
    var noise: String
    var float32: String?
    var parameters: [Parameter]
  }

  var name: String
  var shape: [Int]
  var input: String
  var layers: [Step]

  var description: String { name }
  var clips: [Float] { numbers(input) }

  /// The layers under the names `step0`, `step1`, ..., and a flattening, because logits are flat.
  func network(_ variant: KernelVariant = .best) throws -> Network {
    var list = layers.enumerated().map { Layer("step\($0)", $1.layer.layer) }
    list.append(Layer(.flatten(from: 1)))
    let architecture = try Architecture(name: name, input: shape, layers: list)
    return try Network(architecture, architecture.bind(stateDict()), variant: variant)
  }

  func stateDict() throws -> StateDict {
    var result = StateDict()
    for (index, step) in layers.enumerated() {
      for parameter in step.parameters {
        try result.append(
          "step\(index).\(parameter.name)",
          Tensor(floats: numbers(parameter.values), shape: Shape(parameter.shape)))
      }
      if step.layer.kind == "batch_norm" {
        try result.append("step\(index).num_batches_tracked", counter())
      }
    }
    return result
  }
}

/// An int64 scalar.
func counter(_ dtype: DType = .int64, shape: [Int] = []) throws -> Tensor {
  let shape = try Shape(shape)
  return try Tensor(
    dtype: dtype, shape: shape,
    storage: Storage(
      key: "counter",
      region: ByteRegion([UInt8](repeating: 0, count: dtype.byteCount * shape.elementCount))))
}

/// A tensor of zeros of any type and shape.
func zeros(_ dtype: DType, _ shape: Shape) throws -> Tensor {
  try counter(dtype, shape: shape.extents)
}

/// A state_dict of zeros that fits.
func fitting(_ architecture: Architecture, prefix: String = "") throws -> StateDict {
  var result = StateDict()
  for spec in architecture.parameterTable {
    try result.append(prefix + spec.name, zeros(spec.dtype, spec.shape))
  }
  return result
}
