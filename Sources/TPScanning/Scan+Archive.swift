internal import TPBytes
internal import TPPickle
internal import TPTorchFiles
internal import TPZip

extension Scan {
  /// A zip file: every member of it, and whatever lies between them.
  mutating func archive(_ region: ByteRegion, _ place: Place) {
    let archive: ZipArchive
    do throws(PortError) {
      let isWhole = region.range == 0..<region.owner.count
      archive = try ZipArchive(
        isWhole ? region.owner : SharedBytes(lending: region), limits: limits)
    } catch {
      add(error, place)
      survey(region, place)
      return
    }
    var place = place
    // By the records of the top folder, as PyTorch tells; a folder code has any checkpoint code.pt.
    place.isTorchScript = archive.members.contains { member in
      let record = member.name.drop { $0 != "/" }
      return record == "/constants.pkl" || record == "/model.json"
    }
    var allowance = PickleAllowance(archiveBytes: region.count, limits: limits)
    var sources: [String] = []
    var scripts: [String] = []
    for member in archive.members {
      let lowered = member.name.lowercased()
      if lowered.hasSuffix(".py") {
        if place.isTorchScript { scripts.append(member.name) } else { sources.append(member.name) }
      }
      self.member(member, of: archive, lowered, place, &allowance)
    }
    noteCode(scripts, sources, place)
    gaps(archive, region, place)
  }

  private mutating func member(
    _ member: ZipMember, of archive: ZipArchive, _ lowered: String, _ place: Place,
    _ allowance: inout PickleAllowance
  ) {
    var inner = place.depth == 0 && place.record == nil ? place : place.inside(member.name)
    inner.record = place.record.map { $0 + "!" + member.name } ?? member.name
    checkName(member, inner)
    let isNamedPickle = [".pkl", ".pickle"].contains { lowered.hasSuffix($0) }
    if isNamedPickle, isBomb(member, inner, &allowance) { return }
    guard let bytes = bytes(of: member, in: archive, inner) else { return }
    let start = ContentStart(bytes)
    if isNamedPickle {
      stream(bytes, inner)
    } else if start.begins([0x7F, 0x45, 0x4C, 0x46]) {
      add(
        Finding(
          .nativeCode, .suspicious, "the member is a program or library (ELF)",
          record: inner.record))
    } else if start.isPickle {
      // A storage's numbers may begin so by chance; then they lead nowhere.
      if nestedBytesLeft <= 0 { return tooMuch(inner) }
      if isBomb(member, inner, &allowance) { return }
      guard let trace = try? PickleMachine.trace(bytes.bytes, limits: limits) else { return }
      if trace.pickle == nil { nestedBytesLeft -= trace.end + Self.placeCost }
      if trace.pickle != nil || hasStranger(trace) { stream(bytes, inner, first: trace) }
    } else {
      inner.depth = place.depth + 1
      content(bytes, inner, isNamedPickle: false)
    }
  }

  /// A deflated mebibyte can hold a thousand million opcodes, and an archive many such members.
  private mutating func isBomb(
    _ member: ZipMember, _ place: Place, _ allowance: inout PickleAllowance
  ) -> Bool {
    do throws(PortError) {
      try allowance.take(member)
      return false
    } catch {
      add(error, place)
      return true
    }
  }

  /// The bytes of a member even where their checksum contradicts them, as PyTorch reads them.
  private mutating func bytes(
    of member: ZipMember, in archive: ZipArchive, _ place: Place
  ) -> ByteRegion? {
    if member.method == .deflated, place.depth > 0 {
      guard member.byteCount <= inflatedLeft else {
        add(
          PortError(
            .limit,
            "the members of archives in the file inflate to more than may be looked at, this one to"
              + " \(member.byteCount) bytes", offset: member.headerOffset, record: place.record,
            remedy: ReadLimits.Named.materialisedBytes.remedy), place)
        return nil
      }
      inflatedLeft -= member.byteCount
    }
    do throws(PortError) {
      return try archive.bytes(of: member)
    } catch {
      guard error.kind == .checksum else {
        add(error, place)
        return nil
      }
      add(
        Finding(
          .checksumMismatch, .suspicious, error.message + "; PyTorch does not look",
          record: place.record, offset: error.offset))
      return try? archive.bytesDespiteChecksum(of: member)
    }
  }

  private mutating func checkName(_ member: ZipMember, _ place: Place) {
    // Bytes, not characters: a slash and the mark that combines with it are one character.
    let bytes = Array(member.name.utf8)
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard
      bytes.first == UInt8(ascii: "/") || bytes.contains(UInt8(ascii: "\\"))
        || parts.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) })
    else { return }
    add(
      Finding(
        .ambiguousArchive, .suspicious, "the member's name leads out of its folder",
        record: place.record, offset: member.headerOffset))
  }

  private mutating func noteCode(_ scripts: [String], _ sources: [String], _ place: Place) {
    if let first = scripts.first {
      add(
        Finding(
          .torchscriptCode, .suspicious,
          "\(scripts.count) TorchScript source\(scripts.count == 1 ? "" : "s"): the loader compiles"
            + " them, and their operators can read and write files", record: first))
    }
    if let first = sources.first {
      add(
        Finding(
          .packagedCode, .suspicious,
          "\(sources.count) Python source\(sources.count == 1 ? "" : "s"): a loader of packages"
            + " imports them", record: first))
    }
  }

  /// Between two members only a data descriptor of at most 24 bytes may lie.
  private mutating func gaps(_ archive: ZipArchive, _ region: ByteRegion, _ place: Place) {
    var end = 0
    var hasGap = false
    for member in archive.members.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      if member.headerOffset - end > 24 {
        hasGap = true
        add(
          Finding(
            .ambiguousArchive, .suspicious,
            "\(member.headerOffset - end) bytes before the member belong to no member",
            record: member.name, offset: end))
      }
      end = member.storedRange.upperBound
    }
    if hasGap { survey(region, place) }
  }

  /// Whatever looks like a member, where the directory cannot be trusted. Members that are no
  /// pickles say nothing here.
  mutating func survey(_ region: ByteRegion, _ place: Place) {
    let survey = ZipSurvey(region, limits: limits)
    if survey.isCut { tooMuch(place) }
    var names: Set<[UInt8]> = []
    for entry in survey.entries {
      let name = entry.name.utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }
      let isNamedPickle = name.suffix(4) == Array(".pkl".utf8)
      if !names.insert(name).inserted, isNamedPickle {
        add(
          Finding(
            .ambiguousArchive, .suspicious, "two members have the name of this one",
            record: entry.name, offset: entry.headerOffset))
      }
      guard nestedBytesLeft > 0 else { return tooMuch(place) }
      // What does not inflate runs nowhere either; the archive is unreadable already. But each try
      // may have cost a lot, and headers cost an attacker little.
      guard let bytes = try? survey.contents(of: entry, limit: 8 << 20) else {
        nestedBytesLeft -= entry.method == 8 ? 1 << 24 : Self.placeCost
        continue
      }
      if entry.method == 8 { nestedBytesLeft -= bytes.count }
      guard isNamedPickle || ContentStart(bytes).isPickle,
        let trace = try? PickleMachine.trace(bytes.bytes, limits: limits)
      else { continue }
      nestedBytesLeft -= trace.end + Self.placeCost
      guard trace.pickle != nil || hasStranger(trace) else { continue }
      var inner = place.inside(entry.name)
      inner.record = entry.name
      _ = run(bytes, from: 0, inner, mayFail: true, trace)
    }
  }
}
