public import TPBytes
public import TPTensors

/// Arrays as NumPy saves them: `.npy`, one array, and `.npz`, a zip file of them.
public enum NumPyFile {
  /// Reads one array; its elements are lent where they lie in `file`.
  ///
  /// The checkpoint has one tensor named `array`, or, for a text or a list of texts, the metadata
  /// `{array: text}`. Fortran's order becomes strides, big-endian numbers stay as they are in the
  /// storage.
  ///
  /// - Parameters:
  ///   - file: the whole file.
  ///   - limits: bounds the header's length, the rank, and how many texts a list may have.
  /// - Throws: `PortError` for a broken header, elements that no tensor can hold (Python objects,
  ///   fields, dates, texts in two dimensions or more), and bytes that are missing or too many.
  public static func readArray(
    _ file: SharedBytes, limits: ReadLimits = ReadLimits()
  ) throws(PortError) -> Checkpoint {
    var metadata = MetadataTree()
    var tensors: [TensorRecord] = []
    var entries: [MetadataTree.Entry] = []
    switch try content(of: file.region, name: "array", limits: limits) {
    case .tensor(let tensor): tensors.append(TensorRecord(path: ["array"], tensor: tensor))
    case .texts(let texts):
      entries.append(.init(key: metadata.add(.string("array")), value: metadata.add(texts)))
    }
    metadata.root = metadata.add(.dict(entries))
    return Checkpoint(
      container: .npy, metadata: metadata, tensors: tensors
    ) { [count = tensors.count] in
      var checksums = Checkpoint.Checksums()
      checksums.absent = count
      return checksums
    }
  }

  /// What one array file holds.
  enum Content {
    case tensor(Tensor)
    case texts(Texts)
  }

  /// A text, or a list of texts.
  struct Texts {
    var nodes: [MetadataTree.Node]
    var isList: Bool
  }

  /// Reads an array file that lies in a region, its elements lent there.
  ///
  /// - Parameter name: the key of the tensor's storage.
  static func content(
    of region: ByteRegion, name: String, limits: ReadLimits
  ) throws(PortError) -> Content {
    try content(of: region, name: name, limits: limits) { data, _, byteOrder in
      Storage(key: name, byteOrder: byteOrder, region: data)
    }
  }

  /// Reads an array file of which `region` is looked at now; `storage` makes the tensor's storage
  /// of the elements, their offset in the file and the order of their bytes.
  static func content(
    of region: ByteRegion, name: String, limits: ReadLimits,
    storage: (ByteRegion, Int, Storage.ByteOrder) -> Storage
  ) throws(PortError) -> Content {
    let header = try NumPyHeader(region.bytes, limits: limits)
    let length = region.count - header.dataStart
    let (needed, overflow) = header.shape.elementCount.multipliedReportingOverflow(
      by: header.elements.byteCount ?? Int.max)
    guard !overflow, needed <= length else {
      throw PortError(
        .truncated, "an array of shape \(header.shape) needs more than the \(length) bytes left",
        offset: header.dataStart)
    }
    guard needed == length else {
      throw PortError(
        .malformed, "\(length - needed) bytes follow the array", offset: header.dataStart + needed)
    }
    guard let data = region.slice(offset: header.dataStart, length: length) else {
      throw PortError(.truncated, "the array lies outside of the file", offset: header.dataStart)
    }
    switch header.elements {
    case .numbers(let dtype, let isBigEndian):
      return .tensor(
        try Tensor(
          dtype: dtype, shape: header.shape, strides: strides(of: header), offset: 0,
          storage: storage(data, header.dataStart, isBigEndian ? .big : .little)))
    case .unicode(_, let isBigEndian):
      return .texts(
        try texts(data, header, limits) { unicode($0, isBigEndian: isBigEndian) })
    case .bytes: return .texts(try texts(data, header, limits, plain))
    }
  }

  /// Texts of one size each, one after the other.
  private static func texts(
    _ data: ByteRegion, _ header: NumPyHeader, _ limits: ReadLimits,
    _ node: (ByteRegion) -> MetadataTree.Node
  ) throws(PortError) -> Texts {
    guard header.shape.rank <= 1 else {
      throw PortError(
        .unsupported, "an array of texts of shape \(header.shape) is neither tensor nor metadata",
        offset: header.dataStart, remedy: "save numbers, or each text as an array of its own")
    }
    let count = header.shape.elementCount
    guard count <= limits.objects else {
      throw PortError(
        .limit, "an array has \(count) texts, more than the \(limits.objects) that are left",
        offset: header.dataStart, remedy: ReadLimits.Named.objects.remedy)
    }
    // The whole was measured: each text lies inside.
    let size = header.elements.byteCount ?? 0
    let nodes = (0..<count).map { node(data.slice(offset: $0 * size, length: size) ?? data) }
    return Texts(nodes: nodes, isList: header.shape.rank == 1)
  }

  private static func strides(of header: NumPyHeader) -> [Int] {
    guard header.isFortranOrder else { return header.shape.contiguousStrides }
    return Shape(known: header.shape.extents.reversed()).contiguousStrides.reversed()
  }

  /// UTF-32 without its padding; `bytes` where a unit is no Unicode scalar.
  private static func unicode(_ data: ByteRegion, isBigEndian: Bool) -> MetadataTree.Node {
    var text = String.UnicodeScalarView()
    var padding = 0
    var cursor = ByteCursor(data.bytes)
    while let unit = try? isBigEndian ? cursor.big(UInt32.self) : cursor.little(UInt32.self) {
      if unit == 0 {
        padding += 1
        continue
      }
      // NULs inside of the text belong to it; those at its end do not.
      text.append(contentsOf: repeatElement("\0", count: padding))
      padding = 0
      guard let scalar = Unicode.Scalar(unit) else { return .bytes(data.array()) }
      text.append(scalar)
    }
    let whole = String(text)
    return hasTooManyMarks(whole) ? .bytes(data.array()) : .string(whole)
  }

  private static func plain(_ data: ByteRegion) -> MetadataTree.Node {
    var bytes = data.array()
    while bytes.last == 0 { bytes.removeLast() }
    return bytes.allSatisfy { $0 < 0x80 }
      ? .string(String(decoding: bytes, as: UTF8.self)) : .bytes(bytes)
  }
}

extension MetadataTree {
  /// Adds a text, or a list of them.
  mutating func add(_ texts: NumPyFile.Texts) -> Handle {
    let handles = texts.nodes.map { add($0) }
    if !texts.isList, let only = handles.first { return only }
    return add(.list(handles))
  }
}
