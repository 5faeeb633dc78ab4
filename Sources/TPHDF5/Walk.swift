internal import CTPLibHDF5
internal import TPBytes
internal import TPTensors

/// One walk through the groups of a file, inside `withLibrary`: parents before children, never
/// twice into one group, never out of the file.
struct Walk {
  private struct Identity: Hashable {
    let first, second, file: UInt64
  }

  /// A dataset that was met before, under another name.
  private struct Known {
    let tensor: Tensor
    /// Whether it says its key, as ours do: its other names are then paths of keys.
    let hasKey: Bool
  }

  let file: OpenFile
  let limits: ReadLimits
  let budget: CacheBudget
  var contents = Contents()
  private var groups: Set<Identity> = []
  private var datasets: [Identity: Known] = [:]
  private var members = 0

  init(file: OpenFile, limits: ReadLimits, budget: CacheBudget) {
    self.file = file
    self.limits = limits
    self.budget = budget
  }

  /// Walks from the root group of an open file.
  mutating func run(root: hid_t) throws(PortError) {
    var pending: [[String]] = [[]]
    while let components = pending.popLast() {
      let path = components.isEmpty ? "/" : components.map { "/" + $0 }.joined()
      let object = try Identifier(
        unsafe H5Oopen(root, path, tp_h5_default_list()), "cannot open an object of the file",
        record: path)
      var info = tp_h5_object()
      try check(
        unsafe tp_h5_object_info(object.id, &info), "cannot read an object of the file",
        record: path)
      let identity = Identity(
        first: info.identity.0, second: info.identity.1, file: info.identity.2)
      switch UInt32(bitPattern: info.type) {
      case UInt32(bitPattern: H5O_TYPE_GROUP.rawValue):
        guard groups.insert(identity).inserted else {
          contents.notRead.append("\(path): another name of a group that was read")
          continue
        }
        contents.add(
          try attributes(of: object, at: path), at: components.isEmpty ? "" : path)
        let names = try links(of: object, at: path)
        guard names.isEmpty || components.count < limits.depth else {
          throw PortError(
            .limit, "groups are nested deeper than \(limits.depth) levels", record: path)
        }
        for name in names.reversed() { pending.append(components + [name]) }
      case UInt32(bitPattern: H5O_TYPE_DATASET.rawValue):
        try dataset(object, identity, components, path)
      default:
        contents.notRead.append("\(path): neither a group nor a dataset")
      }
    }
  }

  private mutating func attributes(
    of object: borrowing Identifier, at path: String
  ) throws(PortError) -> [Attribute] {
    let found = try Attribute.all(of: object, at: path, limits: limits)
    contents.notRead += found.notRead
    return found.attributes
  }

  private mutating func dataset(
    _ set: borrowing Identifier, _ identity: Identity, _ components: [String], _ path: String
  ) throws(PortError) {
    if let known = datasets[identity] {
      // Its torch_key names the first link only.
      let key = known.hasKey ? DatasetPaths.key(of: components) : nil
      try contents.add(
        TensorRecord(path: key.map { [$0] } ?? components, tensor: known.tensor), at: path)
      return
    }
    let attributes = try attributes(of: set, at: path)
    contents.add(attributes, at: path)
    func text(_ name: String) -> String? { attributes.first { $0.name == name }?.text }
    let key = text("torch_key")
    let tensor: Tensor
    do throws(PortError) {
      guard let found = try self.tensor(set, path) else { return }
      tensor = try found.inTorchLayout(text("torch_layout"), from: text("layout"))
    } catch {
      throw error.at(record: path)
    }
    datasets[identity] = Known(tensor: tensor, hasKey: key != nil)
    try contents.add(TensorRecord(path: key.map { [$0] } ?? components, tensor: tensor), at: path)
  }

