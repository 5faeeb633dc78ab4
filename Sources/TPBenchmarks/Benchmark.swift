public import TPBytes
public import TPModels
internal import TPParity

/// How fast this machine opens, reads, converts, compares and runs a checkpoint.
public struct Benchmark: Sendable {
  /// The checkpoint.
  public var checkpoint: String
  /// What its weights must fit; `nil` for the built-in network that does, or none.
  public var architecture: Architecture?
  /// A golden of these weights; without one `verify` is not timed.
  public var golden: String?
  /// Runs of each job; at least 1.
  public var runs = 15
  /// Clips that are run at a time; each at least 1.
  public var batches = [1, 8]
  /// Numbers of threads; each at least 1.
  public var threads = [1, 2]
  /// Which kernels run the network.
  public var kernels = KernelVariant.best
  /// Which jobs are timed, by their names.
  public var isWanted: @Sendable (String) -> Bool = { _ in true }
  /// What files may ask for.
  public var limits = ReadLimits()

  /// The benchmark of a checkpoint.
  public init(checkpoint: String) {
    self.checkpoint = checkpoint
  }

  /// What was found.
  public struct Result: Sendable {
    /// The checkpoint's file, as the user gave it.
    public let checkpoint: String
    /// The network that its weights fit, if any.
    public let architecture: Architecture?
    /// The machine.
    public let machine: Machine
    /// One for each job, in the order in which they take turns.
    public let timings: [Timing]

    /// What was found.
    public init(
      checkpoint: String, architecture: Architecture?, machine: Machine, timings: [Timing]
    ) {
      self.checkpoint = checkpoint
      self.architecture = architecture
      self.machine = machine
      self.timings = timings
    }
  }

  /// Runs every job once in each round, so that what disturbs one disturbs all.
  ///
  /// - Parameter progress: is told the round that is done, and how many there are.
  /// - Throws: `PortError` where the checkpoint or the golden cannot be used, this processor does not
  ///   run the kernels, or no job is wanted.
  public func run(progress: (Int, Int) -> Void = { _, _ in }) throws(PortError) -> Result {
    let folder = try TemporaryFolder()
    // The jobs know its files by their paths alone.
    defer { withExtendedLifetime(folder) {} }
    let model = try loadedModel()
    var jobs = try fileJobs(model, in: folder)
    if let model { jobs += try networkJobs(model, in: folder) }
    let names = jobs.map(\.name)
    jobs.removeAll { !isWanted($0.name) }
    guard !jobs.isEmpty else {
      var seen: Set<String> = []
      throw PortError(
        .usage, "no job is wanted",
        remedy: "there are: " + names.filter { seen.insert($0).inserted }.joined(separator: "; "))
    }
    let machine = Machine.measured(threads: threads.map { max(1, $0) }, kernels: kernels)
    var repeats: [Int] = []
    for job in jobs { repeats.append(try job.repeats()) }
    var seconds = jobs.map { _ in [Double]() }
    for round in 0..<max(1, runs) {
      for (place, job) in jobs.enumerated() {
        seconds[place].append(try job.time(repeats: repeats[place]))
      }
      progress(round + 1, max(1, runs))
    }
    return Result(
      checkpoint: checkpoint, architecture: model?.architecture, machine: machine,
      timings: zip(jobs, seconds).map { job, seconds in
        Timing(
          job: job.name, seconds: seconds, bytes: job.bytes, operations: job.operations,
          threads: job.threads)
      })
  }

  /// The network, or `nil` where the file holds none that is known and none was asked for.
  private func loadedModel() throws(PortError) -> LoadedModel? {
    do throws(PortError) {
      return try LoadedModel.open(path: checkpoint, architecture: architecture, limits: limits)
    } catch {
      guard architecture == nil, golden == nil, error.kind == .mismatch else { throw error }
      return nil
    }
  }
}
