import Foundation
import TPBytes
import TPHDF5
import TPTensors
import TestSupport
import Testing

struct CompressionTests {
  private func contents(isCompressed: Bool) throws -> WeightFile {
    let wave = (0..<300_000).map { Float($0 % 1_000) / 8 }
    var contents = try weights([
      ("large", Tensor(floats: wave, shape: Shape(known: [3, 100_000]))),
      ("long", Tensor(floats: wave, shape: Shape(known: [300_000]))),
      ("thin", Tensor(floats: wave, shape: Shape(known: [1, 1, 300_000, 1]))),
      ("small", try some(.bool, [2, 2])), ("scalar", try some(.int64, [])),
      ("none", try some(.float32, [0, 4])),
    ])
    contents.isCompressed = isCompressed
    return contents
  }

  @Test func whatIsCompressedReadsBackAndIsTheSameTwice() throws {
    let contents = try contents(isCompressed: true)
    let (path, bytes) = try written(contents)
    let checkpoint = try HDF5File.read(path: path)
    #expect(checkpoint.tensors.map(\.name) == contents.tensors.names)
    for (record, entry) in zip(checkpoint.tensors, contents.tensors.entries) {
      #expect(
        try record.tensor.contiguousBytes().hasSameBytes(as: entry.tensor.contiguousBytes()),
        "\(record.name)")
    }
    #expect(checkpoint.facts.isEmpty)
    #expect(try written(contents).bytes == bytes)
    let plain = try written(try self.contents(isCompressed: false)).bytes
    #expect(bytes.count * 10 < plain.count)
  }

  /// h5py's own compression: nothing is wrong with the file.
  @Test func aFilterThatIsNotThere() throws {
    let checkpoint = try HDF5File.read(path: fixture("weight-files/lzf.h5"))
    let error = #expect(throws: PortError.self) {
      try checkpoint.tensors[0].tensor.contiguousBytes()
    }
    #expect(error?.kind == .unsupported)
    #expect(
      error?.description
        == "cannot read the dataset, which is compressed by a filter that libhdf5 does not have"
        + " (record /a); write it again without, for example by h5repack -f GZIP=4")
  }

  /// Every byte of the data of a compressed file is under a checksum.
  @Test func aDamagedByteOfTheDataIsRefused() throws {
    var contents = try weights([("layer.weight", try some(.float32, [16, 16]))])
    contents.isCompressed = true
    let (path, bytes) = try written(contents)
    let signature: [UInt8] = [0x78, 0x9C]
    let start = try #require(bytes.firstRange(of: signature)?.lowerBound)
    for place in stride(from: start, to: start + 40, by: 3) {
      var damaged = bytes
      damaged[place] ^= 4
      try Data(damaged).write(to: URL(filePath: path))
      let tensor = try HDF5File.read(path: path).tensors[0].tensor
      let error = failure { () throws(PortError) in _ = try tensor.contiguousBytes() }
      #expect(error?.record == "/layer/weight")
      #expect(error?.message.contains("cannot read the dataset (libhdf5: ") == true)
    }
  }
}
