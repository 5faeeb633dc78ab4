import TPBytes
import TPNumPy
import TPTensors
import TestSupport
import Testing

/// An array file of version 1 with this header and as many zero bytes.
private func file(
  _ header: String, data: Int = 0, version: [UInt8] = [1, 0], claimed: Int? = nil
) -> SharedBytes {
  var writer = ByteWriter()
  writer.append([0x93] + Array("NUMPY".utf8) + version)
  let length = claimed ?? header.utf8.count
  if version[0] == 1 { writer.little(UInt16(length)) } else { writer.little(UInt32(length)) }
  writer.append(utf8: header)
  writer.append([UInt8](repeating: 0, count: data))
  return SharedBytes(writer.bytes)
}

private func header(
  _ descr: String = "'<f4'", order: String = "False", shape: String = "(2,)"
) -> String {
  "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }"
}

struct ArrayTests {
  @Test(arguments: [
    "little", "big", "fortran", "fortran_big", "bytes", "signed", "truth", "half", "complex",
    "complex_wide", "scalar", "empty", "unsigned", "wide", "version2", "version3",
  ])
  func numbers(name: String) throws {
    let file = SharedBytes(try WeightFiles.bytes("npy/\(name).npy"))
    let checkpoint = try NumPyFile.readArray(file)
    #expect(checkpoint.container == .npy)
    #expect(checkpoint.tensors.map(\.name) == ["array"])
    #expect(
      try checkpoint.tensors[0].tensor.summary() == WeightFiles.expected("\(name).npy").summary)
    #expect(try checkpoint.tensors[0].tensor.storage.bytes().owner === file)
  }

  @Test(arguments: ["text", "text_big", "text_empty", "text_bytes"])
  func texts(name: String) throws {
    let checkpoint = try NumPyFile.readArray(SharedBytes(WeightFiles.bytes("npy/\(name).npy")))
    #expect(checkpoint.tensors.isEmpty)
    let expected = try WeightFiles.expected("\(name).npy")["text"]?.string
    #expect(checkpoint.metadata.node(at: "array") == .string(expected ?? "?"))
  }

  @Test func listsOfTexts() throws {
    let checkpoint = try NumPyFile.readArray(SharedBytes(WeightFiles.bytes("npy/texts.npy")))
    let tree = checkpoint.metadata
    guard case .list(let items)? = tree.node(at: "array") else {
      Issue.record("no list")
      return
    }
    #expect(items.map { tree[$0] } == [.string("a"), .string("b")])
    let wide = file(header("'|S2'", shape: "(1, 2)"), data: 4)
    let error = failure { () throws(PortError) in _ = try NumPyFile.readArray(wide) }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("shape (1, 2) is neither tensor nor metadata") == true)
  }

  @Test(arguments: [
    ("objects", "Python objects"), ("fields", "named fields"), ("dates", "\"<M8[D]\""),
    ("quad", "\"<f16\""), ("void", "\"|V2\""),
  ])
  func elementsThatNoTensorHas(name: String, words: String) throws {
    let bytes = SharedBytes(try WeightFiles.bytes("npy/\(name).npy"))
    let error = failure { () throws(PortError) in _ = try NumPyFile.readArray(bytes) }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains(words) == true, "\(error?.description ?? "nothing thrown")")
  }

  @Test(arguments: [
    header(), "{\"shape\": (2L,), 'fortran_order':False,'descr':'<f4'}  \n",
    header(shape: "(2, 1)"), header("'|u1'", shape: "( 2 , 4, )"),
  ])
  func spellings(text: String) throws {
    _ = try NumPyFile.readArray(file(text, data: 8))
  }

  @Test(
    arguments: [
      (SharedBytes([]), .malformed, "does not begin", 0),
      (SharedBytes(Array("\u{93}NUMPY".utf8)), .malformed, "does not begin", 0),
      (file("", version: [4, 0]), .unsupported, "version 4.0", 6),
      (file("", version: [1, 1]), .unsupported, "version 1.1", 6),
      (file(header(), data: 8, claimed: 90), .truncated, "claims 90 bytes", 8),
      (file("", version: [2, 0], claimed: 4_000_000_000), .limit, "claims 4000000000", 8),
      (file(""), .malformed, "`{` should stand here", 10),
      (file("{}"), .malformed, "is missing", 12),
      (file("{'descr' '<f4'}"), .malformed, "`:` should stand here", 19),
      (file("{'other': 1}"), .malformed, "'other' is unknown", 11),
      (file("{'descr':'<f4','descr':'<f4'}"), .malformed, "occurs twice", 25),
      (file("{'descr':'<f4' 'shape':()}"), .malformed, "`,` should stand here", 25),
      (file(header() + "x"), .malformed, "something follows", nil),
      (file("{'descr': '<f4"), .malformed, "not ended", 20),
      (file("{'descr': '<f\\x34'"), .malformed, "beyond plain ASCII", 20),
      (file("{descr: '<f4'"), .malformed, "a text should stand here", 11),
      (file(header(order: "1")), .malformed, "True or False", nil),
      (file(header(shape: "2")), .malformed, "`(` should stand here", nil),
      (file(header(shape: "(2)")), .malformed, "needs a comma", nil),
      (file(header(shape: "(-2,)")), .malformed, "a number of elements", nil),
      (file(header(shape: "(2 3)")), .malformed, "a comma should stand", nil),
      (file(header(shape: "(2")), .malformed, "a number of elements", nil),
      (file(header(shape: "(2,,3)")), .malformed, "a number of elements", nil),
      (file(header(shape: "(99999999999999999999,)")), .malformed, "a number of elements", nil),
      (file(header(shape: "(4294967296, 4294967296)")), .limit, "can be counted", nil),
      (file(header("'<f8'", shape: "(2305843009213693952,)")), .truncated, "needs more", nil),
      (file(header("'<U4611686018427387904'", shape: "()")), .truncated, "needs more", nil),
      (file(header("'f4'")), .unsupported, "\"f4\"", nil),
      (file(header("'|f4'")), .unsupported, "\"|f4\"", nil),
      (file(header("'<f'")), .unsupported, "\"<f\"", nil),
      (file(header("'<f04'")), .unsupported, "\"<f04\"", nil),
      (file(header("''")), .unsupported, "\"\"", nil),
      (file(header("'|O'")), .unsupported, "a pickle inside", nil),
      (file(header("[('a', '<f4')]")), .unsupported, "named fields", nil),
      (file(header(), data: 7), .truncated, "needs more than the 7 bytes", nil),
      (file(header(), data: 9), .malformed, "1 bytes follow the array", nil),
    ] as [(SharedBytes, PortError.Kind, String, Int?)])
  func refused(bytes: SharedBytes, kind: PortError.Kind, words: String, offset: Int?) {
    let error = failure { () throws(PortError) in _ = try NumPyFile.readArray(bytes) }
    #expect(error?.kind == kind)
    #expect(error?.message.contains(words) == true, "\(error?.description ?? "nothing thrown")")
    if let offset { #expect(error?.offset == offset) }
  }
}
