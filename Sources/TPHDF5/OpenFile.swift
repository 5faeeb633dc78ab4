internal import CTPLibHDF5
internal import TPBytes
internal import TPTensors

/// A file that stays open for reading; closed with the last tensor that may still need it.
final class OpenFile: Sendable {
  private let id: hid_t

  /// Opens an existing file.
  ///
  /// - Throws: `PortError` with libhdf5's reason, for example that there is no HDF5 signature.
  init(path: String) throws(PortError) {
    id = try withLibrary { () throws(PortError) in
      let access = try Identifier(H5Pcreate(tp_h5_file_access_class()), "cannot open a file")
      try check(tp_h5_no_locking(access.id), "cannot open a file")
      let id = unsafe H5Fopen(path, tp_h5_read_only(), access.id)
      guard id >= 0 else {
        let error = libraryError(.malformed, "cannot be opened as HDF5")
        guard error.message.contains("truncated") else { throw error }
        throw PortError(
          .truncated, error.message,
          remedy: "the file is incomplete; copy or download it again")
      }
      return id
    }
  }

  deinit {
    let id = id
    try? withLibrary { () throws(PortError) in _ = H5Fclose(id) }
  }

  /// Walks the groups; see `HDF5File.read`.
  func contents(limits: ReadLimits, budget: CacheBudget) throws(PortError) -> Contents {
    try withExtendedLifetime(self) { () throws(PortError) in
      try withLibrary { () throws(PortError) in
        var walk = Walk(file: self, limits: limits, budget: budget)
        try walk.run(root: id)
        return walk.contents
      }
    }
  }

  /// Reads a dataset into memory of its own, converted to little-endian elements.
  func elements(
    of path: String, dtype: DType, count: Int, limits: ReadLimits
  ) throws(PortError) -> ByteRegion {
    let (total, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow, total <= limits.materialisedBytes else {
      throw PortError(
        .limit,
        "a dataset of \(count) elements needs more than the \(limits.materialisedBytes) bytes that"
          + " may be made", record: path, remedy: ReadLimits.Named.materialisedBytes.remedy)
    }
    return try withExtendedLifetime(self) { () throws(PortError) in
      try withLibrary { () throws(PortError) in
        let set = try Identifier(
          unsafe H5Dopen2(id, path, tp_h5_default_list()), "cannot open the dataset", record: path)
        // Somebody may have written to the file since: libhdf5 fills as many as there are now.
        let space = try Identifier(
          H5Dget_space(set.id), "cannot read the dataset's shape", record: path)
        let type = try Identifier(
          H5Dget_type(set.id), "cannot read the dataset's type", record: path)
        guard H5Sget_simple_extent_npoints(space.id) == count,
          try ElementType.dtype(of: type) == dtype, let memory = try ElementType.make(dtype)
        else {
          throw PortError(.inputOutput, "the dataset changed while it was read", record: path)
        }
        let bytes = try unsafe SharedBytes(count: total) {
          (buffer: UnsafeMutableRawBufferPointer) throws(PortError) in
          // A part that libhdf5 leaves out must not show what the memory held before.
          unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
          try check(
            unsafe H5Dread(
              set.id, memory.id, tp_h5_all(), tp_h5_all(), tp_h5_default_list(),
              buffer.baseAddress),
            "cannot read the dataset", record: path)
        }
        return bytes.region
      }
    }
  }
}
