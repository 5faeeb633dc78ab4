internal import TPBytes
internal import TPPickle
internal import TPTensors

/// Pickles a metadata tree as CPython pickles the objects that PyTorch would load from it.
///
/// A worklist, not recursion: nesting costs no stack.
struct TorchPickler {
  /// What is left to write, the next at the end.
  private enum Step {
    case value(MetadataTree.Handle)
    /// A dict of attributes.
    case attributes([MetadataTree.Entry])
    case mark, append, appends, setItem, setItems, reduce, build
    case tuple(Int)
    /// Remember the object, of a value of the tree or of none.
    case memoise(MetadataTree.Handle?)
    /// The value is complete: it may occur again from here on.
    case close(MetadataTree.Handle)
  }

  private let tree: MetadataTree
  private let tensors: [TensorRecord]
  private var writer = PickleWriter()
  private var written: WrittenStorages
  private var steps: [Step] = []
  private var slots: [MetadataTree.Handle: PickleWriter.Slot] = [:]
  private var constants: [String: PickleWriter.Slot] = [:]
  private var storageKeys: [Int: PickleWriter.Slot] = [:]
  /// Dicts that PyTorch makes as an `OrderedDict`.
  private var ordered: Set<MetadataTree.Handle> = []
  /// Tuples and the like whose elements are being written: they cannot hold themselves.
  private var open: Set<MetadataTree.Handle> = []

  init(_ tree: MetadataTree, tensors: [TensorRecord]) {
    self.tree = tree
    self.tensors = tensors
    written = WrittenStorages(tensors)
  }

  /// The storages that the pickle names, in order.
  var storages: [WrittenStorage] { written.all }

  /// The bytes of `data.pkl`.
  mutating func pickle() throws(PortError) -> [UInt8] {
    guard let root = tree.root else {
      throw PortError(.usage, "there is nothing to write")
    }
    steps = [.value(root)]
    while let step = steps.popLast() {
      switch step {
      case .value(let handle): try value(handle)
      case .attributes(let fields):
        writer.emptyDict()
        writer.memoise()
        for field in fields where tree[field.key] == .string("_metadata") {
          ordered.insert(field.value)
        }
        push(dict(fields))
      case .mark: writer.mark()
      case .append: writer.append()
      case .appends: writer.appends()
      case .setItem: writer.setItem()
      case .setItems: writer.setItems()
      case .reduce: writer.reduce()
      case .build: writer.build()
      case .tuple(let count): writer.tuple(count)
      case .memoise(let handle):
        let slot = writer.memoise()
        if let handle { slots[handle] = slot }
      case .close(let handle): open.remove(handle)
      }
    }
    return writer.finish()
  }

  private mutating func push(_ next: [Step]) { steps += next.reversed() }

  private mutating func value(_ handle: MetadataTree.Handle) throws(PortError) {
    if let slot = slots[handle] { return writer.recall(slot) }
    guard !open.contains(handle) else {
      throw PortError(.unsupported, "a tuple, a set or an object's argument contains itself")
    }
    if let objection = tree[handle].objection {
      throw PortError(
        .unsupported, "torch.load(weights_only=True) would refuse \(printable(objection))")
    }
    switch tree[handle] {
    case .none: writer.none()
    case .bool(let value): writer.bool(value)
    case .int(let value): writer.int(value)
    case .bigInt(let digits): _ = writer.int(decimal: digits)
    case .float(let value): writer.float(value)
    case .string(let text):
      writer.text(text)
      slots[handle] = writer.memoise()
    case .brokenString(let units):
      writer.text(units: units)
      slots[handle] = writer.memoise()
    case .bytes(let bytes): slots[handle] = write(bytes)
    case .list(let elements):
      writer.emptyList()
      slots[handle] = writer.memoise()
      push(list(elements))
    case .tuple(let elements): push(tuple(elements, handle))
    case .set(let elements):
      open.insert(handle)
      writer.global("__builtin__", "set")
      writer.emptyList()
      writer.memoise()
      push(
        list(elements) + [.tuple(1), .memoise(nil), .reduce, .memoise(handle), .close(handle)])
    case .dict(let entries) where ordered.contains(handle):
      push(object("collections.OrderedDict", [], [], entries, handle))
    case .dict(let entries):
      writer.emptyDict()
      slots[handle] = writer.memoise()
      push(dict(entries))
    case .tensor(let place): slots[handle] = try tensor(place)
    case .global(let name):
      let (module, last) = split(name)
      writer.global(module, last)
    case .object(let className, let arguments, let fields, _, let entries):
      push(object(className, arguments, fields, entries, handle))
    }
  }

  /// `_codecs.encode(text, 'latin1')`: protocol 2 has no bytes. PyTorch's restricted unpickler takes it
  /// for empty bytes too, unlike CPython's `bytes()`.
  private mutating func write(_ bytes: [UInt8]) -> PickleWriter.Slot {
    writer.global("_codecs", "encode")
    var text = String.UnicodeScalarView()
    text.append(contentsOf: bytes.map { Unicode.Scalar($0) })
    writer.text(String(text))
    writer.memoise()
    constant("latin1")
    writer.tuple(2)
    writer.memoise()
    writer.reduce()
    return writer.memoise()
  }

