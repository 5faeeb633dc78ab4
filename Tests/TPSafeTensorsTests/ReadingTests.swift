import TPBytes
import TPSafeTensors
import TPTensors
import TestSupport
import Testing

/// A file of a header and as many zero bytes of data.
func file(_ header: String, data: Int = 0, claimed: Int? = nil) -> SharedBytes {
  var writer = ByteWriter()
  writer.little(UInt64(claimed ?? header.utf8.count))
  writer.append(utf8: header)
  writer.append([UInt8](repeating: 0, count: data))
  return SharedBytes(writer.bytes)
}

/// A header of one tensor.
func one(_ dtype: String, _ shape: String, _ offsets: String, more: String = "") -> String {
  "{\"a\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}\(more)}"
}

struct ReadingTests {
  @Test func everyElementTypeOfTheCrate() throws {
    let expected = try WeightFiles.expected("types.safetensors")
    let checkpoint = try SafeTensors.read(SharedBytes(WeightFiles.bytes("types.safetensors")))
    let tensors = expected["tensors"]?.array ?? []
    #expect(checkpoint.container == .safetensors)
    #expect(checkpoint.tensors.map(\.name) == tensors.compactMap { $0["name"]?.string })
    #expect(tensors.count == 23)
    for (record, json) in zip(checkpoint.tensors, tensors) {
      #expect(try record.tensor.summary() == json.summary, "\(record.name)")
    }
    for member in expected["metadata"]?.members ?? [] {
      #expect(checkpoint.metadata.node(at: member.key) == .string(member.value.string ?? "?"))
    }
    #expect(checkpoint.verifyChecksums().absent == 23)
  }

  @Test func tensorsAreLentWhereTheyLie() throws {
    let bytes = SharedBytes(try WeightFiles.bytes("types.safetensors"))
    for record in try SafeTensors.read(bytes).tensors where record.name != "empty" {
      #expect(try record.tensor.contiguousBytes().owner === bytes)
    }
  }

  @Test(arguments: [
    "{}", "{}   \n", "{\"__metadata__\":null}", "{\"__metadata__\":{}}",
    one("U8", "[0,7]", "[0,0]"), one("U8", "[0]", "[0,0]", more: ",\"__metadata__\":{\"k\":\"v\"}"),
  ])
  func whatTheCrateTakes(header: String) throws {
    _ = try SafeTensors.read(file(header))
  }

  @Test func emptyTensorsShareAPlace() throws {
    let header = """
      {"c":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
      "b":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"later":[{"x":1}]},
      "z":{"dtype":"F64","shape":[3,0],"data_offsets":[2,2]}}
      """
    let names = try SafeTensors.read(file(header, data: 2)).tensors.map(\.name)
    #expect(names == ["c", "b", "z"])
  }

