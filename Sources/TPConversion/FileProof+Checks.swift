internal import TPBytes
internal import TPCheckpoints
internal import TPModels
internal import TPParity
internal import TPTensors

extension FileProof {
  /// Goes through everything that a file can state.
  mutating func prove(
    _ checkpoint: Checkpoint, _ wanted: Architecture?, _ limits: ReadLimits
  ) throws(PortError) {
    container = checkpoint.container
    let facts = ModelFacts(checkpoint)
    let sums = checkpoint.verifyChecksums()
    add("checksums", checksums(sums))
    // Of bytes that are known to be damaged nothing more can be said.
    guard sums.mismatched.isEmpty else { return }
    var network: Architecture?
    let unwrapped = try fit(checkpoint, facts, wanted, &network)
    let content: ContentDigest
    do throws(PortError) {
      content = try ContentDigest(of: unwrapped.stateDict, limits: limits)
    } catch {
      guard error.kind == .checksum else { throw error }
      add("digests", (.contradicted, error.clause))
      return
    }
    digest = content.description
    add("digests", try digests(content, facts, checkpoint, limits))
    add("digest", try digest(content, facts, checkpoint, limits))
    add("aliases", aliases(unwrapped.stateDict, facts))
    add("parameters", parameters(facts, network))
    add("classes", classes(facts, network))
    add("precision", precision(facts, unwrapped.stateDict, checkpoint))
    add("batch_norm", batchNorm(facts, network))
    add("source", source(facts))
    add("parity", parity(facts))
  }

  private typealias Found = (Check.Outcome, String)

  private mutating func add(_ name: String, _ found: Found?) {
    let (outcome, detail) = found ?? (.absent, "not stated")
    checks.append(Check(name: name, outcome: outcome, detail: detail))
  }

  private func checksums(_ sums: Checkpoint.Checksums) -> Found? {
    if let first = sums.mismatched.first {
      let more = sums.mismatched.count > 1 ? " and of \(sums.mismatched.count - 1) others" : ""
      return (.contradicted, "the checksum of \(printable(first))\(more) contradicts the bytes")
    }
    guard sums.verified > 0 else { return nil }
    let rest = sums.absent > 0 ? ", \(sums.absent) without one" : ""
    return (.proven, "\(sums.verified) agree with the bytes" + rest)
  }

  private mutating func fit(
    _ checkpoint: Checkpoint, _ facts: ModelFacts, _ wanted: Architecture?,
    _ network: inout Architecture?
  ) throws(PortError) -> UnwrappedStateDict {
    do throws(PortError) {
      if let wanted {
        let found = try wanted.fit(checkpoint, batchNorm: facts.batchNorm)
        architecture = wanted.name
        network = found.architecture
        let other = facts.overrideWarning(wanted).map { "; \($0)" } ?? ""
        add("architecture", (.proven, "the weights fit \(found.architecture.label)" + other))
        return found.unwrapped
      }
      let found = try Architecture.fitting(
        checkpoint, stated: facts.statedArchitecture, batchNorm: facts.batchNorm)
      architecture = found.architecture.name
      network = found.architecture
      let stated = facts.architecture == found.architecture.name
      add(
        "architecture",
        (
          stated ? .proven : .absent,
          "the weights fit \(found.architecture.label)"
            + (facts.architectureDescription == nil ? "" : ", which the file describes")
        ))
      return found.unwrapped
    } catch {
      let isStated = wanted != nil || facts.architecture != nil && facts.architecture != "none"
      guard error.kind == .mismatch || error.kind == .unsupported || !isStated else { throw error }
      if isStated, error.kind == .mismatch {
        add("architecture", (.contradicted, error.clause))
      } else if isStated {
        add("architecture", (.stated, error.clause))
      } else {
        add("architecture", nil)
      }
      return try UnwrappedStateDict(of: checkpoint)
    }
  }

  /// Those of the model and of what is carried along with it.
  private func digests(
    _ content: ContentDigest, _ facts: ModelFacts, _ checkpoint: Checkpoint, _ limits: ReadLimits
  ) throws(PortError) -> Found? {
    guard let text = facts.digests else { return nil }
    guard let members = (try? JSONValue(parsing: text))?.members else {
      return (.contradicted, "the digests are not a JSON object")
    }
    let others = Dictionary(grouping: checkpoint.tensors) { $0.name }
    var count = 0
    for member in members {
      var found = content.tensors[member.key]
      // Where two have one name, which of them is meant cannot be told.
      if found == nil, let records = others[member.key], records.count == 1 {
        do throws(PortError) {
          found = try TensorDigest(of: records[0].tensor, limits: limits).description
        } catch {
          throw error.at(key: member.key)
        }
      }
      guard let own = found else { continue }
      guard own == member.value.string else {
        return (
          .contradicted, "the SHA-256 of \(printable(member.key)) is not the one that is stated"
        )
      }
      count += 1
    }
    let stated = Set(members.map(\.key))
    if let first = content.tensors.keys.filter({ !stated.contains($0) }).min() {
      return (.contradicted, "no SHA-256 is stated for \(printable(first))")
    }
    return (.proven, "the SHA-256 of \(count) \(count == 1 ? "tensor" : "tensors")")
  }

