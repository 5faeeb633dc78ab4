internal import TPBytes
internal import TPPickle
internal import TPTorchFiles

extension Scan {
  /// A tar file: of torch 0.1 the pickles that its loader runs, wherever they lie; of any other, a
  /// pickle may begin wherever a PROTO opcode stands.
  mutating func tar(_ region: ByteRegion, _ place: Place) {
    guard let members = try? TorchFile.picklesOfTar(region, limits: limits) else {
      if !sweep(region, 512..<region.count, place) { tooMuch(place) }
      return
    }
    for member in members {
      var inner = place
      inner.record = place.record.map { $0 + "!" + member.name } ?? member.name
      guard member.isList else {
        stream(member.region, inner)
        continue
      }
      // Between its pickles lie numbers and elements, which no loader runs: what they look like by
      // chance decides nothing, and of hundreds of megabytes not every place can be tried.
      for (number, start) in member.offsets.enumerated() {
        let next =
          number + 1 < member.offsets.count ? member.offsets[number + 1] : member.region.count
        guard let trace = run(member.region, from: start, inner, mayFail: false) else { continue }
        if trace.end < next { _ = sweep(member.region, trace.end..<next, inner) }
      }
    }
  }

  /// Tries every place of a range where a pickle could begin; false where there were too many.
  private mutating func sweep(_ region: ByteRegion, _ range: Range<Int>, _ place: Place) -> Bool {
    let bytes = region.bytes
    var position = range.lowerBound
    while position + 2 <= range.upperBound, nestedBytesLeft > 0 {
      let isPickle =
        unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self) == 0x80
        && bytes.unsafeLoad(fromByteOffset: position + 1, as: UInt8.self) <= 5
      guard isPickle else {
        position += 1
        continue
      }
      guard let trace = try? PickleMachine.trace(bytes, from: position, limits: limits) else {
        return true
      }
      if trace.pickle == nil { nestedBytesLeft -= trace.end - position + Self.placeCost }
      if trace.pickle != nil || hasStranger(trace) {
        _ = run(region, from: position, place, mayFail: trace.pickle == nil, trace)
        position = max(trace.end, position + 1)
      } else {
        position += 1
      }
    }
    return nestedBytesLeft > 0
  }
}
