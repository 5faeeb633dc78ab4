import TPBytes
import TPCheckpoints
import TPModels
import TPParity
import TPTensors
import TestSupport

/// The files under fixtures, found from this one, and the changes that faults make to them.
enum Fixtures {
  static let folder = fixture("")
  static let best = folder + "run/best_lightweight_model.pth"

  static func golden(_ name: String) throws -> Golden {
    try Golden.open(path: folder + "goldens/\(name).npz")
  }

  /// The best weights with some tensors replaced, as another port would have read them.
  static func model(
    path: String = best, replacing changes: [String: [Float]] = [:]
  ) throws -> LoadedModel {
    var checkpoint = try CheckpointFile.open(path: path)
    for index in checkpoint.tensors.indices {
      let record = checkpoint.tensors[index]
      guard record.path.first == "model_state_dict", let values = changes[record.path[1]] else {
        continue
      }
      checkpoint.tensors[index].tensor = Tensor(floats: values, shape: record.tensor.shape)
    }
    return try LoadedModel(checkpoint)
  }

  /// The elements of one of the best weights.
  static func values(_ name: String, path: String = best) throws -> [Float] {
    let checkpoint = try CheckpointFile.open(path: path)
    let record = checkpoint.tensors.first { $0.path == ["model_state_dict", name] }
    return try record?.tensor.floats() ?? []
  }

  /// The tensors of a golden, to be changed and made a golden again.
  static func tensors(_ name: String) throws -> Checkpoint {
    try CheckpointFile.open(path: folder + "goldens/\(name).npz")
  }
}

extension Checkpoint {
  /// The same without the tensors that a test takes out.
  func without(_ unwanted: (String) -> Bool) -> Checkpoint {
    var copy = self
    copy.tensors.removeAll { unwanted($0.name) }
    return copy
  }

  /// The same with one tensor replaced or added.
  func with(_ name: String, _ tensor: Tensor) -> Checkpoint {
    var copy = without { $0 == name }
    copy.tensors.append(TensorRecord(path: [name], tensor: tensor))
    return copy
  }

  /// The tensor of a name.
  func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name }?.tensor }
}
