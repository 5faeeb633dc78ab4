internal import CTPLibHDF5
internal import TPBytes
internal import TPTensors

/// A file that is being made; every call takes its own turn at the library, so that what is written
/// can come from another HDF5 file.
@safe final class FileWriter {
  /// A dataset to be made, of contiguous little-endian elements.
  struct Dataset {
    var path: [String]
    var dtype: DType
    var shape: Shape
    var region: ByteRegion
    var attributes: [(name: String, text: String)]
  }

  /// The most bytes of a chunk before compression, where one row of the outermost dimension has
  /// fewer; libhdf5's own cache holds chunks of this size.
  private static let chunkBytes = 1 << 20

  private var file: hid_t?
  private let driver: hid_t
  private let sink: UnsafeMutablePointer<tp_h5_sink>
  private let isCompressed: Bool
  private var groups: Set<[String]> = [[]]

  /// Makes an empty file through a descriptor of a new file, open for reading and writing.
  init(descriptor: Int32, _ contents: borrowing WeightFile) throws(PortError) {
    isCompressed = contents.isCompressed
    let sink = UnsafeMutablePointer<tp_h5_sink>.allocate(capacity: 1)
    unsafe sink.initialize(to: tp_h5_sink(descriptor: descriptor, error: 0))
    unsafe self.sink = sink
    do throws(PortError) {
      (file, driver) = try withLibrary { [isCompressed] () throws(PortError) in
        if isCompressed { try FileWriter.checkFilters() }
        let driver = tp_h5_output_driver()
        try check(driver, "cannot make an HDF5 file", kind: .inputOutput)
        do throws(PortError) {
          return (try unsafe FileWriter.create(driver, sink), driver)
        } catch {
          H5FDunregister(driver)
          throw error
        }
      }
    } catch {
      unsafe sink.deallocate()
      throw error
    }
  }

  deinit {
    let (file, driver) = (file, driver)
    try? withLibrary { () throws(PortError) in
      if let file { H5Fclose(file) }
      H5FDunregister(driver)
    }
    unsafe sink.deallocate()
  }

  private static func checkFilters() throws(PortError) {
    for (filter, name) in [
      (H5Z_FILTER_SHUFFLE, "shuffle"), (H5Z_FILTER_DEFLATE, "deflate"),
      (H5Z_FILTER_FLETCHER32, "fletcher32"),
    ] where H5Zfilter_avail(filter) <= 0 {
      throw PortError(
        .unsupported, "libhdf5 was built without the filter \(name)",
        remedy: "write the file without compression, or install a libhdf5 with zlib")
    }
  }

  private static func create(
    _ driver: hid_t, _ sink: UnsafeMutablePointer<tp_h5_sink>
  ) throws(PortError) -> hid_t {
    let problem = "cannot make an HDF5 file"
    let kind = PortError.Kind.inputOutput
    let access = try Identifier(H5Pcreate(tp_h5_file_access_class()), problem, kind: kind)
    try check(unsafe tp_h5_write_to(access.id, driver, sink), problem, kind: kind)
    try check(tp_h5_keep_structures(access.id), problem, kind: kind)
    // The version of every structure is fixed: HDF5 1.8's, the oldest that can keep attributes
    // beyond 64 KiB and the order of creation.
    try check(
      H5Pset_libver_bounds(access.id, H5F_LIBVER_V18, H5F_LIBVER_V18), problem, kind: kind)
    let creation = try Identifier(H5Pcreate(tp_h5_file_create_class()), problem, kind: kind)
    try check(
      H5Pset_link_creation_order(creation.id, tp_h5_track_and_index()), problem, kind: kind)
    try check(H5Pset_obj_track_times(creation.id, false), problem, kind: kind)
    // Facts can be longer than an object header holds: the root keeps its attributes in a heap.
    try check(H5Pset_attr_phase_change(creation.id, 0, 0), problem, kind: kind)
    let file = unsafe H5Fcreate("weights", tp_h5_truncate(), creation.id, access.id)
    try check(file, problem, kind: kind)
    return file
  }

