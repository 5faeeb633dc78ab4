import TPBytes
import TPTensors
import Testing

/// Which tensors share memory; the groups are what `torch._debug_has_internal_overlap` and comparing
/// `data_ptr()`, `shape` and `stride()` in PyTorch would tell, worked out by hand for each view.
@Suite struct TensorSharingTests {
  private func storage(_ count: Int) -> Storage {
    Storage(key: "0", region: ByteRegion([UInt8](repeating: 7, count: count)))
  }

  private func view(
    _ storage: Storage, _ shape: [Int], _ strides: [Int], offset: Int = 0,
    dtype: DType = .float32
  ) throws -> Tensor {
    try Tensor(
      dtype: dtype, shape: Shape(shape), strides: strides, offset: offset, storage: storage)
  }

  @Test func aliasesAreWrittenUnderTheirFirstName() throws {
    let (shared, other) = (storage(48), storage(48))
    var dict = StateDict()
    try dict.append("encoder.weight", try view(shared, [3, 4], [4, 1]))
    try dict.append("bias", try view(other, [12], [1]))
    try dict.append("decoder.weight", try view(shared, [3, 4], [4, 1]))
    try dict.append("third.weight", try view(shared, [3, 4], [4, 1]))
    // Another shape or type of the same bytes is another tensor.
    try dict.append("flat", try view(shared, [12], [1]))
    try dict.append("bits", try view(shared, [3, 4], [4, 1], dtype: .int32))
    let sharing = dict.sharing
    #expect(sharing.aliases == [["encoder.weight", "decoder.weight", "third.weight"]])
    #expect(sharing.writtenName(of: "third.weight") == "encoder.weight")
    #expect(sharing.writtenName(of: "encoder.weight") == "encoder.weight")
    #expect(sharing.writtenName(of: "bias") == "bias")
    #expect(sharing.isAlias("decoder.weight") && !sharing.isAlias("encoder.weight"))
    #expect(sharing.overlapping == [["encoder.weight", "flat", "bits"]])
  }

  @Test func emptyTensorsAreNoAliases() throws {
    let empty = storage(0)
    var dict = StateDict()
    try dict.append("a", try view(empty, [0], [1]))
    try dict.append("b", try view(empty, [0], [1]))
    #expect(dict.sharing.aliases == [])
    #expect(dict.sharing.overlapping == [])
  }

  struct Views: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Shape, strides and offset of each view of one storage of 24 float32.
    var views: [(shape: [Int], strides: [Int], offset: Int)]
    var overlapping: [[String]]
  }

  @Test(arguments: [
    Views(
      testDescription: "halves that touch", views: [([12], [1], 0), ([12], [1], 12)],
      overlapping: []),
    Views(
      testDescription: "halves that share an element", views: [([13], [1], 0), ([12], [1], 12)],
      overlapping: [["0", "1"]]),
    Views(
      testDescription: "a matrix and its transpose",
      views: [([4, 6], [6, 1], 0), ([6, 4], [1, 6], 0)],
      overlapping: [["0", "1"]]),
    Views(
      testDescription: "columns of a matrix",
      views: [([4, 2], [6, 1], 0), ([4, 3], [6, 1], 2), ([4, 1], [6, 1], 5)], overlapping: []),
    Views(
      testDescription: "columns, two of which share one",
      views: [([4, 2], [6, 1], 0), ([4, 3], [6, 1], 3), ([4, 1], [6, 1], 5)],
      overlapping: [["1", "2"]]),
    Views(
      testDescription: "a chain", views: [([8], [1], 0), ([8], [1], 14), ([8], [1], 7)],
      overlapping: [["0", "1", "2"]]),
    Views(
      testDescription: "two pairs",
      views: [([4], [1], 0), ([4], [1], 12), ([4], [1], 2), ([4], [2], 14), ([3], [2], 21 - 4)],
      overlapping: [["0", "2"], ["1", "3"]]),
    Views(
      testDescription: "even and odd", views: [([12], [2], 0), ([12], [2], 1)], overlapping: []),
    Views(
      testDescription: "one element repeated, and its neighbours",
      views: [([1 << 40], [0], 3), ([3], [1], 0), ([4, 5], [5, 1], 3)],
      overlapping: [["0", "2"]]),
    Views(
      testDescription: "more elements than the bytes that they see",
      views: [([1 << 2, 1 << 2], [1, 1], 0), ([2], [9], 2)], overlapping: [["0", "1"]]),
  ])
  func findsOverlaps(of table: Views) throws {
    let shared = storage(96)
    var dict = StateDict()
    for (number, item) in table.views.enumerated() {
      try dict.append(
        "\(number)", try view(shared, item.shape, item.strides, offset: item.offset))
    }
    #expect(dict.sharing.overlapping == table.overlapping)
    #expect(dict.sharing.aliases == [])
  }

  /// The bytes are not needed to tell, nor memory for as many as a file claims to have.
  @Test func elementsThatLieFarApart() throws {
    let vast = Storage(key: "0", byteCount: 1 << 44) { () throws(PortError) in
      throw PortError(.limit, "never asked for")
    }
    var dict = StateDict()
    for (name, offset) in [("a", 0), ("b", 1), ("c", 1 << 40)] {
      try dict.append(name, try view(vast, [2], [1 << 40], offset: offset))
    }
    #expect(dict.sharing.overlapping == [["a", "c"]])
  }
}
