internal import Synchronization
internal import TPBytes
internal import TPCheckpoints
internal import TPComparison
internal import TPConversion
internal import TPParity
internal import TPTensors

extension Benchmark {
  /// Opening, reading, hashing, converting and comparing the checkpoint.
  func fileJobs(_ model: LoadedModel?, in folder: TemporaryFolder) throws(PortError) -> [Job] {
    let (path, limits) = (checkpoint, limits)
    var options = ConversionOptions(architecture: .none)
    if let architecture {
      options.architecture = .named(architecture)
    } else if model != nil {
      options.architecture = .automatic
    }
    var jobs = [
      always("open") { () throws(PortError) in
        _ = try CheckpointFile.open(path: path, limits: limits)
      }
    ]
    var load = always("load and touch every tensor") { () throws(PortError) in
      var sum: UInt64 = 0
      for region in try Self.storages(try CheckpointFile.open(path: path, limits: limits)) {
        sum &+= Self.sum(region)
      }
      // Kept, so that the reading is not found to be of no use.
      Self.sums.wrappingAdd(sum, ordering: .relaxed)
    }
    load.bytes = try? Self.storages(try CheckpointFile.open(path: path, limits: limits))
      .reduce(0) { $0 + $1.count }
    jobs.append(load)
    var digest = always("hash every tensor") { () throws(PortError) in
      for record in try CheckpointFile.open(path: path, limits: limits).tensors {
        _ = try TensorDigest(of: record.tensor, limits: limits)
      }
    }
    digest.bytes = load.bytes
    jobs.append(digest)
    for (name, format) in [("safetensors", WeightFormat.safetensors), ("hdf5", .hdf5)] {
      var job = ConversionJob(
        input: path, output: folder.file("converted." + name), format: format, options: options)
      job.replacing = true
      let conversion = job
      // Other jobs read the file, whether this one is wanted or not.
      if format == .safetensors { _ = try conversion.run(limits: limits) }
      jobs.append(
        always("convert to \(name)") { () throws(PortError) in
          _ = try conversion.run(limits: limits)
        })
    }
    let converted = folder.file("converted.safetensors")
    jobs.append(
      always("diff with what was converted") { () throws(PortError) in
        let left = try CheckpointFile.open(path: path, limits: limits)
        let right = try CheckpointFile.open(path: converted, limits: limits)
        _ = try CheckpointDifference(left, right, files: (path, converted))
      })
    for (name, isQuick) in [
      ("diff with every weight moved", false), ("diff --quick with every weight moved", true),
    ] {
      jobs.append(
        Job(name: name) { () throws(PortError) in
          let left = try CheckpointFile.open(path: path, limits: limits)
          let right = try Self.moved(left)
          return { () throws(PortError) in
            _ = try CheckpointDifference(
              left, right, files: (path, path), options: DiffOptions(isQuick: isQuick))
          }
        })
    }
    return jobs
  }

  /// The same with the last bit of every floating-point element the other way about.
  private static func moved(_ checkpoint: Checkpoint) throws(PortError) -> Checkpoint {
    var copy = checkpoint
    for place in copy.tensors.indices {
      let tensor = copy.tensors[place].tensor
      guard tensor.dtype.isFloatingPoint, tensor.layout == .strided else { continue }
      var bytes = try tensor.contiguousBytes().array()
      for first in stride(from: 0, to: bytes.count, by: tensor.dtype.byteCount) {
        bytes[first] ^= 1
      }
      copy.tensors[place].tensor = try Tensor(
        dtype: tensor.dtype, shape: tensor.shape,
        storage: Storage(key: tensor.storage.key, region: ByteRegion(bytes)))
    }
    return copy
  }

  private static let sums = Atomic<UInt64>(0)

  /// A job that needs no preparation.
  func always(_ name: String, _ work: @escaping () throws(PortError) -> Void) -> Job {
    Job(name: name) { () throws(PortError) in work }
  }

  /// The storages of a checkpoint, each once, with their checksums verified.
  private static func storages(_ checkpoint: Checkpoint) throws(PortError) -> [ByteRegion] {
    var seen: Set<ObjectIdentifier> = []
    var regions: [ByteRegion] = []
    for record in checkpoint.tensors + checkpoint.arrays
    where seen.insert(ObjectIdentifier(record.tensor.storage)).inserted {
      regions.append(try record.tensor.storage.bytes())
    }
    return regions
  }

  private static func sum(_ region: ByteRegion) -> UInt64 {
    unsafe region.bytes.withUnsafeBytes { buffer in
      var sum: UInt64 = 0
      let words = buffer.count / 8
      for place in 0..<words {
        sum &+= unsafe buffer.loadUnaligned(fromByteOffset: place &* 8, as: UInt64.self)
      }
      for place in (words * 8)..<buffer.count { sum &+= UInt64(unsafe buffer[place]) }
      return sum
    }
  }
}