  /// The identifier of the open file, as long as everything could be written.
  private func open() throws(PortError) -> hid_t {
    try checkWritten()
    guard let file else { throw PortError(.inputOutput, "the HDF5 file is finished already") }
    return file
  }

  /// What libhdf5 was not told.
  private func checkWritten() throws(PortError) {
    let code = unsafe sink.pointee.error
    if code == 0 { return }
    var error = systemError(code, "cannot write", file: "")
    error.file = nil  // the caller knows it
    throw error
  }

  /// Adds the facts of the root, and which names are linked to one dataset.
  func add(facts contents: WeightFile, aliases: [[String]]) throws(PortError) {
    let file = try open()
    var facts = contents.facts
    facts["order"] = JSONValue.array(contents.tensors.names.map(JSONValue.string)).text()
    facts["aliases"] =
      JSONValue.array(aliases.map { .array($0.map(JSONValue.string)) }).text()
    let sorted = facts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    try withLibrary { () throws(PortError) in
      let root = try Identifier(
        unsafe H5Gopen2(file, "/", tp_h5_default_list()), "cannot open the root group")
      for (key, text) in sorted { try add("torchport." + key, text, to: root.id) }
    }
  }

  /// Makes a dataset, and the groups that it lies in.
  func write(_ dataset: Dataset) throws(PortError) {
    let file = try open()
    let path = path(dataset.path)
    try makeGroups(above: dataset.path)
    try withLibrary { () throws(PortError) in
      guard let type = try ElementType.make(dataset.dtype) else {
        throw PortError(
          .unsupported, "HDF5 has no element type for \(dataset.dtype.rawValue)")
      }
      let extents = dataset.shape.extents.map { hsize_t($0) }
      let space = try Identifier(
        extents.isEmpty
          ? H5Screate(H5S_SCALAR)
          : unsafe extents.withUnsafeBufferPointer {
            unsafe H5Screate_simple(Int32(extents.count), $0.baseAddress, nil)
          }, "cannot make the shape", kind: .inputOutput)
      let settings = try settings(dataset)
      let names = try linkSettings()
      let set = try Identifier(
        unsafe H5Dcreate2(
          file, path, type.id, space.id, names.id, settings.id, tp_h5_default_list()),
        "cannot make the dataset \(path)", kind: .inputOutput)
      if dataset.region.count > 0 {
        let status = unsafe dataset.region.bytes.withUnsafeBytes {
          unsafe H5Dwrite(
            set.id, type.id, tp_h5_all(), tp_h5_all(), tp_h5_default_list(), $0.baseAddress)
        }
        try check(status, "cannot write the dataset \(path)", kind: .inputOutput)
      }
      for attribute in dataset.attributes { try add(attribute.name, attribute.text, to: set.id) }
    }
  }

  /// Gives a dataset that was written another name.
  func link(_ components: [String], to original: [String]) throws(PortError) {
    let file = try open()
    let (target, name) = (path(original), path(components))
    try makeGroups(above: components)
    try withLibrary { () throws(PortError) in
      let names = try linkSettings()
      try check(
        unsafe H5Lcreate_hard(file, target, file, name, names.id, tp_h5_default_list()),
        "cannot link \(name) to \(target)", kind: .inputOutput)
    }
  }

  /// Adds what is said about groups, in the order of their paths.
  func add(notes: [[String]: [WeightFile.Note]]) throws(PortError) {
    let file = try open()
    for (components, list) in notes.sorted(by: { path($0.key) < path($1.key) }) {
      let path = path(components)
      try makeGroups(above: components + [""])
      try withLibrary { () throws(PortError) in
        let group = try Identifier(
          unsafe H5Gopen2(file, path, tp_h5_default_list()), "cannot open the group \(path)",
          kind: .inputOutput)
        for note in list {
          switch note {
          case .text(let name, let value): try add(name, value, to: group.id)
          case .number(let name, let value): try add(name, value, to: group.id)
          }
        }
      }
    }
  }

