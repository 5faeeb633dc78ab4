import TPParity
import Testing

@Suite struct NoiseScoreTests {
  struct Case: Sendable {
    var value: Double
    var truth: Double
    var noise: Float
    var z: Double
    var error: Double
  }

  @Test(arguments: [
    Case(value: 1, truth: 1, noise: 0, z: 0, error: 0),
    Case(value: 0, truth: -0.0, noise: 0, z: 0, error: 0),
    Case(value: 1.5, truth: 1, noise: 0.25, z: 2, error: 0.5),
    Case(value: 1.5, truth: 1, noise: 0, z: .infinity, error: 0.5),
    Case(value: .nan, truth: 1, noise: 1, z: .infinity, error: .infinity),
    Case(value: .infinity, truth: 1, noise: 1, z: .infinity, error: .infinity),
    Case(value: 1, truth: .nan, noise: 1, z: .infinity, error: .infinity),
    Case(value: .nan, truth: .nan, noise: .nan, z: 0, error: 0),
    Case(value: .infinity, truth: .infinity, noise: .nan, z: 0, error: 0),
    Case(value: -.infinity, truth: .infinity, noise: 1, z: .infinity, error: .infinity),
    // Beyond float32, whose largest is 3.4e38: there honest arithmetic overflows, too.
    Case(value: .infinity, truth: 1e39, noise: 1, z: 0, error: 0),
    Case(value: -.infinity, truth: -1e39, noise: 1, z: 0, error: 0),
    Case(value: -.infinity, truth: 1e39, noise: 1, z: .infinity, error: .infinity),
    Case(value: .infinity, truth: 3e38, noise: 1, z: .infinity, error: .infinity),
    Case(value: .nan, truth: 1e39, noise: 1, z: .infinity, error: .infinity),
    // A noise of 1e29 comes from terms of about 1e36 and more, whose partial sums may overflow.
    Case(value: .nan, truth: 1e30, noise: 1e29, z: 0, error: 0),
    Case(value: .nan, truth: 1e30, noise: 1e28, z: .infinity, error: .infinity),
    // Noise that is itself no number proves nothing, so it excuses nothing.
    Case(value: 1, truth: 2, noise: .infinity, z: .infinity, error: 1),
    Case(value: 1, truth: 2, noise: .nan, z: .infinity, error: 1),
  ]) func one(value: Case) {
    var score = NoiseScore()
    score.add(value.value, truth: value.truth, noise: value.noise)
    #expect(score.max == value.z)
    #expect(score.rms == value.z)
    #expect(score.maxError == value.error)
    #expect(score.count == 1)
  }

  /// 2 (1 + 4 / sqrt(n)), and 24 for the largest.
  @Test func lines() {
    #expect(NoiseScore.rmsLine(count: 1) == 10)
    #expect(NoiseScore.rmsLine(count: 4) == 6)
    #expect(NoiseScore.rmsLine(count: 64) == 3)
    #expect(NoiseScore.rmsLine(count: 1_000_000) == 2.008)
  }

  @Test(arguments: [(24.0, 1_000_000, false), (24.5, 1_000_000, true)])
  func overByOneValue(z: Double, count: Int, over: Bool) {
    var score = NoiseScore()
    for _ in 1..<count { score.add(1, truth: 1, noise: 1) }
    score.add(z, truth: 0, noise: 1)
    #expect(score.isOver == over)
  }

  @Test(arguments: [(2.9, false), (3.1, true)]) func overByMany(z: Double, over: Bool) {
    var score = NoiseScore()
    for _ in 0..<64 { score.add(z, truth: 0, noise: 1) }
    #expect(score.isOver == over)
    #expect(abs(score.rms - z) < 1e-12)
  }

  @Test func sumsOfScores() {
    var (a, b) = (NoiseScore(), NoiseScore())
    a.add(3, truth: 0, noise: 1)
    b.add(4, truth: 0, noise: 2)
    a.add(b)
    #expect(a.count == 2)
    #expect(a.max == 3)
    #expect(a.maxError == 4)
    #expect(a.rms == (13.0 / 2).squareRoot())
    #expect(!NoiseScore().isOver)
  }
}
