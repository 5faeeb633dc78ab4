/// An instruction of a pickle, protocols 0 to 5; the raw value is its byte (CPython, `pickletools.py`).
public enum PickleOpcode: UInt8, Hashable, Sendable, CaseIterable {
  // Protocol 0.
  case int = 0x49
  case long = 0x4C
  case string = 0x53
  case none = 0x4E
  case unicode = 0x56
  case float = 0x46
  case append = 0x61
  case list = 0x6C
  case tuple = 0x74
  case dict = 0x64
  case setItem = 0x73
  case pop = 0x30
  case dup = 0x32
  case mark = 0x28
  case get = 0x67
  case put = 0x70
  case global = 0x63
  case reduce = 0x52
  case build = 0x62
  case inst = 0x69
  case stop = 0x2E
  case persID = 0x50
  // Protocol 1.
  case binInt = 0x4A
  case binInt1 = 0x4B
  case binInt2 = 0x4D
  case binString = 0x54
  case shortBinString = 0x55
  case binUnicode = 0x58
  case binFloat = 0x47
  case emptyList = 0x5D
  case appends = 0x65
  case emptyTuple = 0x29
  case emptyDict = 0x7D
  case setItems = 0x75
  case popMark = 0x31
  case binGet = 0x68
  case longBinGet = 0x6A
  case binPut = 0x71
  case longBinPut = 0x72
  case obj = 0x6F
  case binPersID = 0x51
  // Protocol 2.
  case long1 = 0x8A
  case long4 = 0x8B
  case newTrue = 0x88
  case newFalse = 0x89
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case ext1 = 0x82
  case ext2 = 0x83
  case ext4 = 0x84
  case newObj = 0x81
  case proto = 0x80
  // Protocol 3.
  case binBytes = 0x42
  case shortBinBytes = 0x43
  // Protocol 4.
  case binBytes8 = 0x8E
  case shortBinUnicode = 0x8C
  case binUnicode8 = 0x8D
  case emptySet = 0x8F
  case addItems = 0x90
  case frozenSet = 0x91
  case memoize = 0x94
  case stackGlobal = 0x93
  case newObjEx = 0x92
  case frame = 0x95
  // Protocol 5.
  case byteArray8 = 0x96
  case nextBuffer = 0x97
  case readOnlyBuffer = 0x98

  /// The name that `pickletools` gives it, for example `SHORT_BINUNICODE`.
  public var name: String {
    switch self {
    case .int: "INT"
    case .long: "LONG"
    case .string: "STRING"
    case .none: "NONE"
    case .unicode: "UNICODE"
    case .float: "FLOAT"
    case .append: "APPEND"
    case .list: "LIST"
    case .tuple: "TUPLE"
    case .dict: "DICT"
    case .setItem: "SETITEM"
    case .pop: "POP"
    case .dup: "DUP"
    case .mark: "MARK"
    case .get: "GET"
    case .put: "PUT"
    case .global: "GLOBAL"
    case .reduce: "REDUCE"
    case .build: "BUILD"
    case .inst: "INST"
    case .stop: "STOP"
    case .persID: "PERSID"
    case .binInt: "BININT"
    case .binInt1: "BININT1"
    case .binInt2: "BININT2"
    case .binString: "BINSTRING"
    case .shortBinString: "SHORT_BINSTRING"
    case .binUnicode: "BINUNICODE"
    case .binFloat: "BINFLOAT"
    case .emptyList: "EMPTY_LIST"
    case .appends: "APPENDS"
    case .emptyTuple: "EMPTY_TUPLE"
    case .emptyDict: "EMPTY_DICT"
    case .setItems: "SETITEMS"
    case .popMark: "POP_MARK"
    case .binGet: "BINGET"
    case .longBinGet: "LONG_BINGET"
    case .binPut: "BINPUT"
    case .longBinPut: "LONG_BINPUT"
    case .obj: "OBJ"
    case .binPersID: "BINPERSID"
    case .long1: "LONG1"
    case .long4: "LONG4"
    case .newTrue: "NEWTRUE"
    case .newFalse: "NEWFALSE"
    case .tuple1: "TUPLE1"
    case .tuple2: "TUPLE2"
    case .tuple3: "TUPLE3"
    case .ext1: "EXT1"
    case .ext2: "EXT2"
    case .ext4: "EXT4"
    case .newObj: "NEWOBJ"
    case .proto: "PROTO"
    case .binBytes: "BINBYTES"
    case .shortBinBytes: "SHORT_BINBYTES"
    case .binBytes8: "BINBYTES8"
    case .shortBinUnicode: "SHORT_BINUNICODE"
    case .binUnicode8: "BINUNICODE8"
    case .emptySet: "EMPTY_SET"
    case .addItems: "ADDITEMS"
    case .frozenSet: "FROZENSET"
    case .memoize: "MEMOIZE"
    case .stackGlobal: "STACK_GLOBAL"
    case .newObjEx: "NEWOBJ_EX"
    case .frame: "FRAME"
    case .byteArray8: "BYTEARRAY8"
    case .nextBuffer: "NEXT_BUFFER"
    case .readOnlyBuffer: "READONLY_BUFFER"
    }
  }
}
