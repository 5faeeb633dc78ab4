import TPBytes
import TPTensors
import TPTorchFiles
import TPZip
import TestSupport
import Testing

private func join(_ parts: [UInt8]...) -> [UInt8] {
  var bytes: [UInt8] = []
  for part in parts { bytes += part }
  return bytes
}

private func little(_ number: Int, _ width: Int) -> [UInt8] {
  (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

private func text(_ text: String) -> [UInt8] {
  join([0x58], little(text.utf8.count, 4), Array(text.utf8))
}

/// Opcodes of ASCII.
private func code(_ opcodes: String) -> [UInt8] { Array(opcodes.utf8) }

private func repeated(_ opcodes: [UInt8], _ count: Int) -> [UInt8] {
  Array(repeatElement(opcodes, count: count).joined())
}

private func put(_ place: UInt8) -> [UInt8] { [0x71, place, 0x30] }
private func get(_ place: UInt8) -> [UInt8] { [0x68, place] }

/// Keys and values that are integers.
private func numbers(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  for number in 0..<count { bytes += join([0x4A], little(number, 4), [0x4B, 1]) }
  return bytes
}

/// A pickle that is a list of what the items leave.
private func list(_ head: [UInt8], _ items: [UInt8]) -> [UInt8] {
  join([0x80, 2], head, code("]("), items, code("e."))
}

/// A legacy stream.
private func stream(_ object: [UInt8], keys: [UInt8], _ storages: [UInt8]) -> SharedBytes {
  let magic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  let facts: [UInt8] = [0x80, 2, 0x4D, 0xE9, 3, 0x2E, 0x80, 2, 0x7D, 0x2E]
  return SharedBytes(join(magic, facts, object, [0x80, 2], keys, code("."), storages))
}

/// Values that many others hold, each of which once read them anew, or had a copy.
@Suite struct SharedValueTests {
  private let most = Duration.seconds(10)

  private func read(_ pickle: [UInt8]) throws -> (checkpoint: Checkpoint, time: Duration) {
    let start = ContinuousClock.now
    let checkpoint = try TorchFile.readPickle(SharedBytes(pickle))
    return (checkpoint, ContinuousClock.now - start)
  }

  private func refusal(_ pickle: [UInt8]) -> PortError? {
    #expect(throws: PortError.self) { try TorchFile.readPickle(SharedBytes(pickle)) }
  }

  /// 2,000 modules of the same 30,000 parameters: 230 kB became half a gigabyte.
  @Test func parametersOfManyModules() throws {
    let state = join(
      code("}("), text("_parameters"), get(0), text("_buffers"), get(1), text("_modules"), get(1),
      code("u"), put(2))
    let head = join(
      code("}("), numbers(30_000), code("u"), put(0), code("}"), put(1), state,
      code("cmy\nNet\n"), put(3))
    let module = join(get(3), code(")R"), get(2), code("b"))
    let error = refusal(list(head, repeated(module, 2_000)))
    #expect(error?.kind == .limit)
    #expect(error?.message.hasPrefix("the same values are repeated more than ") == true)
    #expect(try read(list(head, repeated(module, 2))).time < most)
  }

  /// A tuple of 500,000 that is given to 1,500 constructors: 1 MB became gigabytes.
  @Test func argumentsOfManyObjects() {
    let head = join(
      code("("), repeated(code("K\u{1}"), 500_000), code("t"), put(0), code("cm\nC\n"), put(1))
    let object = join(get(1), get(0), code("R"))
    let error = refusal(list(head, repeated(object, 1_500)))
    #expect(error?.kind == .limit)
    #expect(error?.message.hasPrefix("the same values are repeated more than ") == true)
  }

  /// 300,000 pairs, the last of which is none, were looked at for each of 10,000 dicts.
  @Test func pairsThatMakeNoDict() {
    let pairs = join(
      code("](K\u{1}K\u{2}"), [0x86, 0x71, 2], repeated(get(2), 300_000), code("Ne"), put(0))
    let head = join(
      code("ccollections\nOrderedDict\n"), put(1), pairs, get(0), [0x85], put(3))
    let start = ContinuousClock.now
    let error = refusal(list(head, repeated(join(get(1), get(3), code("R")), 10_000)))
    #expect(error?.kind == .limit)
    #expect(ContinuousClock.now - start < most)
  }

  /// The same hooks under 400,000 keys were copied for each.
  @Test func hooksOfManyNames() throws {
    let head = join(
      code("ccollections\nOrderedDict\n)R("), numbers(200_000), code("u"), put(0), code("}"), put(1)
    )
    let state = join(
      text("_parameters"), get(1), text("_buffers"), get(1), text("_modules"), get(1),
      text("my_hooks"), [0x71, 2], get(0), repeated(join(get(2), get(0)), 400_000))
    let module = join(code("cmy\nNet\n)R}("), state, code("ub"))
    #expect(try read(list(head, module)).time < most)
  }

  /// A megabyte that is the key of 50,000 attributes was hashed for each.
  @Test func aLongAttribute() throws {
    let key = text(String(repeating: "k", count: 1_000_000))
    let state = join(key, [0x71, 0], code("N"), repeated(join(get(0), code("N")), 50_000))
    #expect(try read(list([], join(code("cm\nC\n)R}("), state, code("ub")))).time < most)
  }

  /// A megabyte that is the encoding of 20,000 texts was made small letters for each.
  @Test func aLongEncoding() throws {
    let head = join(
      code("c_codecs\nencode\n"), put(0), text("abc"), put(1),
      text(String(repeating: "L", count: 1_000_000)), put(2), get(1), get(2), [0x86], put(3))
    let call = join(get(0), get(3), code("R"))
    #expect(try read(list(head, repeated(call, 20_000))).time < most)
  }

  private func dtype(_ name: String, _ place: UInt8) -> [UInt8] {
    join(code("cnumpy\ndtype\n("), text(name), code("K\u{0}K\u{1}tR"), put(place))
  }

  /// Each scalar had bytes of its own.
  @Test func scalarsOfTheSameBytes() throws {
    let bytes = join([0x42], little(100_000, 4), [UInt8](repeating: 0x78, count: 100_000))
    let head = join(
      dtype("S1", 0), bytes, put(1), get(0), get(1), [0x86], put(2),
      code("cnumpy.core.multiarray\nscalar\n"), put(3))
    let scalar = join(get(3), get(2), code("R"))
    let tree = try read(list(head, repeated(scalar, 100))).checkpoint.metadata
    var places: Set<Int> = []
    var count = 0
    for case .bytes(let own) in tree.nodes {
      count += 1
      places.insert(own.withUnsafeBytes { Int(bitPattern: $0.baseAddress) })
    }
    #expect(count == 100)
    #expect(places.count == 1)
  }

  /// 5 MB that are the elements of 40,000 arrays were copied for each.
  @Test func arraysOfTheSameText() throws {
    let count = 5_000_000
    let state = join(
      code("(K\u{1}J"), little(count, 4), [0x85], get(0), [0x89], get(1), code("t"))
    let arguments = join(code("(cnumpy\nndarray\nK\u{0}"), [0x85], text("b"), code("t"))
    let head = join(
      dtype("u1", 0), text(String(repeating: "x", count: count)), put(1), state, put(2),
      code("cnumpy.core.multiarray\n_reconstruct\n"), put(3), arguments, put(4))
    let array = join(get(3), get(4), code("R"), get(2), code("b"))
    let (checkpoint, time) = try read(list(head, repeated(array, 40_000)))
    #expect(checkpoint.arrays.count == 40_000)
    #expect(time < most)
  }

  /// One storage served both, in the order of the first.
  @Test func arraysOfBothByteOrders() throws {
    let data = join([0x43, 2, 1, 0], put(0))
    var items = data
    for order in ["<", ">"] {
      let type = join(
        code("cnumpy\ndtype\n("), text("i2"), code("K\u{0}K\u{1}tR(K\u{3}"), text(order),
        code("NNNJ"), little(0xFFFF_FFFF, 4), code("J"), little(0xFFFF_FFFF, 4), code("K\u{0}tb"))
      items += join(
        code("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\u{0}"), [0x85], text("b"),
        code("tR(K\u{1}K\u{1}"), [0x85], type, [0x89], get(0), code("tb"))
    }
    let arrays = try read(list([], items)).checkpoint.arrays
    #expect(try arrays.map { try $0.tensor.integers() } == [[1], [256]])
  }

  /// A parameter with 200,000 states, wrapped 500 times: 600 kB became gigabytes.
  @Test func statesOfAWrappedParameter() {
    let tensor = join(
      code("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n))"), [0x89],
      code("tR"), [0x85], put(0))
    let parameter = join(
      code("ctorch.nn.parameter\nParameter\n"), [0x71, 1], get(0), code("R"),
      repeated(code("K\u{1}b"), 200_000), [0x85], put(2))
    let wrapped = join(get(1), get(2), code("R"))
    let error = refusal(list(join(tensor, parameter), repeated(wrapped, 500)))
    #expect(error?.kind == .limit)
    #expect(error?.message.hasPrefix("the same values are repeated more than ") == true)
  }

  /// Tensors had a copy each of the scales that are one list.
  @Test func scalesOfManyTensors() throws {
    let id = join(
      code("("), text("storage"), code("ctorch\nQInt8Storage\n"), text("0"), text("cpu"),
      code("K\u{3}Nt"), put(0))
    let scales = code("](K\u{1}K\u{2}K\u{3}e")
    let zeroPoints = code("](K\u{0}K\u{0}K\u{0}e")
    let quantizer = join(
      code("(ctorch\nper_channel_affine\n"), scales, zeroPoints, code("K\u{0}t"), put(1))
    let arguments = join(
      code("("), get(0), code("QK\u{0}K\u{3}"), [0x85], code("K\u{1}"), [0x85], get(1), [0x89],
      code("Nt"), put(2))
    let head = join(id, quantizer, arguments, code("ctorch._utils\n_rebuild_qtensor\n"), put(3))
    let object = list(head, repeated(join(get(3), get(2), code("R")), 2))
    let file = stream(
      object, keys: join(code("]"), text("0"), code("a")), join(little(3, 8), [1, 2, 3]))
    var found: [Storage] = []
    for record in try TorchFile.readLegacy(file).tensors {
      if case .perChannel(let own, _, _)? = record.tensor.quantization?.scheme {
        found.append(own.storage)
      }
    }
    #expect(found.count == 2)
    #expect(found.first === found.last)
  }

  /// A megabyte that is the key of a storage was hashed for each of its uses.
  @Test func aLongKeyOfAStorage() {
    let id = join(
      code("("), text("storage"), code("ctorch\nFloatStorage\n"),
      text(String(repeating: "k", count: 1_000_000)), text("cpu"), code("K\u{0}Nt"), put(0))
    let object = list(id, repeated(join(get(0), code("Q")), 20_000))
    let file = stream(object, keys: code("]"), [])
    let error = #expect(throws: PortError.self) { try TorchFile.readLegacy(file) }
    #expect(error?.message.hasPrefix("a persistent id is not ('storage', ") == true)
  }

  /// 50 modules in each other with names of 10 kB, and 2,000 parameters in the innermost: a name each
  /// of half a megabyte.
  @Test func namesOfAnOldScript() throws {
    let parameters = (0..<2_000).map { #"{"tensorId": "0", "name": "\#($0)"}"# }
    var module = #"{"parameters": [\#(parameters.joined(separator: ", "))]}"#
    let name = String(repeating: "n", count: 10_000)
    for _ in 0..<50 {
      module = #"{"submodules": [{"name": "\#(name)", \#(module.dropFirst())]}"#
    }
    let tensor = #"{"dataType": "FLOAT", "data": {"key": "tensors/0"}}"#
    let program = #"{"mainModule": \#(module), "tensors": [\#(tensor)]}"#
    let members: [(name: String, bytes: [UInt8])] = [
      ("model.json", Array(program.utf8)), ("tensors/0", [0, 0, 0, 0]), ("version", [0x31, 0x0A]),
    ]
    let path = try temporaryPath("script.pt")
    var output = try AtomicFile(path: path, replacing: false)
    var zip = ZipWriter(.torch(alignment: 64))
    for member in members {
      try zip.add("script/" + member.name, [ByteRegion(member.bytes)], to: &output)
    }
    try zip.finish(to: &output)
    try output.commit()
    let file = try SharedBytes(path: path)
    let error = #expect(throws: PortError.self) { try TorchFile.read(file) }
    #expect(error?.kind == .limit)
    #expect(error?.message.hasPrefix("the paths of ") == true, "\(error?.description ?? "")")
  }
}

/// What lies in itself, level by level, ends before the stack does.
@Suite struct ChainTests {
  /// 40,000 quantized tensors, each with the one before as its scales.
  @Test func scalesThatHaveScales() {
    let id = join(
      code("("), text("storage"), code("ctorch\nQInt8Storage\n"), text("0"), text("cpu"),
      code("K\u{3}Nt"), put(0))
    let head = join(
      id, code("ctorch\nper_channel_affine\n"), put(1), code("](K\u{1}K\u{1}K\u{1}e"), put(2),
      code("ctorch._utils\n_rebuild_qtensor\n"), put(3), code("K\u{3}"), [0x85], put(4),
      code("K\u{1}"), [0x85], put(5), get(2), put(6))
    let tensor = join(
      get(3), code("("), get(0), code("QK\u{0}"), get(4), get(5), code("("), get(1), get(6), get(2),
      code("K\u{0}t"), [0x89], code("NtR"), put(6))
    let object = list(join(head, repeated(tensor, 40_000)), get(6))
    let file = stream(
      object, keys: join(code("]"), text("0"), code("a")), join(little(3, 8), [1, 2, 3]))
    let error = #expect(throws: PortError.self) { try TorchFile.readLegacy(file) }
    #expect(error?.kind == .limit)
    #expect(error?.message.hasPrefix("tensors are wrapped in each other ") == true)
  }

  /// The same of tensors of other devices, listed so that the innermost is built first.
  @Test func tensorsThatAreSentOnAndOn() {
    let count = 40_000
    func keep(_ place: Int) -> [UInt8] { join([0x72], little(place, 4), [0x30]) }
    func kept(_ place: Int) -> [UInt8] { join([0x6A], little(place, 4)) }
    let id = join(
      code("("), text("storage"), code("ctorch\nFloatStorage\n"), text("0"), text("cpu"),
      code("K\u{1}Nt"), put(0))
    var head = join(
      id, code("ctorch._utils\n_rebuild_tensor\n("), get(0), code("QK\u{0}K\u{1}"), [0x85],
      code("K\u{1}"), [0x85], code("tR"), keep(100),
      code("ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n"), put(3),
      code("ctorch\nfloat32\n"), put(4), text("cuda"), put(5))
    for number in 0..<count {
      head += join(
        get(3), code("("), kept(100 + number), get(4), get(5), [0x89], code("tR"),
        keep(101 + number))
    }
    var items: [UInt8] = []
    for number in (0...count).reversed() { items += kept(100 + number) }
    let file = stream(
      list(head, items), keys: join(code("]"), text("0"), code("a")),
      join(little(1, 8), [0, 0, 0x80, 0x3F]))
    let error = #expect(throws: PortError.self) { try TorchFile.readLegacy(file) }
    #expect(error?.message.hasPrefix("tensors are wrapped in each other ") == true)
  }

  /// An archive of stored members without checksums.
  private func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in members {
      let sizes = join(
        little(content.count, 4), little(content.count, 4), little(name.utf8.count, 2))
      let version: [UInt8] = [20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
      directory += join(
        [0x50, 0x4B, 1, 2, 20, 0], version, sizes, little(0, 12), little(bytes.count, 4),
        Array(name.utf8))
      bytes += join([0x50, 0x4B, 3, 4], version, sizes, little(0, 2), Array(name.utf8), content)
    }
    let count = little(members.count, 2)
    return join(
      bytes, directory, [0x50, 0x4B, 5, 6, 0, 0, 0, 0], count, count, little(directory.count, 4),
      little(bytes.count, 4), [0, 0])
  }

  /// Programs of torch.export whose weights are programs, and so on.
  @Test func programsInPrograms() {
    var bytes: [UInt8] = [0]
    for _ in 0..<4_000 {
      bytes = archive([
        ("serialized_exported_program.json", []), ("serialized_state_dict.pt", bytes),
      ])
    }
    #expect(failure(bytes)?.kind == .malformed)
    let config = #"{"config": {"w": {"path_name": "w", "use_pickle": true, "tensor_meta": {}}}}"#
    bytes = [0]
    for _ in 0..<3_000 {
      bytes = archive([
        ("a/archive_format", [0x70]), ("a/version", [0x31]),
        ("a/data/weights/m_weights_config.json", Array(config.utf8)), ("a/data/weights/w", bytes),
      ])
    }
    #expect(failure(bytes)?.kind == .malformed)
  }
}
