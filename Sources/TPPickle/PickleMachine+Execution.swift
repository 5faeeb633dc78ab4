internal import TPBytes

extension PickleMachine {
  /// Carries out one opcode other than STOP.
  mutating func execute(_ opcode: PickleOpcode) throws(PortError) {
    switch opcode {
    case .stop: break
    case .proto: try beginProtocol()
    case .frame: try beginFrame()
    case .mark: marks.append(stack.count)
    case .pop: try drop()
    case .popMark: _ = try popMark(for: opcode)
    case .dup: stack.append(try top(for: opcode))

    case .put: try remember(try keyLine(for: opcode), for: opcode)
    case .binPut: try remember(Int(try cursor.byte()), for: opcode)
    case .longBinPut: try remember(Int(try cursor.little(UInt32.self)), for: opcode)
    case .memoize: try remember(memo.count, for: opcode)
    case .get: try recall(try keyLine(for: opcode))
    case .binGet: try recall(Int(try cursor.byte()))
    case .longBinGet: try recall(Int(try cursor.little(UInt32.self)))

    case .none: try push(constant: 0, .none)
    case .newFalse: try push(constant: 1, .bool(false))
    case .newTrue: try push(constant: 2, .bool(true))
    case .emptyTuple: try push(constant: 3, .tuple([]))

    case .binInt: try push(.int(Int(try cursor.little(Int32.self))))
    case .binInt1:
      let value = Int(try cursor.byte())
      try push(constant: 4 + value, .int(value))
    case .binInt2: try push(.int(Int(try cursor.little(UInt16.self))))
    case .binFloat: try push(.float(Double(bitPattern: try cursor.big(UInt64.self))))
    case .int, .long, .long1, .long4, .float: try push(try number(opcode))

    case .string, .binString, .shortBinString, .unicode, .binUnicode, .shortBinUnicode,
      .binUnicode8:
      try push(try text(opcode))
    case .binBytes: try push(.bytes(try cursor.array(try cursor.length(UInt32.self))))
    case .shortBinBytes: try push(.bytes(try cursor.array(try cursor.length(UInt8.self))))
    case .binBytes8: try push(.bytes(try cursor.array(try cursor.length(UInt64.self))))
    case .byteArray8: try push(.byteArray(try cursor.array(try cursor.length(UInt64.self))))
    case .nextBuffer, .readOnlyBuffer: try buffer(opcode)

    case .emptyList: try push(.list([]))
    case .emptyDict: try push(.dict([]))
    case .emptySet: try push(.set([]))
    case .list: try push(.list(try popMark(for: opcode)))
    case .tuple: try push(.tuple(try popMark(for: opcode)))
    case .frozenSet: try push(.frozenSet(try popMark(for: opcode)))
    case .dict: try makeDict()
    case .tuple1: try makeTuple(1, opcode)
    case .tuple2: try makeTuple(2, opcode)
    case .tuple3: try makeTuple(3, opcode)
    case .append: try append([try pop(for: opcode)], opcode)
    case .appends: try append(try popMark(for: opcode), opcode)
    case .setItem:
      let value = try pop(for: opcode)
      try setItems([try pop(for: opcode), value], opcode)
    case .setItems: try setItems(try popMark(for: opcode), opcode)
    case .addItems: try addItems()

    case .global, .stackGlobal: try pushGlobal(opcode)
    case .reduce, .newObj: try construct(opcode, keywords: nil)
    case .newObjEx: try construct(opcode, keywords: try pop(for: opcode))
    case .obj, .inst: try constructAboveMark(opcode)
    case .build: try build()
    case .persID, .binPersID: try persistent(opcode)
    case .ext1, .ext2, .ext4: throw extensionCode(opcode)
    }
  }

  private mutating func beginProtocol() throws(PortError) {
    let number = Int(try cursor.byte())
    guard number <= 5 else {
      throw PortError(
        .unsupported, "the pickle is of protocol \(number), and 5 is the highest there is",
        offset: opcodeOffset,
        remedy: "save it again with pickle_protocol=2, or fetch the file again if it is damaged")
    }
    protocolNumber = max(protocolNumber, number)
  }

  /// A frame changes nothing for who has all the bytes; that it lies inside of them is checked.
  private mutating func beginFrame() throws(PortError) {
    let length = try cursor.length(UInt64.self)
    frames.append(Pickle.Frame(range: cursor.offset..<cursor.offset + length))
  }

  private mutating func buffer(_ opcode: PickleOpcode) throws(PortError) {
    if opcode == .nextBuffer {
      throw PortError(
        .unsupported, "the pickle refers to a buffer that is kept outside of the file",
        offset: opcodeOffset, remedy: "save it again without buffer_callback")
    }
    switch arena[try top(for: opcode)] {
    case .bytes, .byteArray: break
    case let node: throw malformed("\(opcode.name) needs bytes and finds \(node.kind)")
    }
  }

  private func extensionCode(_ opcode: PickleOpcode) -> PortError {
    PortError(
      .unsupported,
      "\(opcode.name) names a class by a number that only the program which wrote the file knows",
      offset: opcodeOffset, remedy: "save the file again without copyreg.add_extension")
  }
}
