package import TPBytes

extension Checkpoint {
  /// Holds the paths of tensors and arrays to `ReadLimits.pathText`: whatever lists, joins, sorts or
  /// matches them later costs as much as they are long.
  ///
  /// - Throws: `PortError` of kind `limit`.
  package func checkPathText(_ limits: ReadLimits) throws(PortError) {
    var text = 0
    var paths = 0
    for record in [tensors, arrays].joined() {
      paths += 1
      // A component may be shared by a million paths, so its length is no measure of the memory.
      for component in record.path { text = text &+ component.utf8.count &+ 1 }
      try limits.checkPathText(text, paths: paths)
    }
  }
}
