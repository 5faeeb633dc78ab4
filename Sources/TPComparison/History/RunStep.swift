internal import TPBytes
internal import TPModels
internal import TPTensors

/// What happened to the weights from one checkpoint of a run to the next.
public struct RunStep: Hashable, Sendable {
  /// The checkpoint before: a place in ``RunHistory/files``.
  public var from: Int
  /// The checkpoint after.
  public var to: Int
  /// All weights together.
  public var model: Movement
  /// Each layer: the weights whose names differ only behind the last point.
  public var layers: [Movement]
  /// Each weight.
  public var tensors: [Movement]
  /// Each batch norm.
  public var batchNorms: [BatchNormDrift]
  /// How many tensors only one of the two has, or have another shape or type.
  public var unmatched: Int

  /// Whether a tensor is trained: floating-point, and none of a batch norm's running statistics.
  static func isWeight(_ name: String, _ tensor: Tensor) -> Bool {
    tensor.dtype.isFloatingPoint && !StateDict.isRunningStatistic(name)
  }

  /// The layer of a tensor: its name up to the last point; all of it where there is none.
  static func layer(of name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// Measures the step between two state_dicts, with the one before them for the cosines.
  init(
    _ files: (from: Int, to: Int), _ before: RunWeights, _ after: RunWeights, earlier: RunWeights?,
    most: Int, _ limits: ReadLimits
  ) throws(PortError) {
    (from, to) = files
    (layers, tensors, batchNorms) = ([], [], [])
    var sums: [MovementSums] = []
    var total = MovementSums()
    var places: [String: Int] = [:]
    var names: [String] = []
    var matched = 0
    for entry in after.state.entries {
      guard let old = before.state[entry.name], old.shape == entry.tensor.shape,
        old.dtype == entry.tensor.dtype
      else { continue }
      matched += 1
      guard RunStep.isWeight(entry.name, entry.tensor), tensors.count < most else { continue }
      do throws(PortError) {
        guard let w = try before.blocks(entry.name, like: entry.tensor, limits),
          let v = try after.blocks(entry.name, like: entry.tensor, limits)
        else { continue }
        let u = try earlier?.blocks(entry.name, like: entry.tensor, limits)
        let own = MovementSums(from: w, to: v, earlier: u)
        tensors.append(own.movement(entry.name))
        total.add(own)
        let layer = RunStep.layer(of: entry.name)
        let place = places[layer] ?? sums.count
        if place == sums.count {
          places[layer] = place
          names.append(layer)
          sums.append(MovementSums())
        }
        sums[place].add(own)
      } catch {
        throw error.at(key: entry.name).in(file: after.path)
      }
    }
    unmatched = after.state.count - matched + before.state.count - matched
    model = total.movement("")
    layers = zip(names, sums).map { $1.movement($0) }
    for entry in after.state.entries.prefix(most)
    where entry.name.hasSuffix(".running_mean") && before.state[entry.name] != nil {
      let layer = RunStep.layer(of: entry.name)
      do throws(PortError) {
        if let drift = try BatchNormDrift(layer, from: before.state, to: after.state, limits) {
          batchNorms.append(drift)
        }
      } catch {
        throw error.at(key: entry.name).in(file: after.path)
      }
    }
  }

  /// Adds how far everything is from the first checkpoint.
  mutating func addDistances(
    from first: RunWeights, to after: RunWeights, _ limits: ReadLimits
  ) throws(PortError) {
    var total = MovementSums()
    var layer: [String: MovementSums] = [:]
    for place in tensors.indices {
      let name = tensors[place].name
      guard let tensor = after.state[name] else { continue }
      do throws(PortError) {
        guard let f = try first.blocks(name, like: tensor, limits),
          let v = try after.blocks(name, like: tensor, limits)
        else { continue }
        let own = MovementSums(from: f, to: v, earlier: nil)
        tensors[place].fromFirst = own.movement(name).relative
        total.add(own)
        layer[RunStep.layer(of: name), default: MovementSums()].add(own)
      } catch {
        throw error.at(key: name).in(file: after.path)
      }
    }
    if total.count == model.count { model.fromFirst = total.movement("").relative }
    for place in layers.indices {
      if let own = layer[layers[place].name], own.count == layers[place].count {
        layers[place].fromFirst = own.movement("").relative
      }
    }
  }
}

/// One checkpoint's weights while they are open.
struct RunWeights {
  let path: String
  let state: StateDict

  /// A tensor, where it is there with this type and shape and holds real numbers.
  func blocks(
    _ name: String, like other: Tensor, _ limits: ReadLimits
  ) throws(PortError) -> ElementBlocks? {
    guard let tensor = state[name], tensor.shape == other.shape, tensor.dtype == other.dtype else {
      return nil
    }
    do throws(PortError) {
      return try ElementBlocks(tensor, limits)
    } catch {
      throw error.at(key: name).in(file: path)
    }
  }
}
