#if canImport(CryptoKit)
  internal import CryptoKit
#else
  internal import CTPLibCrypto
#endif
internal import TPBytes

/// SHA-256 (FIPS 180-4) under way, by OpenSSL's libcrypto, or by CryptoKit where that is part of the
/// system.
struct SHA256Hash {
  #if canImport(CryptoKit)
    private var state = CryptoKit.SHA256()
  #else
    private var state = SHA256_CTX()
  #endif

  init() {
    #if !canImport(CryptoKit)
      unsafe SHA256_Init(&state)
    #endif
  }

  /// Adds bytes.
  mutating func update(_ bytes: RawSpan) {
    #if canImport(CryptoKit)
      unsafe bytes.withUnsafeBytes { unsafe state.update(bufferPointer: $0) }
    #else
      unsafe bytes.withUnsafeBytes { bytes in
        _ = unsafe SHA256_Update(&state, bytes.baseAddress, bytes.count)
      }
    #endif
  }

  mutating func update(_ writer: ByteWriter) { update(writer.bytes.span.bytesView) }

  /// The 32 bytes of what has been added so far; more can follow.
  var digest: [UInt8] {
    #if canImport(CryptoKit)
      return Array(state.finalize())
    #else
      var (ended, digest) = (state, [UInt8](repeating: 0, count: 32))
      unsafe SHA256_Final(&digest, &ended)
      return digest
    #endif
  }
}
