internal import TPBytes
internal import TPHDF5
internal import TPTensors

/// The child's side of reading HDF5 in a process of its own.
public enum HDF5Child {
  /// Answers what the parent asks about a file, on standard input, until it asks no more.
  ///
  /// - Returns: the status to end with.
  public static func serve(path: String) -> Int32 {
    let channel = Channel(descriptor: 0)
    var service = HDF5Service(path: path)
    do throws(Channel.Failure) {
      while true {
        let request = try channel.receive(HDF5Message.byteCount)
        var head = ByteWriter(capacity: 9)
        switch service.answer(request) {
        case .success(let region):
          head.append([1])
          head.little(UInt64(region.count))
          try channel.send(head.bytes.span.bytesView)
          try channel.send(region.bytes)
        case .failure(let error):
          let sentence = error.encoded
          head.append([0])
          head.little(UInt64(sentence.count))
          try channel.send(head.bytes.span.bytesView)
          try channel.send(sentence.span.bytesView)
        }
      }
    } catch {
      return error == .closed ? 0 : 2
    }
  }
}

/// A file and what was already told of it.
private struct HDF5Service {
  /// Memory beyond the elements that are asked for: the program, libhdf5, what it knows of the file.
  private static let baseMemory = 1 << 30

  let path: String
  private var isOpen = false
  private var storages: [Storage] = []

  init(path: String) {
    self.path = path
  }

  mutating func answer(_ request: [UInt8]) -> Result<ByteRegion, PortError> {
    do throws(PortError) {
      let (kind, fields) = try HDF5Message.parse(request)
      guard let first = fields.first else {
        throw PortError(.usage, "the request is empty")
      }
      switch kind {
      case 1 where !isOpen:
        isOpen = true
        return .success(try open(ReadLimits(fields: fields)))
      case 2 where storages.indices.contains(first):
        return .success(try elements(of: storages[first]))
      default: throw PortError(.usage, "the request makes no sense")
      }
    } catch {
      return .failure(error)
    }
  }

  private mutating func open(_ limits: ReadLimits) throws(PortError) -> ByteRegion {
    // The parent has looked at the file: it is there, and a regular one.
    let size = try SharedBytes(path: path, mapFrom: 0).count
    bound(work: size, memory: 0)
    // The parent keeps what it will need again.
    let checkpoint = try HDF5File.read(path: path, limits: limits, budget: CacheBudget(0))
    var encoder = CheckpointEncoder()
    let bytes = encoder.encode(checkpoint)
    guard bytes.count <= limits.headerBytes else {
      throw PortError(
        .limit, "names and attributes take more than \(limits.headerBytes) bytes",
        remedy: ReadLimits.Named.headerBytes.remedy)
    }
    storages = encoder.storages
    return ByteRegion(bytes)
  }

  private func elements(of storage: Storage) throws(PortError) -> ByteRegion {
    bound(work: storage.byteCount, memory: storage.byteCount)
    return try storage.bytes(caching: false)
  }

  /// Bounds what libhdf5 may take, by the size of what it works at: damaged structures can make it
  /// run for ever.
  private func bound(work: Int, memory: Int) {
    let (total, overflow) = Self.baseMemory.addingReportingOverflow(memory)
    ProcessBounds.set(seconds: 10 + work / 5_000_000, addressSpace: overflow ? .max : total)
  }
}