  private func digest(
    _ content: ContentDigest, _ facts: ModelFacts, _ checkpoint: Checkpoint, _ limits: ReadLimits
  ) throws(PortError) -> Found? {
    guard facts.statedDigest != nil else { return nil }
    do throws(PortError) {
      try facts.check(content, of: checkpoint, limits: limits)
    } catch {
      guard error.kind == .checksum else { throw error }
      return (.contradicted, error.clause)
    }
    return (.proven, content.description)
  }

  private func aliases(_ stateDict: StateDict, _ facts: ModelFacts) -> Found? {
    guard let text = facts.aliases else { return nil }
    guard let groups = (try? JSONValue(parsing: text))?.array?.map({ $0.array ?? [] }) else {
      return (.contradicted, "the aliases are not a JSON list of lists")
    }
    for group in groups {
      let names = group.compactMap(\.string)
      let tensors = names.compactMap { stateDict[$0] }
      guard names.count == group.count, tensors.count == names.count, let first = tensors.first
      else { return (.contradicted, "the aliases name a tensor that is not there") }
      guard tensors.allSatisfy({ $0.isSame(as: first) }) else {
        return (
          .contradicted, "\(names.map { printable($0) }.joined(separator: ", ")) are not one tensor"
        )
      }
    }
    return groups.isEmpty ? (.proven, "none") : (.proven, "\(groups.count) of several names")
  }

  private func parameters(_ facts: ModelFacts, _ network: Architecture?) -> Found? {
    guard let text = facts.parameters else { return nil }
    guard let network else { return (.stated, printable(text, limit: 40)) }
    let count = String(network.parameterCount)
    return text == count
      ? (.proven, text)
      : (
        .contradicted, "\(printable(text, limit: 40)) parameters are stated, and there are \(count)"
      )
  }

  private func classes(_ facts: ModelFacts, _ network: Architecture?) -> Found? {
    if let problem = facts.classesProblem { return (.contradicted, problem) }
    guard let classes = facts.classes else { return nil }
    let names = classes.map { printable($0, limit: 40) }.joined(separator: ", ")
    guard let network else { return (.stated, names) }
    return network.classCount == classes.count
      ? (.proven, "\(classes.count), as many as logits: \(names)")
      : (
        .contradicted,
        "\(classes.count) classes are named, and \(network.name) tells \(network.classCount) apart"
      )
  }

  /// The types in which tensors are stored can be seen; through which the numbers went cannot.
  private func precision(
    _ facts: ModelFacts, _ stateDict: StateDict, _ checkpoint: Checkpoint
  ) -> Found? {
    guard facts.precision != nil else { return nil }
    do throws(PortError) {
      try facts.checkPrecision(of: stateDict, in: checkpoint)
    } catch {
      return (.contradicted, error.clause)
    }
    return (.stated, facts.storedPrecision.label + "; --source proves it")
  }

  private func batchNorm(_ facts: ModelFacts, _ network: Architecture?) -> Found? {
    guard let text = facts.batchNorm else { return nil }
    guard let network else { return (.stated, printable(text, limit: 60)) }
    return (.proven, network.isFolded ? "folded: the weights fit the network without norms" : text)
  }

  private func source(_ facts: ModelFacts) -> Found? {
    guard let digest = facts.sourceDigest else { return nil }
    let name = facts.sourceName.map { printable($0) + ", " } ?? ""
    return (.stated, name + "content digest \(printable(digest, limit: 64)); --source proves it")
  }

  private func parity(_ facts: ModelFacts) -> Found? {
    guard let text = facts.parity else { return nil }
    let json = try? JSONValue(parsing: text)
    guard let verdict = json?["verdict"]?.string, let golden = json?["golden"]?.string else {
      return (.contradicted, "the statement about parity is not {verdict, golden}")
    }
    return (
      .stated,
      "it \(verdict == "holds" ? "held" : "was " + printable(verdict, limit: 40)) with the golden"
        + " \(printable(golden, limit: 64)); --golden proves it again"
    )
  }
}
