internal import TPBytes
internal import TPPickle

extension Scan {
  /// Runs a pickle and judges what it names and calls.
  ///
  /// - Parameters:
  ///   - mayFail: whether bytes that turn out to be no whole pickle are no finding.
  ///   - known: what running it gave, where that was done already.
  mutating func run(
    _ region: ByteRegion, from offset: Int, _ place: Place, mayFail: Bool,
    _ known: PickleTrace? = nil
  ) -> PickleTrace? {
    let fresh =
      known == nil
      ? try? PickleMachine.trace(region.bytes, from: offset, limits: limits) : nil
    guard let trace = known ?? fresh else { return nil }
    report.pickles += 1
    if found.count < 1_000 {
      found.append(FoundPickle(record: place.record, bytes: region, offset: offset))
    }
    for frame in trace.oddFrames {
      add(
        Finding(
          .straddlingFrame, .suspicious,
          "a frame of \(frame.range.count) bytes ends inside of an opcode or of another frame",
          record: place.record, offset: frame.range.lowerBound))
    }
    let loaded = judge(trace.arena, place)
    nested(trace.arena, except: loaded, place)
    if let error = trace.error {
      if !mayFail { add(error, place) }
      sweep(region, from: trace.end, place)
    }
    return trace
  }

  /// Every name, with the opcode that calls it where there is one. Gives back the bytes that were
  /// looked at because a call loads them.
  private mutating func judge(
    _ arena: PickleArena, _ place: Place
  ) -> Set<PickleArena.Handle> {
    var loaded: Set<PickleArena.Handle> = []
    var calls = [PickleArena.Handle?](repeating: nil, count: arena.globals.count)
    for handle in arena.callHandles {
      guard let call = arena.call(handle) else { continue }
      if let callee = arena.callee(of: call) {
        if calls[callee] == nil { calls[callee] = handle }
        arguments(of: call, handle, callee, arena, &calls, &loaded, place)
      } else {
        indirect(call, handle, arena, place)
      }
    }
    for (index, global) in arena.globals.enumerated() {
      let handle = calls[index]
      let call = handle.flatMap { arena.call($0) }
      if global.name == "getattr", arena.fetchesOnlyFunctionsOfTorch(index) {
        note(harmlessGetattr: global, handle, arena, place)
        continue
      }
      let standing = self.standing(of: global.module, global.name, place)
      // A known name is listed without them, and of a million others few are listed.
      let words =
        standing == .known || isCrowdedOut(standing)
        ? nil : handle.map { arena.summary($0, limit: 160) }
      name(
        global.module, global.name, standing, place,
        offset: handle.map { arena.offset(of: $0) } ?? global.firstOffset,
        calledBy: call?.kind.opcodeName, words: words)
    }
    return loaded
  }

  /// `torch.relu` and its like are pickled as `getattr(torch._C._VariableFunctionsClass, 'relu')`.
  private mutating func note(
    harmlessGetattr global: PickleArena.Global, _ handle: PickleArena.Handle?,
    _ arena: PickleArena, _ place: Place
  ) {
    let offset = handle.map { arena.offset(of: $0) } ?? global.firstOffset
    judged.insert(GlobalName(module: global.module, name: global.name))
    report.globals.append(
      ScanReport.Global(
        module: global.module, name: global.name, standing: .unknown,
        calledBy: handle.flatMap { arena.call($0) }?.kind.opcodeName, record: place.record,
        offset: offset))
    add(
      Finding(
        .unusualArgument, .suspicious, "\(global.fullName) fetches functions of torch",
        record: place.record, offset: offset))
  }

