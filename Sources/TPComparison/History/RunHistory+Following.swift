internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPTensors

extension RunHistory {
  /// Goes through the checkpoints with a window of three: the one before, the one that is compared
  /// with it, and the one before them, in whose place the first comes for the distances.
  mutating func follow(_ limits: ReadLimits, progress: (Int) -> Void) {
    var earlier: RunWeights?
    var before: (place: Int, weights: RunWeights)?
    var states = UnitStates()
    for (done, place) in sequence.enumerated() {
      progress(done)
      do throws(PortError) {
        let weights = try open(place, limits)
        try states.look(at: weights, place, limits, &nonFinite)
        if let before {
          var step = try RunStep(
            (before.place, place), before.weights, weights, earlier: earlier,
            most: Self.mostTensors, limits)
          earlier = nil
          if let first = sequence.first, first != before.place {
            try step.addDistances(from: try open(first, limits), to: weights, limits)
          } else {
            try step.addDistances(from: before.weights, to: weights, limits)
          }
          steps.append(step)
        }
        earlier = before?.weights
        before = (place, weights)
      } catch {
        failures.append(error)
        (earlier, before) = (nil, nil)
      }
    }
    deadUnits = states.units(last: sequence.last)
    findFrozen()
  }

  private func open(_ place: Int, _ limits: ReadLimits) throws(PortError) -> RunWeights {
    let path = files[place].path
    do throws(PortError) {
      let checkpoint = try CheckpointFile.open(path: path, limits: limits)
      return RunWeights(path: path, state: try UnwrappedStateDict(of: checkpoint).stateDict)
    } catch {
      throw error.in(file: path)
    }
  }

  /// Neighbouring steps in which a tensor did not move become one.
  private mutating func findFrozen() {
    var open: [String: Int] = [:]
    for step in steps {
      // Two files of one epoch say nothing about training; what stood still before them may go on to.
      let isTraining = files[step.from].epoch != files[step.to].epoch
      for tensor in step.tensors where tensor.isUnmoved && tensor.count > 0 {
        if let place = open[tensor.name], frozen[place].to == step.from {
          frozen[place].to = step.to
        } else if isTraining {
          open[tensor.name] = frozen.count
          frozen.append(
            FrozenTensor(
              tensor: tensor.name, from: step.from, to: step.to, isThroughout: false))
        }
      }
    }
    for place in frozen.indices {
      frozen[place].isThroughout =
        frozen[place].from == sequence.first && frozen[place].to == sequence.last
    }
  }
}

/// Which units were dead where, while a run is gone through.
private struct UnitStates {
  private struct Unit: Hashable {
    var tensor: String
    var channel: Int
  }

  private var places: [Unit: Int] = [:]
  private var found: [(unit: DeadUnit, last: Int)] = []

  /// Looks at every tensor of a checkpoint.
  mutating func look(
    at weights: RunWeights, _ place: Int, _ limits: ReadLimits,
    _ nonFinite: inout [NonFiniteTensor]
  ) throws(PortError) {
    var isFinite = true
    for entry in weights.state.entries.prefix(RunHistory.mostTensors) {
      do throws(PortError) {
        guard let condition = try TensorCondition(name: entry.name, entry.tensor, limits) else {
          continue
        }
        if isFinite, condition.nan + condition.infinite > 0 {
          isFinite = false
          nonFinite.append(
            NonFiniteTensor(
              file: place, tensor: entry.name, nan: condition.nan, infinite: condition.infinite))
        }
        for channel in condition.dead {
          let key = Unit(tensor: entry.name, channel: channel)
          if let known = places[key] {
            found[known].last = place
          } else if found.count < TensorCondition.mostUnits {
            places[key] = found.count
            found.append(
              (
                DeadUnit(
                  tensor: entry.name, channel: channel, reason: condition.reason,
                  firstFile: place, isDeadAtLast: false), place
              ))
          }
        }
      } catch {
        throw error.at(key: entry.name).in(file: weights.path)
      }
    }
  }

  func units(last: Int?) -> [DeadUnit] {
    found.map { entry in
      var unit = entry.unit
      unit.isDeadAtLast = entry.last == last
      return unit
    }
  }
}
