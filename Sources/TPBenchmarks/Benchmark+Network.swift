internal import LipReading
internal import TPBytes
internal import TPModels
internal import TPParity

extension Benchmark {
  /// Making the weights ready, running the network, and verifying it.
  func networkJobs(_ model: LoadedModel, in folder: TemporaryFolder) throws(PortError) -> [Job] {
    var jobs: [Job] = []
    let (path, limits) = (checkpoint, limits)
    let native = folder.file("converted.safetensors")
    let (threads, kernels) = (threads.map { max(1, $0) }, kernels)
    let network = try Network(model.architecture, model.weights, variant: kernels)
    let most = threads.max() ?? 1
    if Architecture.builtIn.contains(where: { $0.name == model.architecture.name }) {
      jobs.append(
        always("native file to weights that are ready") { () throws(PortError) in
          try LipReader(path: native).prepare(threads: 1)
        })
    }
    jobs.append(
      always("checkpoint to weights that are ready") { () throws(PortError) in
        let loaded = try LoadedModel.open(
          path: path, architecture: model.architecture, limits: limits)
        loaded.network.prepare(threads: 1)
      })
    let clip = noise(model.architecture.input.reduce(1, *))
    let operations = 2 * model.architecture.multiplyAdds.reduce(0) { $0 + $1.count }
    jobs.append(
      Job(
        name: "forward, the first call", operations: operations, threads: 1, isRepeatable: false
      ) { () throws(PortError) in
        let network = try Network(model.architecture, model.weights, variant: kernels)
        network.prepare(threads: 1)
        return { () throws(PortError) in _ = try network.run(clip, batch: 1) }
      })
    for count in threads {
      for batch in batches.map({ max(1, $0) }) {
        jobs.append(forward(network, clip, batch: batch, threads: count, operations))
      }
    }
    guard let golden else { return jobs }
    let whole = try Golden.open(path: golden, limits: limits)
    for (name, golden) in [
      ("verify", whole), ("verify the logits alone", whole.keeping([Architecture.logits])),
    ] {
      var job = always("\(name), \(golden.clips) clips") { () throws(PortError) in
        _ = try Parity.verify(
          weights: model, golden: golden, threads: most, diagnosing: false)
      }
      job.threads = most
      jobs.append(job)
    }
    return jobs
  }

  private func forward(
    _ network: Network, _ clip: [Float], batch: Int, threads: Int, _ operations: Int
  ) -> Job {
    var input: [Float] = []
    for _ in 0..<batch { input += clip }
    let clips = input
    var logits: [Float] = []
    let noun = batch == 1 ? "clip" : "clips"
    return Job(
      name: "forward, \(batch) \(noun)", operations: operations * batch, threads: threads
    ) { () throws(PortError) in
      // A call among calls: the jobs that had their turn before this one have taken the caches.
      try network.run(clips, batch: batch, into: &logits, threads: threads)
      return { () throws(PortError) in
        try network.run(clips, batch: batch, into: &logits, threads: threads)
      }
    }
  }

  /// Numbers in [0, 1) that are the same on every machine; what they are does not change the time.
  private func noise(_ count: Int) -> [Float] {
    var state: UInt32 = 2_463_534_242
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      return Float(state >> 8) / 16_777_216
    }
  }
}
