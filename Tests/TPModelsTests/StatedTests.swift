import TPBytes
import TPModels
import Testing

private func shares(_ axis: Int, logarithm: Bool = false) -> Layer {
  Layer(.softmax(axis: axis, logarithm: logarithm))
}

/// What a weight file states of its network.
@Suite struct StatedTests {
  private func failure(_ statement: Architecture.Statement) -> PortError? {
    do throws(PortError) {
      _ = try Architecture.stated(statement)
      return nil
    } catch {
      return error
    }
  }

  private static let tiny =
    #"{"name":"T","input":[2],"layers":[{"name":"f","kind":"Linear","in_features":2,"out_features":2}]}"#

  @Test func namesAndDescriptions() throws {
    #expect(try Architecture.stated(.init()) == nil)
    #expect(try Architecture.stated(.init(name: "none")) == nil)
    #expect(
      try Architecture.stated(.init(name: "DoctorFocusedModel")) == .doctorFocusedModel)
    let own = try #require(
      try Architecture.stated(.init(name: "T", description: Self.tiny)))
    #expect(own.name == "T")
    #expect(own.statedDescription == Self.tiny)
    #expect(try Architecture.stated(.init(description: Self.tiny)) == own)
    #expect(Architecture.lightweightCNNLSTM.statedDescription == nil)
  }

  @Test(
    arguments: [
      ([4], [shares(1)], true), ([4], [shares(-1), Layer(.dropout(0.5))], true),
      ([4], [shares(1, logarithm: true)], false), ([4], [shares(1), Layer(.relu)], false),
      ([4], [Layer(.relu)], false), ([4, 1, 1], [shares(1), Layer(.flatten(from: 1))], true),
      // Of a sequence the last step, each step by itself; then every class over the steps.
      ([3, 4], [shares(2), Layer(.lastStep)], true),
      ([3, 4], [shares(1), Layer(.lastStep)], false),
      // Twelve classes that are three times four probabilities.
      ([3, 4], [shares(2), Layer(.flatten(from: 1))], false),
      // Rows of four and of three, one after the other.
      ([3, 4], [shares(2), Layer(.reshape([4, 3])), Layer(.lastStep)], false),
      ([4, 2], [shares(1), Layer(.reshape([2, 4])), Layer(.lastStep)], false),
    ] as [([Int], [Layer], Bool)])
  func probabilities(input: [Int], layers: [Layer], areIt: Bool) throws {
    let architecture = try Architecture(name: "X", input: input, layers: layers)
    #expect(architecture.endsInSoftmax == areIt)
  }

  @Test func aDescriptionIsHeldToTheLimitsOfAFile() {
    let long = String(repeating: " ", count: 16 << 20) + Self.tiny
    #expect(failure(.init(name: "T", description: long))?.kind == .limit)
    let deep = String(repeating: "[", count: 1_000)
    #expect(failure(.init(name: "T", description: deep))?.kind == .limit)
    let layer = #"{"kind":"ReLU"}"#
    let many =
      #"{"name":"T","input":[2],"layers":["#
      + Array(repeating: layer, count: 4_097).joined(separator: ",") + "]}"
    #expect(failure(.init(name: "T", description: many))?.kind == .limit)
    let other = failure(.init(name: "U", description: Self.tiny))
    #expect(other?.kind == .malformed)
    #expect(other?.key == "torchport.architecture.description")
    #expect(failure(.init(name: "U"))?.kind == .unsupported)
  }
}