  /// The tensor of a dataset; `nil` where it holds texts, which become metadata, or, with a note,
  /// neither, or its elements lie elsewhere.
  private mutating func tensor(
    _ set: borrowing Identifier, _ path: String
  ) throws(PortError) -> Tensor? {
    let type = try Identifier(H5Dget_type(set.id), "cannot read the dataset's type")
    let dtype = try ElementType.dtype(of: type)
    guard dtype != nil || H5Tget_class(type.id) == H5T_STRING else {
      contents.notRead.append("\(path): its elements are no numbers that PyTorch has")
      return nil
    }
    let settings = try Identifier(
      H5Dget_create_plist(set.id), "cannot read the dataset's settings")
    if H5Pget_layout(settings.id) == H5D_VIRTUAL
      || (H5Pget_layout(settings.id) == H5D_CONTIGUOUS && H5Pget_external_count(settings.id) != 0)
    {
      contents.notRead.append("\(path): its data lies in other files")
      return nil
    }
    let space = try Identifier(H5Dget_space(set.id), "cannot read the dataset's shape")
    guard let extents = try extents(of: space) else {
      contents.notRead.append("\(path): it has no data")
      return nil
    }
    let shape = try Shape(extents, limits: limits)
    guard let dtype else {
      if let value = try texts(set, type, space, shape) {
        contents.add(value, at: path)
      } else {
        contents.notRead.append("\(path): more texts, or in more dimensions, than metadata takes")
      }
      return nil
    }
    let (size, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow else {
      throw PortError(.limit, "a dataset of shape \(shape) has more bytes than can be counted")
    }
    let storage = Storage(key: path, byteCount: size, budget: budget) {
      [file, limits, count = shape.elementCount] () throws(PortError) in
      try file.elements(of: path, dtype: dtype, count: count, limits: limits)
    }
    return try Tensor(dtype: dtype, shape: shape, storage: storage)
  }

  /// The most texts of a dataset that are read, and the most bytes of them: labels, not a library.
  private static let mostTexts = 1_000_000
  private static let mostTextBytes = 16 << 20

  /// A dataset of texts, a single one or a list; `nil` where it is more.
  private func texts(
    _ set: borrowing Identifier, _ type: borrowing Identifier, _ space: borrowing Identifier,
    _ shape: Shape
  ) throws(PortError) -> Attribute.Value? {
    guard shape.rank <= 1, shape.elementCount <= Walk.mostTexts else { return nil }
    let nodes = try unsafe Texts.read(type: type, space: space, count: shape.elementCount) {
      unsafe H5Dread(set.id, type.id, tp_h5_all(), tp_h5_all(), tp_h5_default_list(), $0)
    }
    let bytes = (nodes ?? []).reduce(0) { count, node in
      switch node {
      case .string(let text): count + text.utf8.count
      case .bytes(let bytes): count + bytes.count
      default: count
      }
    }
    guard let nodes, bytes <= Walk.mostTextBytes else { return nil }
    return Attribute.Value(nodes: nodes, extents: shape.rank == 0 ? nil : shape.extents)
  }

  private struct Links {
    var names: [String] = []
    var others: [String] = []
    var room: Int
  }

  /// The names of a group's hard links; notes the others.
  private mutating func links(
    of group: borrowing Identifier, at path: String
  ) throws(PortError) -> [String] {
    var creation: UInt32 = 0
    let settings = H5Gget_create_plist(group.id)
    if settings >= 0 {
      _ = unsafe H5Pget_link_creation_order(settings, &creation)
      H5Pclose(settings)
    }
    var found = Links(room: limits.members - members)
    let status = unsafe withUnsafeMutablePointer(to: &found) { context in
      unsafe tp_h5_links(
        group.id, creation & tp_h5_track_and_index() == tp_h5_track_and_index(),
        { name, type, context in
          guard let name = unsafe name, let context = unsafe context else { return -1 }
          let found = unsafe context.assumingMemoryBound(to: Links.self)
          unsafe found.pointee.room -= 1
          if unsafe found.pointee.room < 0 { return 1 }
          guard let text = unsafe String(validatingCString: name), !hasTooManyMarks(text) else {
            unsafe found.pointee.others.append("a name that is not UTF-8, or of too many marks")
            return 0
          }
          switch type {
          case H5L_TYPE_HARD.rawValue: unsafe found.pointee.names.append(text)
          case H5L_TYPE_SOFT.rawValue:
            unsafe found.pointee.others.append("\(text): a soft link, which is not followed")
          default:
            unsafe found.pointee.others.append(
              "\(text): a link out of the file, which is not followed")
          }
          return 0
        }, context)
    }
    guard found.room >= 0 else {
      throw PortError(
        .limit, "has more than \(limits.members) groups and datasets", record: path,
        remedy: ReadLimits.Named.members.remedy)
    }
    try check(status, "cannot read the names in a group", record: path)
    members = limits.members - found.room
    let prefix = path == "/" ? "/" : path + "/"
    contents.notRead += found.others.map { prefix + $0 }
    return found.names
  }
}

/// The extents of a dataset or attribute, `[]` for a scalar; `nil` where it has no data at all.
func extents(of space: borrowing Identifier) throws(PortError) -> [Int]? {
  switch H5Sget_simple_extent_type(space.id) {
  case H5S_SCALAR: return []
  case H5S_NULL: return nil
  default: break
  }
  let rank = H5Sget_simple_extent_ndims(space.id)
  try check(rank, "cannot read the shape")
  var extents = [hsize_t](repeating: 0, count: Int(rank))
  let status = unsafe extents.withUnsafeMutableBufferPointer {
    unsafe H5Sget_simple_extent_dims(space.id, $0.baseAddress, nil)
  }
  try check(status, "cannot read the shape")
  var result: [Int] = []
  for extent in extents {
    guard let count = Int(exactly: extent) else {
      throw PortError(.limit, "a dimension of \(extent) elements cannot be addressed")
    }
    result.append(count)
  }
  return result
}
