import TPBytes
import TPCheckpoints
import Testing

@Suite struct SignatureTests {
  static func zip(_ first: String) -> [UInt8] {
    [0x50, 0x4B, 3, 4] + Array(repeating: 0, count: 22) + [UInt8(first.utf8.count), 0, 0, 0]
      + Array(first.utf8)
  }

  static func safetensors(length: UInt64, _ text: String) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(length)
    writer.append(utf8: text)
    return writer.bytes
  }

  static let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  @Test(
    arguments: [
      (zip("archive/data.pkl"), .torchZip),
      (zip("input.npy"), .npz),
      (zip(".npy"), .npz),
      (zip("npy"), .torchZip),
      ([0x50, 0x4B, 3, 4], .torchZip),
      (Array("PK\u{5}\u{6}".utf8), .torchZip),
      ([0x93] + Array("NUMPY".utf8) + [1, 0], .npy),
      (hdf5, .hdf5),
      (Array(repeating: 0, count: 512) + hdf5, .hdf5),
      (Array(repeating: 0, count: 4096) + hdf5, .hdf5),
      (safetensors(length: 2, "{}"), .safetensors),
      (Array(repeating: 0, count: 257) + Array("ustar\u{0}00".utf8), .tar),
      ([0x80, 2] + legacy, .torchLegacy),
      ([0x80, 4, 0x95, 13, 0, 0, 0, 0, 0, 0, 0] + legacy, .torchLegacy),
      (Array("L119547037146038801333356L\n.".utf8), .torchLegacy),
      ([0x80, 4, 0x95, 1, 0], .pickle),
      (Array("(dp0\n.".utf8), .textPickle),
      (Array(#" {"metadata": {}, "weight_map": {}}"#.utf8), .shardIndex),
      // Cut short: the reader of safetensors says so best.
      (safetensors(length: 4000, "{"), .safetensors),
    ] as [([UInt8], FileSignature)]) func known(bytes: [UInt8], signature: FileSignature) throws
  {
    #expect(try FileSignature.sniff(bytes.span.bytesView) == signature)
  }

  static let legacy: [UInt8] = [
    0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  static let pointer = """
    version https://git-lfs.github.com/spec/v1
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
    size 8685997

    """

  @Test(
    arguments: [
      (Array(pointer.utf8), "is a Git LFS pointer of a file of 8685997 bytes, not the file itself"),
      (
        Array("version https://git-lfs.github.com/spec/v1\n".utf8),
        "is a Git LFS pointer, not the file itself"
      ),
      (
        Array("version https://git-lfs.github.com/spec/v1\r\nsize 12\r\n".utf8),
        "is a Git LFS pointer of a file of 12 bytes, not the file itself"
      ),
      (Array("\n <!DOCTYPE HTML><title>Sign in".utf8), "is a web page (HTML)"),
      (Array("\u{FEFF}<html lang='en'>".utf8), "is a web page (HTML)"),
      (Array("Liebe Grüße".utf8), "is text, not a file of tensors"),
      ([0x1F, 0x8B, 8, 0], "is compressed with gzip"),
      (Array("BZh9".utf8), "is compressed with bzip2"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "is compressed with xz"),
      ([0x28, 0xB5, 0x2F, 0xFD, 0], "is compressed with Zstandard"),
      ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "is compressed with 7z"),
      (Array("Rar!\u{1A}".utf8), "is compressed with RAR"),
      (
        [0x50, 0x4B, 7, 8, 0x50, 0x4B, 3, 4],
        "is the first part of a split zip archive, or what follows the mark of one"
      ),
      (Array("PYTORCH1".utf8) + [0], "is of a format that only previews of PyTorch 1.0 wrote"),
      (Array("GGUF".utf8) + [3, 0, 0, 0], "is a GGUF model"),
      ([0x1C, 0, 0, 0] + Array("TFL3".utf8), "is a TensorFlow Lite model"),
      ([0x08, 0x08, 0x12, 0x07] + Array("pytorch".utf8) + [0x1A], "is an ONNX model"),
      (
        Array("MATLAB 5.0 MAT-file, made by".utf8),
        "is a MATLAB file older than version 7.3, not a file of tensors"
      ),
      ([0x89, 0x50, 0x4E, 0x47, 0x0D], "is a PNG image, not a file of tensors"),
      ([0, 0, 0, 24] + Array("ftypisom".utf8), "is a video (MP4), not a file of tensors"),
      (
        [0, 1, 2, 0xFF],
        "is of no format that can be read here: it begins with the bytes 00 01 02 ff"
      ),
    ] as [([UInt8], String)]) func impostors(bytes: [UInt8], message: String)
  {
    let error = #expect(throws: PortError.self) { try FileSignature.sniff(bytes.span.bytesView) }
    #expect(error?.kind == .unsupported)
    #expect(error?.message == message)
    #expect(error?.remedy?.isEmpty == false)
  }

  @Test func empty() {
    #expect(
      throws: PortError(.truncated, "is empty", remedy: "copy or download the file again")
    ) { try FileSignature.sniff([UInt8]().span.bytesView) }
  }
}
