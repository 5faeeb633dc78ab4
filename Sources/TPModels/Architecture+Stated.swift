public import TPBytes

extension Architecture {
  /// What a weight file states of its network.
  public struct Statement: Hashable, Sendable {
    /// The fact that holds the description.
    public static let descriptionFact = "architecture.description"

    /// The name; `nil` or `none` where the file gives none.
    public var name: String?
    /// The description in JSON, of a network that is not built in; `nil` where the file has none.
    public var description: String?

    /// What a file states.
    public init(name: String? = nil, description: String? = nil) {
      self.name = name
      self.description = description
    }
  }

  /// The most bytes of a description.
  static let mostDescriptionBytes = 16 << 20

  /// The network that a weight file states; `nil` where it states none.
  ///
  /// A description in the file is held to the limits that one in a file of its own has.
  ///
  /// - Throws: `PortError` of kind `unsupported` where only a name is given and it is unknown, or as
  ///   `init(description:)` does where the description means nothing or is of another name.
  public static func stated(_ statement: Statement) throws(PortError) -> Architecture? {
    if let text = statement.description { return try described(text, named: statement.name) }
    guard let name = statement.name, name != "none" else { return nil }
    do throws(PortError) {
      return try named(name)
    } catch {
      // Who gave the file did not name it: this is no wrong call.
      throw PortError(
        .unsupported,
        "the file was made for the architecture \(printable(name, limit: 60)), which is unknown"
          + " here", key: "torchport.architecture",
        remedy: "choose one with --architecture: " + builtIn.map(\.name).joined(separator: ", ")
          + ", or a file that describes it")
    }
  }

  private static func described(
    _ text: String, named name: String?
  ) throws(PortError) -> Architecture {
    do throws(PortError) {
      guard text.utf8.count <= mostDescriptionBytes else {
        throw PortError(
          .limit, "it has \(text.utf8.count) bytes, more than \(mostDescriptionBytes)")
      }
      let architecture = try Architecture(description: try JSONValue(parsing: text))
      guard name == nil || name == architecture.name else {
        throw PortError(
          .malformed,
          "it is that of \(printable(architecture.name, limit: 60)), and the file names"
            + " \(printable(name ?? "", limit: 60))")
      }
      return architecture
    } catch {
      throw PortError(
        error.kind == .limit ? .limit : .malformed,
        "the file's description of its network cannot be used: \(error.message)",
        offset: error.offset, record: error.record,
        key: error.key ?? "torchport.\(Statement.descriptionFact)",
        remedy: "convert the checkpoint again, or give a description with --architecture FILE.json")
    }
  }

  /// The description that a weight file for this network has to carry; `nil` of a built-in one, whose
  /// name is enough, and of one whose batch norms are folded, which is described by the whole network.
  public var statedDescription: String? {
    isFolded || Architecture.builtIn.contains(self) ? nil : json.text()
  }

  /// Whether the network ends in softmax over the classes, so that its output is probabilities: what
  /// follows it may only choose a step or change the shape, and must keep the classes together.
  public var endsInSoftmax: Bool {
    let last = layers.lastIndex {
      switch $0.kind {
      case .dropout, .flatten, .reshape, .lastStep: false
      default: true
      }
    }
    guard let last, case .softmax(let axis, let logarithm) = layers[last].kind, !logarithm else {
      return false
    }
    let extents = outputs[last]
    let place = axis < 0 ? extents.count + axis : axis - 1
    guard extents[place...].reduce(1, *) == classCount, extents[place] == classCount else {
      return false
    }
    return extents[..<place].allSatisfy { $0 == 1 }
      || outputs[last...].allSatisfy { $0.last == classCount }
  }
}