  // One line per rule; the crate (0.8.0) or its README refuses each of them.
  @Test(
    arguments: [
      (file("{}", claimed: 100_000_001), .limit, "claims 100000001 bytes"),
      (SharedBytes([UInt8](repeating: 255, count: 9)), .limit, "claims 18446744073709551615"),
      (SharedBytes([]), .truncated, "8 bytes of header length"),
      (SharedBytes([2, 0, 0, 0, 0, 0, 0]), .truncated, "the file has 7"),
      (file("{}", claimed: 3), .truncated, "the header claims 3 bytes and 2 are left"),
      (file(""), .malformed, "does not begin with `{`"),
      (file(" {}"), .malformed, "does not begin with `{`"),
      (file("{}\0"), .malformed, "something follows"),
      (file("{\"a"), .malformed, "not ended"),
      (file("{\"__metadata__\":1}"), .malformed, "not an object"),
      (file("{\"__metadata__\":{\"a\":1}}"), .malformed, "not a text"),
      (file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}"), .malformed, "occurs twice"),
      (file("{\"__metadata__\":{},\"__metadata__\":{}}"), .malformed, "occurs twice"),
      (
        file(
          one("U8", "[0]", "[0,0]", more: "," + one("U8", "[0]", "[0,0]").dropFirst().dropLast())),
        .malformed, "occurs twice"
      ),
      (file("{\"a\":[]}"), .malformed, "not described by an object"),
      (file("{\"a\":{}}"), .malformed, "`dtype` is missing"),
      (file(one("F16", "1", "[0,2]"), data: 2), .malformed, "`shape` is missing or not a list"),
      (file(one("F16", "[1]", "2"), data: 2), .malformed, "`data_offsets` is missing"),
      (file(one("F17", "[1]", "[0,2]"), data: 2), .unsupported, "\"F17\" is not known"),
      (file(one("F6_E2M3", "[4]", "[0,3]"), data: 3), .unsupported, "is not known"),
      (file(one("F4", "[3]", "[0,1]"), data: 1), .unsupported, "odd number"),
      (file(one("F4", "[]", "[0,1]"), data: 1), .unsupported, "odd number"),
      (file(one("U8", "[-1]", "[0,1]"), data: 1), .malformed, "whole number"),
      (file(one("U8", "[1.0]", "[0,1]"), data: 1), .malformed, "whole number"),
      (file(one("U8", "[18446744073709551615]", "[0,1]"), data: 1), .malformed, "whole number"),
      (file(one("U8", "[1]", "[1,0]"), data: 1), .malformed, "an end that follows it"),
      (file(one("U8", "[1]", "[0,1,2]"), data: 1), .malformed, "a begin and an end"),
      (file(one("U8", "[1]", "[-1,0]"), data: 1), .malformed, "whole number"),
      (file(one("U8", "[4294967296,4294967296]", "[0,1]"), data: 1), .limit, "can be counted"),
      (file(one("F64", "[2305843009213693952]", "[0,1]"), data: 1), .malformed, "does not have"),
      (file(one("F32", "[2]", "[0,4]"), data: 4), .malformed, "does not have 4 bytes"),
      (file(one("U8", "[1]", "[1,2]"), data: 2), .malformed, "1 bytes before the tensor"),
      (
        file(
          one(
            "U8", "[2]", "[0,2]",
            more: ",\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}"), data: 3),
        .malformed, "overlaps the one before it by 1 bytes"
      ),
      (
        file(
          one(
            "U8", "[1]", "[0,1]",
            more: ",\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}"), data: 3),
        .malformed, "1 bytes before the tensor"
      ),
      (file(one("U8", "[2]", "[0,2]"), data: 1), .truncated, "need 2 bytes and 1 follow"),
      (file(one("U8", "[2]", "[0,2]"), data: 3), .malformed, "1 bytes follow the last tensor"),
    ] as [(SharedBytes, PortError.Kind, String)])
  func refused(bytes: SharedBytes, kind: PortError.Kind, words: String) {
    let error = failure { () throws(PortError) in _ = try SafeTensors.read(bytes) }
    #expect(error?.kind == kind)
    #expect(error?.message.contains(words) == true, "\(error?.description ?? "nothing thrown")")
  }

  @Test func limitsAreObeyed() {
    var limits = ReadLimits()
    limits.headerBytes = 10
    let long = file("{}         ")
    #expect(
      failure { () throws(PortError) in _ = try SafeTensors.read(long, limits: limits) }?
        .kind == .limit)
    limits = ReadLimits()
    limits.rank = 2
    let deep = file(one("U8", "[1,1,1]", "[0,1]"), data: 1)
    let error = failure { () throws(PortError) in
      _ = try SafeTensors.read(deep, limits: limits)
    }
    #expect(error?.kind == .limit)
    #expect(error?.key == "a")
  }

  @Test func errorsGiveTheOffsetInTheFile() {
    let error = failure { () throws(PortError) in
      _ = try SafeTensors.read(file("{\"a\" 1}"))
    }
    #expect(error?.offset == 13)
  }
}
