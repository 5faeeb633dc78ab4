import TPBytes
import Testing

/// Programs that are not ours, here a shell that does what they might.
@Suite struct ForeignProgramTests {
  private let shell: ForeignProgram

  init() throws { shell = try #require(ForeignProgram(named: "sh")) }

  private func run(
    _ script: String, seconds: Int = 60
  ) throws(PortError) -> (output: [UInt8], outcome: ForeignProgram.Outcome) {
    var output: [UInt8] = []
    let outcome = try shell.run(["-c", script], seconds: seconds) { (bytes) throws(PortError) in
      output += bytes
    }
    return (output, outcome)
  }

  @Test func whatItPrintsAndHowItEnds() throws {
    let (output, outcome) = try run("cat; printf a; printf wrong >&2; printf b; exit 3")
    #expect(output == Array("ab".utf8))
    #expect(outcome.errors == "wrong")
    #expect(outcome.ending == .status(3))
    #expect(try run("kill -9 $$").outcome.ending == .signal(9))
  }

  @Test func errorsWithoutEndAreCutAndNothingWaits() throws {
    let (output, outcome) = try run(
      "i=0; while [ $i -lt 20000 ]; do echo 123456789 >&2; i=$((i+1)); done; echo x")
    #expect(outcome.errors.utf8.count == 16 << 10)
    #expect(output == Array("x\n".utf8))
  }

  @Test func itEndsWithOurPatience() throws {
    for script in ["exec sleep 600", "exec >&- 2>&-; sleep 600"] {
      do {
        _ = try run(script, seconds: 1)
        Issue.record("waited")
      } catch {
        #expect(error.kind == .limit)
        #expect(error.message == "sh took longer than 1 seconds and was stopped")
      }
    }
  }

  @Test func itIsKilledWhereWhatItPrintsIsRefused() throws {
    let refused = PortError(.malformed, "no")
    do {
      _ = try shell.run(["-c", "while true; do echo y; done"], seconds: 60) {
        (_) throws(PortError) in throw refused
      }
      Issue.record("went on")
    } catch {
      #expect(error == refused)
    }
  }

  @Test func namesThatAreNoProgram() {
    #expect(ForeignProgram(named: "no-such-program-of-torchport") == nil)
    // A folder in one of the folders of PATH is none either.
    #expect(ForeignProgram(named: ".") == nil)
  }
}
