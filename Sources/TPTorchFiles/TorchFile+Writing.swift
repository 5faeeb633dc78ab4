public import TPBytes
internal import TPPickle
public import TPTensors
internal import TPZip

extension TorchFile {
  /// Writes a checkpoint as `torch.save` of PyTorch 2.13 does, to the byte: for the same objects and
  /// the same base name the files are equal.
  ///
  /// `torch.load(weights_only=True)` opens it. Every tensor is a view of its storage with its
  /// offset and strides; tensors that share a storage still do. Storages are written whole,
  /// little-endian, from the device `cpu`. Sparse tensors are made dense.
  ///
  /// - Parameters:
  ///   - tree: the object, its root; `MetadataTree.Node.tensor` is a place among `tensors`.
  ///   - tensors: every tensor that the tree holds.
  ///   - archiveName: see ``archiveName(path:)``.
  ///   - output: takes the bytes; committing it is the caller's.
  /// - Throws: `PortError` for an element type that PyTorch cannot save like this, an object that is
  ///   not plain (`MetadataTree.Node.objection`), bytes that cannot be had, or a failed write.
  public static func write(
    _ tree: MetadataTree, tensors: [TensorRecord], archiveName: String, to output: inout AtomicFile
  ) throws(PortError) {
    var pickler = TorchPickler(tree, tensors: tensors)
    let pickle = try pickler.pickle()
    guard pickle.count <= ReadLimits().pickleBytes else {
      throw PortError(
        .limit, "the record data.pkl would have \(pickle.count) bytes, more than any reader takes")
    }
    var records = Records(archiveName)
    try records.add("data.pkl", pickle, to: &output)
    try records.add(".format_version", Array("1".utf8), to: &output)
    try records.add(".storage_alignment", Array("64".utf8), to: &output)
    try records.add("byteorder", Array("little".utf8), to: &output)
    for (place, storage) in pickler.storages.enumerated() {
      try records.add("data/\(place)", [try storage.littleEndianBytes()], to: &output)
    }
    try records.add("version", Array("3\n".utf8), to: &output)
    try records.addSerializationID(to: &output)
    try records.zip.finish(to: &output)
  }

  /// Whether `write` has a way to save elements of a type.
  public static func holds(_ dtype: DType) -> Bool {
    switch dtype {
    case .qint8, .quint8, .qint32, .quint4x2, .quint2x4, .bcomplex32: false
    default: true
    }
  }

  /// The name of the folder in the archive that `torch.save` gives a file: its base name without the
  /// last extension, or `archive` where the path is not ASCII.
  public static func archiveName(path: String) -> String {
    let base = path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]
    let stem = base.lastIndex(of: UInt8(ascii: ".")).map { base[..<$0] } ?? base
    guard !stem.isEmpty, stem.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x5C }) else {
      return "archive"
    }
    return String(decoding: stem, as: UTF8.self)
  }

  private struct Records {
    var zip = ZipWriter(.torch(alignment: 64))
    private let root: String
    private var id = SerializationID()

    init(_ root: String) {
      self.root = root
    }

    mutating func add(
      _ name: String, _ chunks: [ByteRegion], to output: inout AtomicFile
    ) throws(PortError) {
      let checksum = try zip.add(root + "/" + name, chunks, to: &output)
      id.add(name: name, checksum: checksum, isEmpty: chunks.allSatisfy { $0.count == 0 })
    }

    mutating func add(
      _ name: String, _ bytes: [UInt8], to output: inout AtomicFile
    ) throws(PortError) {
      try add(name, [ByteRegion(bytes)], to: &output)
    }

    mutating func addSerializationID(to output: inout AtomicFile) throws(PortError) {
      try add(".data/serialization_id", Array(id.text.utf8), to: &output)
    }
  }
}
