private import Dispatch
internal import Synchronization
public import TPBytes
internal import TPCheckpoints

/// Several files to be converted into one folder.
public struct ConversionBatch: Sendable {
  /// What came of one file.
  public struct Result: Sendable {
    /// What was to be done.
    public let job: ConversionJob
    /// What was done, or why it was not.
    public let outcome: Swift.Result<ConversionReport, PortError>
  }

  /// The files in order.
  public let jobs: [ConversionJob]

  /// Names the outputs after the inputs: `RUN/best.pth` becomes `FOLDER/best.safetensors`.
  ///
  /// - Parameters:
  ///   - inputs: the paths of the files.
  ///   - folder: where the outputs are written.
  ///   - job: what all have in common; its input and output are not used.
  /// - Throws: `PortError` of kind `usage` where two inputs would have one output.
  public init(
    _ inputs: [String], into folder: String, like job: ConversionJob
  ) throws(PortError) {
    var jobs: [ConversionJob] = []
    var taken: [String: String] = [:]
    // Keras takes the name's word for what a file is.
    let kind = job.options.layout == .keras ? ".weights." : "."
    let ending = kind + (job.format.extensions.first ?? job.format.rawValue)
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    for input in inputs {
      var own = job
      own.input = input
      let stem = Self.stem(ConversionJob.baseName(input))
      own.output = base + stem + ending
      if let other = taken.updateValue(input, forKey: stem) {
        throw PortError(
          .usage,
          "\(printable(other)) and \(printable(input)) would both become \(printable(own.output))",
          remedy: "convert one of them into another folder")
      }
      jobs.append(own)
    }
    self.jobs = jobs
  }

  /// A name without its extension; one that is nothing else keeps it.
  private static func stem(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// Converts all, going on after failures; the results are in the order of the files, and do not
  /// depend on `threads`.
  ///
  /// - Parameters:
  ///   - threads: at most how many files at a time; each needs memory for itself.
  ///   - limits: the bounds on what each file may ask for.
  ///   - progress: told how many are done and which one was the last, one call at a time.
  public func run(
    threads: Int, limits: ReadLimits = ReadLimits(),
    progress: @Sendable (_ done: Int, _ last: Result) -> Void = { _, _ in }
  ) -> [Result] {
    let next = Atomic<Int>(0)
    let results = Mutex<(list: [Result?], done: Int)>(
      (Array(repeating: nil, count: jobs.count), 0))
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, jobs.count))) { _ in
      while true {
        let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard place < jobs.count else { return }
        let result = Self.convert(jobs[place], limits)
        results.withLock { results in
          results.list[place] = result
          results.done += 1
          progress(results.done, result)
        }
      }
    }
    return results.withLock { $0.list.compactMap { $0 } }
  }

  private static func convert(_ job: ConversionJob, _ limits: ReadLimits) -> Result {
    do throws(PortError) {
      return Result(job: job, outcome: .success(try job.run(limits: limits)))
    } catch {
      return Result(job: job, outcome: .failure(error))
    }
  }
}