  /// Calls that call one of their arguments, and calls whose argument is a file.
  private mutating func arguments(
    of call: PickleArena.Call, _ handle: PickleArena.Handle, _ callee: Int, _ arena: PickleArena,
    _ calls: inout [PickleArena.Handle?], _ loaded: inout Set<PickleArena.Handle>, _ place: Place
  ) {
    let arguments = arena.tuple(call.arguments) ?? []
    switch arena.globals[callee].fullName {
    case "torch._tensor._rebuild_from_type_v2", "torch.tensor._rebuild_from_type_v2",
      "torch._tensor._rebuild_from_type", "torch.tensor._rebuild_from_type":
      if let first = arguments.first, case .global(let index) = arena[first], calls[index] == nil {
        calls[index] = handle
      }
    case "torch.storage._load_from_bytes":
      // A text may stand there for what a call made of it; its own bytes are others.
      let isNew = arguments.first.map { !loaded.contains($0) || arena.string($0) != nil } ?? true
      if isNew { loadFromBytes(arguments.first, handle, arena, place) }
      if let first = arguments.first {
        loaded.insert(first)
        // Before protocol 3 the bytes are a text that a call of _codecs.encode turns into bytes.
        if let made = arena.call(first), let inner = arena.tuple(made.arguments)?.first {
          loaded.insert(inner)
        }
      }
    case "_codecs.encode":
      guard arguments.count == 2, arena.string(arguments[1]) == "latin1" else {
        guard !isOnlyCounted(.suspicious) else {
          report.omittedFindings += 1
          return
        }
        add(
          Finding(
            .unusualArgument, .suspicious,
            "_codecs.encode is called otherwise than pickle does, with 'latin1': "
              + arena.summary(handle), record: place.record, offset: arena.offset(of: handle)))
        return
      }
    default: break
    }
  }

  /// `torch.storage._load_from_bytes` is torch.load: its bytes are a file.
  private mutating func loadFromBytes(
    _ argument: PickleArena.Handle?, _ handle: PickleArena.Handle, _ arena: PickleArena,
    _ place: Place
  ) {
    // As many calls as the file has bytes may make and load the same ones.
    guard nestedBytesLeft > 0 else { return tooMuch(place) }
    let inner = place.inside("bytes at \(arena.offset(of: handle))")
    guard let bytes = argument.flatMap({ arena.rawBytes($0) }) else {
      add(
        Finding(
          .unreadable, .unreadable, "torch.storage._load_from_bytes loads what is not known",
          record: place.record, offset: arena.offset(of: handle)))
      return
    }
    nestedBytesLeft -= bytes.count + Self.placeCost
    content(ByteRegion(bytes), inner, isNamedPickle: bytes.first != 0x50)
  }

  private mutating func indirect(
    _ call: PickleArena.Call, _ handle: PickleArena.Handle, _ arena: PickleArena, _ place: Place
  ) {
    guard !isOnlyCounted(.suspicious) else {
      report.omittedFindings += 1
      return
    }
    add(
      Finding(
        .indirectCall, .suspicious,
        "\(call.kind.opcodeName) calls \(arena.summary(call.callable)), which is no name",
        record: place.record, offset: arena.offset(of: handle)))
  }

  /// Pickles and archives in the bytes that a pickle holds. Nothing loads them by itself, but a
  /// program that uses the value may.
  private mutating func nested(
    _ arena: PickleArena, except loaded: Set<PickleArena.Handle>, _ place: Place
  ) {
    for (bytes, handle) in arena.byteValues where !loaded.contains(handle) {
      let offset = arena.offset(of: handle)
      guard nestedBytesLeft > 0 else { return tooMuch(place) }
      let region = ByteRegion(bytes)
      let inner = place.inside("bytes at \(offset)")
      if ContentStart(region).begins([0x50, 0x4B, 0x03, 0x04]) {
        content(region, inner, isNamedPickle: false)
        continue
      }
      guard inner.depth <= Self.mostNesting,
        let trace = try? PickleMachine.trace(region.bytes, limits: limits)
      else { continue }
      // Most that look so here are whole, and are run once more, judged and listed.
      nestedBytesLeft -= 4 * Self.placeCost + (trace.pickle == nil ? trace.end : 0)
      // A text that happens to be one small pickle is none.
      guard !trace.arena.globals.isEmpty, trace.pickle != nil || hasStranger(trace) else {
        continue
      }
      add(
        Finding(
          .nestedPickle, hasStranger(trace) ? .suspicious : .note,
          "a pickle lies inside of a value", record: place.record, offset: offset))
      _ = run(region, from: 0, inner, mayFail: true, trace)
    }
  }

