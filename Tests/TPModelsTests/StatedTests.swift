import TPBytes
import TPModels
import Testing

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