  /// The items of a list, in CPython's batches.
  private func list(_ elements: [MetadataTree.Handle]) -> [Step] {
    if elements.count == 1 { return [.value(elements[0]), .append] }
    return stride(from: 0, to: elements.count, by: PickleWriter.batch).flatMap { start in
      [.mark] + elements[start..<min(start + PickleWriter.batch, elements.count)].map(Step.value)
        + [.appends]
    }
  }

  /// The items of a dict proper: CPython begins another batch behind a full one, even an empty one.
  private func dict(_ entries: [MetadataTree.Entry]) -> [Step] {
    if entries.count == 1 { return pair(entries[0]) + [.setItem] }
    if entries.isEmpty { return [] }
    return stride(from: 0, through: entries.count, by: PickleWriter.batch).flatMap { start in
      [.mark]
        + entries[start..<min(start + PickleWriter.batch, entries.count)].flatMap(pair)
        + [.setItems]
    }
  }

  /// The items of a class derived from dict: a batch of one needs no mark.
  private func items(_ entries: [MetadataTree.Entry]) -> [Step] {
    stride(from: 0, to: entries.count, by: PickleWriter.batch).flatMap { start in
      let batch = entries[start..<min(start + PickleWriter.batch, entries.count)]
      if batch.count == 1 { return batch.flatMap(pair) + [.setItem] }
      return [.mark] + batch.flatMap(pair) + [.setItems]
    }
  }

  private func pair(_ entry: MetadataTree.Entry) -> [Step] {
    [.value(entry.key), .value(entry.value)]
  }

  private mutating func tuple(
    _ elements: [MetadataTree.Handle], _ handle: MetadataTree.Handle
  ) -> [Step] {
    if elements.isEmpty { return [.tuple(0)] }
    open.insert(handle)
    return (elements.count > 3 ? [.mark] : []) + elements.map(Step.value)
      + [.tuple(elements.count), .memoise(handle), .close(handle)]
  }

  /// A call of the class with its arguments, then the items, then the attributes.
  private mutating func object(
    _ className: String, _ arguments: [MetadataTree.Handle], _ fields: [MetadataTree.Entry],
    _ entries: [MetadataTree.Entry], _ handle: MetadataTree.Handle
  ) -> [Step] {
    let (module, name) = split(className)
    writer.global(module == "builtins" ? "__builtin__" : module, name)
    var next: [Step] = arguments.count > 3 ? [.mark] : []
    next += arguments.map(Step.value) + [.tuple(arguments.count)]
    if arguments.isEmpty {
      next += [.reduce, .memoise(handle)]
    } else {
      open.insert(handle)
      next += [.memoise(nil), .reduce, .memoise(handle), .close(handle)]
    }
    next += items(entries)
    if !fields.isEmpty { next += [.attributes(fields), .build] }
    return next
  }

  private func split(_ name: String) -> (module: String, name: String) {
    guard let dot = name.lastIndex(of: ".") else { return ("builtins", name) }
    return (String(name[..<dot]), String(name[name.index(after: dot)...]))
  }

  /// A text of the program's own, which in CPython is one object however often it is used.
  private mutating func constant(_ text: String) {
    if let slot = constants[text] { return writer.recall(slot) }
    writer.text(text)
    constants[text] = writer.memoise()
  }
}

// Tensors: `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`, or
// `_rebuild_tensor_v3` with the type before the metadata where the storage counts bytes.
extension TorchPickler {
  private mutating func tensor(_ place: Int) throws(PortError) -> PickleWriter.Slot {
    guard tensors.indices.contains(place) else {
      throw PortError(.usage, "a tensor of the tree is none of those that are written")
    }
    let tensor = tensors[place].tensor
    let view: WrittenView
    do throws(PortError) {
      view = try written.view(of: tensor)
    } catch {
      throw error.at(key: tensors[place].name)
    }
    let storage = written.all[view.storage]
    let isUntyped = storage.storageClass == nil
    writer.global("torch._utils", isUntyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2")
    writer.mark()
    writer.mark()
    constant("storage")
    if let name = storage.storageClass {
      writer.global("torch", name)
    } else {
      writer.global("torch.storage", "UntypedStorage")
    }
    if let slot = storageKeys[view.storage] {
      writer.recall(slot)
    } else {
      writer.text("\(view.storage)")
      storageKeys[view.storage] = writer.memoise()
    }
    constant("cpu")
    writer.int(storage.count)
    writer.tuple(5)
    writer.memoise()
    writer.persistent()
    writer.int(view.offset)
    integers(tensor.shape.extents)
    integers(view.strides)
    writer.bool(tensor.requiresGrad)
    writer.global("collections", "OrderedDict")
    writer.tuple(0)
    writer.reduce()
    writer.memoise()
    if isUntyped { writer.global("torch", tensor.dtype.rawValue) }
    let flags = [("conj", PendingOperations.conjugation), ("neg", .negation)]
      .filter { view.pending.contains($0.1) }
    if !flags.isEmpty {
      writer.emptyDict()
      writer.memoise()
      if flags.count > 1 { writer.mark() }
      for flag in flags {
        constant(flag.0)
        writer.bool(true)
      }
      if flags.count > 1 { writer.setItems() } else { writer.setItem() }
    }
    // Any number above three: a tuple up to the mark.
    writer.tuple(6)
    writer.memoise()
    writer.reduce()
    return writer.memoise()
  }

  private mutating func integers(_ values: [Int]) {
    if values.count > 3 { writer.mark() }
    for value in values { writer.int(value) }
    writer.tuple(values.count)
    if !values.isEmpty { writer.memoise() }
  }
}