  /// Writes what is still in memory and closes the file.
  func finish() throws(PortError) {
    let file = try open()
    self.file = nil
    try withLibrary { () throws(PortError) in
      try check(H5Fclose(file), "cannot finish the HDF5 file", kind: .inputOutput)
    }
    try checkWritten()
  }

  private func path(_ components: [String]) -> String {
    components.map { "/" + $0 }.joined()
  }

  private func makeGroups(above components: [String]) throws(PortError) {
    let file = try open()
    for depth in 0..<components.count - 1 {
      let group = Array(components[...depth])
      guard groups.insert(group).inserted else { continue }
      let path = path(group)
      try withLibrary { () throws(PortError) in
        let problem = "cannot make the group \(path)"
        let settings = try Identifier(
          H5Pcreate(tp_h5_group_create_class()), problem, kind: .inputOutput)
        try check(
          H5Pset_link_creation_order(settings.id, tp_h5_track_and_index()), problem,
          kind: .inputOutput)
        try check(H5Pset_obj_track_times(settings.id, false), problem, kind: .inputOutput)
        let names = try linkSettings()
        _ = try Identifier(
          unsafe H5Gcreate2(file, path, names.id, settings.id, tp_h5_default_list()), problem,
          kind: .inputOutput)
      }
    }
  }

  private func linkSettings() throws(PortError) -> Identifier {
    let problem = "cannot make a name"
    let settings = try Identifier(
      H5Pcreate(tp_h5_link_create_class()), problem, kind: .inputOutput)
    try check(H5Pset_char_encoding(settings.id, H5T_CSET_UTF8), problem, kind: .inputOutput)
    return settings
  }

  private func settings(_ dataset: Dataset) throws(PortError) -> Identifier {
    let problem = "cannot make a dataset"
    let settings = try Identifier(
      H5Pcreate(tp_h5_dataset_create_class()), problem, kind: .inputOutput)
    try check(H5Pset_obj_track_times(settings.id, false), problem, kind: .inputOutput)
    // Every element is written at once, so there is nothing to fill.
    try check(H5Pset_fill_time(settings.id, H5D_FILL_TIME_NEVER), problem, kind: .inputOutput)
    guard isCompressed, dataset.shape.rank > 0, dataset.region.count > 0 else { return settings }
    // Scalars and what is empty cannot be in chunks, and need not be.
    let chunk = FileWriter.chunk(dataset.shape, elementBytes: dataset.dtype.byteCount)
    try check(
      unsafe chunk.withUnsafeBufferPointer {
        unsafe H5Pset_chunk(settings.id, Int32(chunk.count), $0.baseAddress)
      }, problem, kind: .inputOutput)
    // The checksum comes last: it is taken of the compressed bytes, and what is damaged is never
    // inflated.
    try check(H5Pset_shuffle(settings.id), problem, kind: .inputOutput)
    try check(H5Pset_deflate(settings.id, 6), problem, kind: .inputOutput)
    try check(H5Pset_fletcher32(settings.id), problem, kind: .inputOutput)
    return settings
  }

  /// Whole inner dimensions, and as much of the outer ones as `chunkBytes` hold.
  private static func chunk(_ shape: Shape, elementBytes: Int) -> [hsize_t] {
    var chunk = shape.extents
    var row = shape.elementCount * elementBytes
    for dimension in chunk.indices where row > chunkBytes {
      // What one step of this dimension has: the whole, for the innermost one too.
      row /= chunk[dimension]
      chunk[dimension] = min(chunk[dimension], max(1, chunkBytes / row))
      if chunk[dimension] > 1 { break }
    }
    return chunk.map { hsize_t($0) }
  }
}
