internal import TPBytes

/// The classes that a dataset names for itself, in its own index order.
struct DatasetClasses: Equatable {
  var names: [String]

  /// The labels' indexes in the classes of a model: by name where the model has names.
  ///
  /// Two projects number the same classes differently more often than they name them differently, and
  /// a label taken by number would then be another class without a word.
  ///
  /// - Throws: `PortError` of kind `mismatch` about the first label that no name or class belongs to.
  func indexes(
    of labels: [Int], in classes: Classes
  ) throws(PortError) -> [Int] {
    guard let known = classes.names else { return labels }
    var indexes: [String: Int] = [:]
    for (index, name) in known.enumerated() { indexes[name] = index }
    // Two classes may be called alike: where all are the same their order tells them apart.
    let places: [Int?] =
      known == names ? names.indices.map { $0 } : names.map { indexes[$0] }
    var found: [Int] = []
    for (clip, label) in labels.enumerated() {
      guard names.indices.contains(label) else {
        throw PortError(
          .mismatch,
          "the label \(label) of clip \(clip) is no index of the \(names.count) classes that the"
            + " dataset names", remedy: "name every class, or leave the names out")
      }
      guard let place = places[label] else {
        throw PortError(
          .mismatch,
          "the label \(label) of clip \(clip) is \"\(printable(names[label], limit: 60))\" by the"
            + " dataset's own names, which is no class of the model",
          remedy: "the classes are \(classes.list(known)): rename those of the dataset, or leave"
            + " them out")
      }
      found.append(place)
    }
    return found
  }

  /// What is said where the dataset counts its classes otherwise than the model does.
  func warning(in classes: Classes) -> String? {
    guard let known = classes.names, known != names else { return nil }
    return "the dataset's classes are \(classes.list(names)), those of the weights"
      + " \(classes.list(known)): the labels were taken by name"
  }
}
