import Foundation
import TPModels
import Testing

/// Sigmoid, hyperbolic tangent and softmax against mpmath and PyTorch in float64.
struct FunctionTests {
  struct Expected: Decodable {
    var x: String
    var sigmoid: String
    var tanh: String
    var logits: String
    var softmax: String
  }

  @Test(arguments: KernelVariant.available)
  func sigmoidAndTanhAreAccurate(variant: KernelVariant) throws {
    let expected = try Fixtures.read("functions.json", as: Expected.self)
    let x: [Float] = numbers(expected.x)
    #expect(x.count > 2_000)
    let pairs = [
      (sigmoid(x, variant: variant), numbers(expected.sigmoid, as: Double.self), 2.5),
      (hyperbolicTangent(x, variant: variant), numbers(expected.tanh, as: Double.self), 2),
    ]
    for (found, truth, limit) in pairs {
      for index in x.indices {
        let ulp = Double(max(abs(Float(truth[index])).ulp, Float.leastNonzeroMagnitude))
        let distance = abs(Double(found[index]) - truth[index])
        #expect(distance <= limit * ulp, "x = \(x[index])")
      }
    }
  }

  @Test func edges() {
    let x: [Float] = [.infinity, -.infinity, 0, -0.0, .nan]
    let s = sigmoid(x)
    #expect(s[0] == 1 && s[1] == 0 && s[2] == 0.5 && s[3] == 0.5 && s[4].isNaN)
    let t = hyperbolicTangent(x)
    #expect(t[0] == 1 && t[1] == -1 && t[2] == 0 && t[4].isNaN)
    #expect(t[3].sign == .minus)
  }

  @Test func variantsAgree() throws {
    let expected = try Fixtures.read("functions.json", as: Expected.self)
    let x: [Float] = numbers(expected.x)
    for variant in KernelVariant.available {
      #expect(sigmoid(x, variant: variant) == sigmoid(x))
      #expect(hyperbolicTangent(x, variant: variant) == hyperbolicTangent(x))
    }
  }

  @Test func probabilities() throws {
    let expected = try Fixtures.read("functions.json", as: Expected.self)
    let logits: [Float] = numbers(expected.logits)
    let truth: [Double] = numbers(expected.softmax)
    for clip in 0..<logits.count / 4 {
      let found = softmax(Array(logits[clip * 4..<clip * 4 + 4]))
      #expect(found == truth[clip * 4..<clip * 4 + 4].map { Float($0) })
    }
  }

  @Test func probabilitiesOfStrangeLogits() {
    #expect(softmax([]) == [])
    #expect(softmax([1_000, 1_000]) == [0.5, 0.5])
    #expect(softmax([0, -.infinity]) == [1, 0])
    #expect(softmax([0, .nan]).allSatisfy { $0.isNaN })
    #expect(softmax([.infinity, 0]).contains { $0.isNaN })
  }
}
