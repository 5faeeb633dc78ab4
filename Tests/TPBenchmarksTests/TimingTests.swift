import TPBenchmarks
import TPModels
import Testing

@Suite struct TimingTests {
  // numpy.median, and (numpy.quantile(a, 0.75) - numpy.quantile(a, 0.25)) / numpy.median(a).
  @Test(arguments: [
    ([1.0], 1.0, 0.0), ([3, 1], 2, 0.5), ([5, 1, 2, 9], 3.5, 1.2142857142857142),
    ([0.5, 0.25, 4, 1, 2], 1, 1.5),
  ])
  func medianAndSpread(seconds: [Double], median: Double, spread: Double) {
    let timing = Timing(job: "", seconds: seconds, bytes: 7, operations: 14)
    #expect(timing.median == median)
    #expect(abs(timing.spread - spread) < 1e-15)
    #expect(timing.least == seconds.min())
    #expect(timing.bandwidth == 7 / median)
    #expect(timing.rate == 14 / median)
  }

  @Test func theMachineHasAPeakForEachNumberOfThreads() throws {
    let machine = Machine.measured(threads: [1, 2, 1])
    #expect(machine.peaks.keys.sorted() == [1, 2])
    #expect(machine.kernels == .best)
    // Any processor that runs this copies a byte and adds a number in a microsecond.
    #expect(machine.peaks.values.allSatisfy { $0 > 1e6 })
    #expect(machine.copying > 1e6)
  }
}
