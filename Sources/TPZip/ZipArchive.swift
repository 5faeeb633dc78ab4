public import TPBytes
internal import Synchronization

/// A zip file in memory: its members by name, stored ones lent where they lie.
///
/// Our own walk of the directory decides what is in it. libzip must then find the same members with
/// the same names and sizes; where two readers see two different archives, neither is trusted.
public final class ZipArchive: Sendable {
  /// The file.
  public let file: SharedBytes
  /// The members in the order of the directory; no two have the same name.
  public let members: [ZipMember]
  /// The comment of the whole archive; empty where it has none.
  public let comment: ByteRegion
  private let places: [String: Int]
  private let limits: ReadLimits
  // Kept open only where it has something to inflate; libzip's handles serve one thread at a time.
  private let inflater: Mutex<LibZip?>

  /// Reads the directory and checks it; no member's bytes are looked at.
  ///
  /// - Throws: `PortError` for a damaged, truncated, split or encrypted archive, a method other than
  ///   stored and deflated, and every archive that readers could disagree about: members that
  ///   overlap or have the same name, a local header with another name, bytes after the end.
  public init(_ file: SharedBytes, limits: ReadLimits = ReadLimits()) throws(PortError) {
    let directory = try ZipDirectory(file.bytes)
    let members = try file.readingHereAndThere { () throws(PortError) in
      try ZipWalk.members(of: file.bytes, directory, limits: limits)
    }
    var places: [String: Int] = [:]
    places.reserveCapacity(members.count)
    for member in members {
      guard places.updateValue(member.index, forKey: member.name) == nil else {
        throw PortError(
          .malformed, "two members of the zip file have the same name",
          offset: member.headerOffset, record: member.name,
          remedy: "readers differ in which one they take; write the file anew")
      }
    }
    try LibZip.checkCollisions(of: members)
    let second = try LibZip(file)
    try second.agree(with: members)
    self.file = file
    self.members = members
    comment =
      file.region.slice(offset: directory.comment.lowerBound, length: directory.comment.count)
      ?? ByteRegion([])
    self.places = places
    self.limits = limits
    if members.contains(where: { $0.method == .deflated }) {
      inflater = Mutex(second)
    } else {
      inflater = Mutex(nil)
    }
  }

  /// The member of a name.
  public subscript(name: String) -> ZipMember? {
    places[name].map { members[$0] }
  }

  /// A member's bytes, with their checksum verified unless the limits say otherwise: lent where they
  /// are stored, else inflated anew at every call.
  ///
  /// - Throws: `PortError` naming the member, for a checksum that contradicts the bytes, a stream
  ///   that does not inflate to the size that the directory gives, or one that exceeds the limits.
  public func bytes(of member: ZipMember) throws(PortError) -> ByteRegion {
    let region = try bytesDespiteChecksum(of: member)
    if !limits.ignoresChecksums { try verify(member, region) }
    return region
  }

  private func verify(_ member: ZipMember, _ region: ByteRegion) throws(PortError) {
    if let expected = member.checksum {
      let found = crc32(region.bytes)
      guard found == expected else {
        throw PortError(
          .checksum,
          "the checksum does not match the bytes: CRC-32 \(digits(found)) instead of"
            + " \(digits(expected))", offset: member.storedRange.lowerBound, record: member.name,
          remedy: "the file was damaged after it was written; fetch it again")
      }
    }
  }

  /// What the checksum of every member says of its bytes; one pass over the file.
  public func verify() -> (verified: Int, absent: Int, mismatched: [String]) {
    var (verified, absent) = (0, 0)
    var mismatched: [String] = []
    for member in members {
      do throws(PortError) {
        try verify(member, try bytesDespiteChecksum(of: member))
        if member.checksum == nil { absent += 1 } else { verified += 1 }
      } catch {
        mismatched.append(member.name)
      }
    }
    return (verified, absent, mismatched)
  }

  /// A member's bytes whatever their checksum says, for who must look at them all the same.
  ///
  /// - Throws: `PortError` as `bytes(of:)` does for a stream that cannot be inflated.
  public func bytesDespiteChecksum(of member: ZipMember) throws(PortError) -> ByteRegion {
    switch member.method {
    case .stored:
      guard
        let region = file.region.slice(
          offset: member.storedRange.lowerBound, length: member.byteCount)
      else {
        throw PortError(.usage, "the member is of another archive", record: member.name)
      }
      return region
    case .deflated:
      try checkInflation(of: member)
      let result = inflater.withLock { inflater -> Result<ByteRegion, PortError> in
        guard inflater != nil else {
          return .failure(
            PortError(.usage, "the member is of another archive", record: member.name))
        }
        do throws(PortError) {
          return .success(try inflater?.inflate(member) ?? ByteRegion([]))
        } catch {
          return .failure(error)
        }
      }
      return try result.get()
    }
  }

  private func checkInflation(of member: ZipMember) throws(PortError) {
    let (bound, overflow) = member.storedRange.count.multipliedReportingOverflow(
      by: limits.inflateRatio)
    let isBomb = member.byteCount > 1 << 20 && !overflow && member.byteCount > bound
    guard !isBomb, member.byteCount <= limits.materialisedBytes else {
      throw PortError(
        .limit,
        "\(member.storedRange.count) compressed bytes claim to hold \(member.byteCount), more than"
          + " may be made of them", record: member.name,
        remedy: (isBomb ? ReadLimits.Named.inflateRatio : .materialisedBytes).remedy)
    }
  }
}

private func digits(_ checksum: UInt32) -> String {
  "0x" + hexadecimal((0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) })
}