  /// What an opcode that is read but not run costs.
  private static let stepCost = 4

  /// Names behind the place where the machine had to stop: whatever reads on will find them.
  private mutating func sweep(_ region: ByteRegion, from start: Int, _ place: Place) {
    guard var disassembler = try? PickleDisassembler(region.bytes, from: start) else { return }
    var texts: (String, String) = ("", "")
    var left = 1_000_000
    while left > 0, nestedBytesLeft > 0, let step = disassembler.next() {
      left -= 1
      // From each of many places the same bytes may be read on.
      nestedBytesLeft -= Self.stepCost
      switch (step.opcode, step.operand) {
      case (_, .names(let module, let name)):
        afterError(module, name, step.opcode, step.offset, place)
      case (.stackGlobal, _): afterError(texts.0, texts.1, step.opcode, step.offset, place)
      case (_, .text(let text)): texts = (texts.1, text)
      default: break
      }
    }
    if nestedBytesLeft <= 0 { tooMuch(place) }
  }

  private mutating func afterError(
    _ module: String, _ attribute: String, _ opcode: PickleOpcode, _ offset: Int, _ place: Place
  ) {
    guard isName(module), isName(attribute) else { return }
    name(
      module, attribute, standing(of: module, attribute, place), place, offset: offset,
      calledBy: opcode == .inst ? "INST" : nil, afterError: true)
  }

  /// Whether a text could be the path of a module or of what it has, and did not come by chance.
  func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || $0 == 0x5F || $0 == 0x2E
      }
  }

  /// What is known about a name where it stands.
  func standing(of module: String, _ name: String, _ place: Place) -> KnownGlobals.Standing {
    let isOwn = place.isTorchScript && (module == "__torch__" || module.hasPrefix("__torch__."))
    return isOwn ? .known : KnownGlobals.standing(module: module, name: name)
  }

  /// Whether a name of this standing would neither be listed nor decide the verdict; once it would
  /// not, it never will. Of a million names the verdict counts, which needs no sentence for each.
  func isCrowdedOut(_ standing: KnownGlobals.Standing) -> Bool {
    guard report.globals.count >= Self.mostGlobals else { return false }
    return standing == .known || !wouldList(severity(of: standing))
  }

  private func severity(of standing: KnownGlobals.Standing) -> Finding.Severity {
    standing == .dangerous ? .dangerous : .suspicious
  }

  /// Lists a name that was judged.
  mutating func name(
    _ module: String, _ name: String, _ standing: KnownGlobals.Standing, _ place: Place,
    offset: Int, calledBy: String?, words: String? = nil, afterError: Bool = false
  ) {
    if isCrowdedOut(standing), standing != .known {
      report.omittedFindings += 1
      return
    }
    judged.insert(GlobalName(module: module, name: name))
    if isCrowdedOut(standing) { return }
    let key = Array("\(place.record ?? "")\u{0}\(module)\u{0}\(name)".utf8)
    if let known = knownGlobals[key] {
      guard report.globals[known].calledBy == nil, calledBy != nil else { return }
      report.globals[known].calledBy = calledBy
      report.globals[known].offset = offset
    } else if report.globals.count < Self.mostGlobals {
      knownGlobals[key] = report.globals.count
      report.globals.append(
        ScanReport.Global(
          module: module, name: name, standing: standing, calledBy: calledBy,
          record: place.record, offset: offset))
    }
    guard standing != .known else { return }
    let full = printable("\(module).\(name)", limit: 120)
    var message = full
    if let calledBy {
      message = "\(calledBy) calls \(full)"
      if let words { message += ": " + words }
    } else {
      message = "\(full) is imported"
    }
    if afterError { message += ", behind the place where the pickle cannot be read on" }
    let rule: Rule =
      standing == .dangerous ? .codeExecution : calledBy == nil ? .unknownImport : .unknownCall
    add(
      Finding(
        rule, severity(of: standing), message, record: place.record, offset: offset))
  }
}
