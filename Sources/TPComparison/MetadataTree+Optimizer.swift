internal import TPTensors

extension MetadataTree {
  private static let optimizerKeys = [
    "optimizer_state_dict", "optimizer", "optim_state_dict", "optim",
  ]

  /// What `torch.optim.Optimizer.state_dict()` gave, under the first of the usual keys of a training
  /// that has it, and its parameter groups; `nil` where the file has no optimizer.
  var optimizer: (stateDict: Handle, groups: Handle)? {
    for key in Self.optimizerKeys {
      guard let own = value(key, of: root), let groups = value("param_groups", of: own) else {
        continue
      }
      return (own, groups)
    }
    return nil
  }
}
