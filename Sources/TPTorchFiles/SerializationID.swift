/// The record `.data/serialization_id` as PyTorch's builds for Linux compute it, so that our files
/// are theirs to the byte (caffe2/serialize/inline_container.cc, `writeSerializationId`).
///
/// Twenty digits combine a hash of each record's name, in the order in which libstdc++ keeps them in a
/// `std::unordered_set`, and twenty digits the CRC-32 of each record that is not empty, in the order of
/// the file. Nothing checks it: PyTorch uses it to tell files apart.
struct SerializationID {
  private var names: [UInt64] = []
  private var checksums: UInt64 = 0

  /// Counts a record in.
  mutating func add(name: String, checksum: UInt32, isEmpty: Bool) {
    names.append(murmur(Array(name.utf8)))
    if !isEmpty { checksums = combine(checksums, UInt64(checksum)) }
  }

  /// Forty digits.
  var text: String {
    let ordered = setOrder(names)
    return padded(ordered.reduce(0) { combine($0, $1) }) + padded(checksums)
  }

  private func padded(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 20 - digits.count) + digits
  }
}

/// `at::hash_combine`.
private func combine(_ seed: UInt64, _ value: UInt64) -> UInt64 {
  seed ^ (value &+ 0x9E37_79B9 &+ (seed << 6) &+ (seed >> 2))
}

/// `std::hash<std::string>` of libstdc++: MurmurHash64A with this seed.
private func murmur(_ bytes: [UInt8]) -> UInt64 {
  let factor: UInt64 = 0xC6A4_A793_5BD1_E995
  let word = { (range: Range<Int>) in
    range.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
  }
  var hash = 0xC70F_6907 ^ (UInt64(bytes.count) &* factor)
  let whole = bytes.count / 8 * 8
  for start in stride(from: 0, to: whole, by: 8) {
    var part = word(start..<start + 8) &* factor
    part = (part ^ part >> 47) &* factor
    hash = (hash ^ part) &* factor
  }
  if whole < bytes.count { hash = (hash ^ word(whole..<bytes.count)) &* factor }
  hash = (hash ^ hash >> 47) &* factor
  return hash ^ hash >> 47
}

/// Hashes in the order in which a `std::unordered_set` that they were put into hands them out: one
/// list, in which a bucket's elements stand together, the newest bucket, and in it the newest, first.
private func setOrder(_ hashes: [UInt64]) -> [UInt64] {
  // The bucket counts that libstdc++ grows through, one element a bucket at most.
  let sizes: [Int] = [
    13, 29, 59, 127, 257, 541, 1_109, 2_357, 5_087, 10_273, 20_753, 42_043, 85_229, 172_933,
    351_061, 712_697, 1_447_153,
  ]
  var list = BucketList(buckets: 1)
  var grown = 0
  var limit = 0
  for hash in hashes {
    if list.count == limit, grown < sizes.count {
      limit = sizes[grown]
      grown += 1
      var larger = BucketList(buckets: limit)
      for known in list.elements { larger.insert(known) }
      list = larger
    }
    list.insert(hash)
  }
  return list.elements
}

/// The one linked list of a `std::unordered_set`.
private struct BucketList {
  private var values: [UInt64] = []
  private var next: [Int] = []
  private var head = -1
  /// The first element of each bucket, and the element before it; -1 where there is none.
  private var first: [Int]
  private var before: [Int] = []

  init(buckets: Int) {
    first = Array(repeating: -1, count: buckets)
  }

  var count: Int { values.count }

  mutating func insert(_ value: UInt64) {
    let bucket = Int(value % UInt64(first.count))
    let place = values.count
    let old = first[bucket]
    let previous = old < 0 ? -1 : before[old]
    let following = previous < 0 ? head : next[previous]
    values.append(value)
    next.append(following)
    before.append(previous)
    if previous < 0 { head = place } else { next[previous] = place }
    if following >= 0 { before[following] = place }
    first[bucket] = place
  }

  var elements: [UInt64] {
    var result: [UInt64] = []
    var place = head
    while place >= 0 {
      result.append(values[place])
      place = next[place]
    }
    return result
  }
}
