package import TPBytes
internal import TPPickle
package import TPZip

/// What the pickles of one archive may cost together, so that many small ones are no way around the
/// limits of one.
package struct PickleAllowance {
  private var limits: ReadLimits
  /// Bytes to which deflated pickles may yet inflate.
  private var inflatedLeft: Int

  /// - Parameter archiveBytes: the size of the whole archive. PyTorch deflates no pickle; one that was
  ///   packed again with its storages inflates to little beside them.
  package init(archiveBytes: Int, limits: ReadLimits) {
    self.limits = limits
    let (product, overflow) = archiveBytes.multipliedReportingOverflow(
      by: max(1, limits.pickleInflateRatio / 4))
    let (sum, tooMany) = product.addingReportingOverflow(8 << 20)
    inflatedLeft = overflow || tooMany ? Int.max : sum
  }

  /// Limits for a pickle that was taken.
  func limits(for member: ZipMember) -> ReadLimits {
    guard member.method == .deflated else { return limits }
    // Values by the bytes in the file: what a deflated mebibyte of opcodes builds is not in it.
    var own = limits
    let share = min(member.byteCount, 4 * min(member.storedRange.count, limits.pickleBytes)) / 3
    own.objects = min(limits.objects, limits.freeObjects + share)
    return own
  }

  /// Takes what the bytes of a member cost from the allowance, before they are inflated.
  ///
  /// - Throws: `PortError` where the member is larger than any pickle may be, or inflates so much that
  ///   running it would take far longer than its bytes in the file can account for.
  package mutating func take(_ member: ZipMember) throws(PortError) {
    guard member.byteCount <= limits.pickleBytes else {
      throw PortError(
        .limit, "the pickle has \(member.byteCount) bytes, more than \(limits.pickleBytes)",
        record: member.name, remedy: ReadLimits.Named.pickleBytes.remedy)
    }
    guard member.method == .deflated else { return }
    let most = min(limits.pickleBytes(deflatedTo: member.storedRange.count), inflatedLeft)
    guard member.byteCount <= most else {
      throw PortError(
        .limit,
        "the pickle inflates from \(member.storedRange.count) to \(member.byteCount) bytes, more"
          + " than \(most)", offset: member.headerOffset, record: member.name,
        remedy: "no checkpoint is like this; \(ReadLimits.Named.pickleInflateRatio.remedy)")
    }
    inflatedLeft -= member.byteCount
  }

  /// Takes what a pickle built beyond its share from what the others may build.
  mutating func take(_ pickle: Pickle) {
    take(values: pickle.arena.valueCount, bytes: pickle.range.count)
  }

  /// The same for a whole file in the archive.
  mutating func take(values: Int, bytes: Int) {
    limits.freeObjects = max(0, limits.freeObjects - max(0, values - bytes / 3))
    limits.objects = max(0, limits.objects - values)
  }
}
