// A superblock of version 2 or 3 (HDF5 file format specification 3.0, II.A), in our files:
//   0    8 B   signature
//   8    u8    version
//   9    2 B   sizes of offsets and lengths: 8 and 8
//   11   u8    consistency flags; 1 while a writer has the file open
//   12   4 x u64  addresses
//   44   u32   Jenkins' lookup3 of the 44 bytes before

/// Makes the checksum of a superblock right again.
///
/// `H5Fget_file_image` takes the flag of the open writer back and leaves the checksum as it was with
/// the flag (seen in 1.10.8), so that nobody could open the image. Where the library has this right,
/// nothing changes.
func repairSuperblock(_ image: UnsafeMutableRawBufferPointer) {
  guard image.count >= 48, unsafe image[8] == 2 || image[8] == 3,
    unsafe image[9] == 8, unsafe image[10] == 8
  else { return }
  let sum = unsafe lookup3(UnsafeRawBufferPointer(rebasing: image[..<44]))
  unsafe image.storeBytes(of: sum.littleEndian, toByteOffset: 44, as: UInt32.self)
}

/// Bob Jenkins' hash of 2006 (lookup3.c, `hashlittle`, in the public domain), from 0.
private func lookup3(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  func word(_ start: Int) -> UInt32 {
    (0..<4).reduce(0) { sum, byte in
      let place = start + byte
      return place < bytes.count ? unsafe sum | UInt32(bytes[place]) << (8 * UInt32(byte)) : sum
    }
  }
  func turn(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }
  var a = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
  var (b, c) = (a, a)
  var start = 0
  while true {
    a &+= word(start)
    b &+= word(start + 4)
    c &+= word(start + 8)
    // The last block, whole or in part, is stirred differently.
    if bytes.count - start <= 12 { break }
    start += 12
    a = (a &- c) ^ turn(c, 4)
    c &+= b
    b = (b &- a) ^ turn(a, 6)
    a &+= c
    c = (c &- b) ^ turn(b, 8)
    b &+= a
    a = (a &- c) ^ turn(c, 16)
    c &+= b
    b = (b &- a) ^ turn(a, 19)
    a &+= c
    c = (c &- b) ^ turn(b, 4)
    b &+= a
  }
  c = (c ^ b) &- turn(b, 14)
  a = (a ^ c) &- turn(c, 11)
  b = (b ^ a) &- turn(a, 25)
  c = (c ^ b) &- turn(b, 16)
  a = (a ^ c) &- turn(c, 4)
  b = (b ^ a) &- turn(a, 14)
  return (c ^ b) &- turn(b, 24)
}
