import LipReading
import Testing

/// What logits are taken for; the same that `torch.argmax` says.
@Suite struct ClassificationTests {
  @Test(
    arguments: [
      ([1, 3, 2], 1), ([2, 2], 0), ([-.infinity, -1], 1), ([0, .nan, 1], 1), ([.nan, 5, .nan], 0),
    ] as [([Float], Int)])
  func theLargest(logits: [Float], index: Int) {
    let names = logits.indices.map { "class \($0)" }
    for areProbabilities in [false, true] {
      let found = Classification(
        logits: logits, classes: names, areProbabilities: areProbabilities)
      #expect(found.index == index)
      #expect(found.className == names[index])
    }
  }
}
