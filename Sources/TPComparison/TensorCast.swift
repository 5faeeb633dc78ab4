internal import TPBytes
internal import TPCheckpoints
internal import TPTensors

/// What two tensors of one shape and different types have to do with each other.
func cast(_ a: Tensor, _ b: Tensor) throws(PortError) -> TensorDifference.Cast? {
  let types: Set<DType> = [.float64, .float32, .float16, .bfloat16]
  guard types.contains(a.dtype), types.contains(b.dtype) else { return nil }
  let forth = try a.rounded(to: b.dtype).tensor.contiguousBytes()
    .hasSameBytes(as: try b.contiguousBytes())
  let back = try b.rounded(to: a.dtype).tensor.contiguousBytes()
    .hasSameBytes(as: try a.contiguousBytes())
  return forth && back ? .exact : forth ? .rounded : back ? .widened : nil
}

/// How many elements of the second side are not a number, as far as it was measured: 1 stands for any
/// where only norms were.
func nans(_ measures: TensorMeasures?) -> Int {
  guard let measures else { return 0 }
  return measures.details?.b.nan ?? (measures.normB.isNaN ? 1 : 0)
}

/// How many elements are not a number; 0 where they cannot be had.
func nans(_ tensor: Tensor) -> Int {
  guard tensor.dtype.isFloatingPoint else { return 0 }
  return (try? TensorStatistics(tensor))?.nan ?? 0
}

/// Puts together what was removed and added with the same type, shape and elements: a tensor that was
/// renamed. Of several that are alike the first removed goes with the first added.
func withRenames(
  _ differences: [TensorDifference], _ a: StateDict, _ b: StateDict
) throws(PortError) -> [TensorDifference] {
  let removed = differences.filter { $0.status == .removed }
  let added = differences.filter { $0.status == .added }
  if removed.isEmpty || added.isEmpty { return differences }
  // Only what has a partner of its type and shape is hashed.
  let kinds = Set(removed.compactMap(\.a)).intersection(added.compactMap(\.b))
  var candidates: [Content: [String]] = [:]
  for difference in added {
    guard let side = difference.b, kinds.contains(side), let tensor = b[difference.name],
      let digest = try? TensorDigest(of: tensor)
    else { continue }
    candidates[Content(side: side, digest: digest), default: []].append(difference.name)
  }
  var contents: [String: Content] = [:]
  var counts: [Content: Int] = [:]
  for difference in removed {
    guard let side = difference.a, kinds.contains(side), let tensor = a[difference.name],
      let digest = try? TensorDigest(of: tensor)
    else { continue }
    let content = Content(side: side, digest: digest)
    contents[difference.name] = content
    counts[content, default: 0] += 1
  }
  let nansOfAdded = Dictionary(added.map { ($0.name, $0.nanInB) }) { first, _ in first }
  var used: [Content: Int] = [:]
  var taken: Set<String> = []
  var result = differences
  for index in result.indices where result[index].status == .removed {
    guard let content = contents[result[index].name], let names = candidates[content] else {
      continue
    }
    let place = used[content, default: 0]
    guard place < names.count else { continue }
    used[content] = place + 1
    let name = names[place]
    taken.insert(name)
    result[index].status = .renamed
    result[index].newName = name
    result[index].b = result[index].a
    result[index].nanInB = nansOfAdded[name] ?? 0
    result[index].isAmbiguous = names.count > 1 || (counts[content] ?? 0) > 1
  }
  return result.filter { $0.status != .added || !taken.contains($0.name) }
}

/// What makes two tensors the same under different names.
private struct Content: Hashable {
  let side: TensorDifference.Side
  let digest: TensorDigest
}
