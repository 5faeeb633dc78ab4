import Foundation
import TPCheckpoints
import TPReports
import Testing

@Suite struct MarkupTests {
  // What must not reach a page as it is.
  @Test(arguments: [
    ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"),
    (
      "</script><script>alert(1)</script>",
      "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    ),
    ("<!-- --> ]]>", "&lt;!-- --&gt; ]]&gt;"),
    ("\" onload=\"x", "&quot; onload=&quot;x"),
    ("a\u{0}b\u{1B}[31m\u{7F}\u{9B}", #"a\u{0}b\u{1b}[31m\u{7f}\u{9b}"#),
    ("line\nline\ttab\r", #"line\u{a}line\u{9}tab\u{d}"#),
    ("x\u{202E}gpj\u{2066}\u{200F}\u{061C}", #"x\u{202e}gpj\u{2066}\u{200f}\u{61c}"#),
    (
      "\u{FEFF}\u{FFFE}\u{FFFF}\u{1FFFE}\u{E0041}",
      #"\u{feff}\u{fffe}\u{ffff}\u{1fffe}\u{e0041}"#
    ),
    ("Lippen · 唇 · שפתיים", "Lippen · 唇 · שפתיים"),
    ("&lt;", "&amp;lt;"),
  ])
  func isEscaped(text: String, markup: String) {
    #expect(escapedMarkup(text) == markup)
    #expect(Node.text(text).markup == markup)
    #expect(
      element(.span, Attribute("title", text), text: text).markup
        == "<span title=\"\(markup)\">\(markup)</span>")
  }

  // A hyphen is where a line may end, and an exponent has one.
  @Test(arguments: [
    ("0.0001 → 7e-05", #"0.0001 → <span class="whole">7e-05</span>"#),
    (
      "1e-05 → -2.5 points",
      #"<span class="whole">1e-05</span> → <span class="whole">-2.5</span> points"#
    ),
    ("Mean cross-entropy  2", "Mean cross-entropy  2"), ("", ""),
    (String(repeating: "a-1", count: 20), String(repeating: "a-1", count: 20)),
  ])
  func numbersStayWhole(text: String, markup: String) {
    #expect(Node.pieces(unbroken(text)).markup == markup)
  }

  @Test func isBounded() {
    let text = String(repeating: "<", count: 10_000_000)
    #expect(escapedMarkup(text).utf8.count <= 2000 * 4 + 3)
  }

  // RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func base64OfTheStandard(text: String, encoded: String) {
    #expect(base64(Array(text.utf8)) == encoded)
  }

  // FIPS 180-2, appendix B.1.
  @Test func digestOfTheStandard() {
    var digest = RunningDigest()
    digest.update(utf8: "abc")
    #expect(
      digest.description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func aTableSaysWhatItLeavesOut() {
    var table = PageTable("Rows.", [("name", .name), ("n", .number)])
    for place in 0..<3000 { table.add(.name("t\(place)"), .number(Double(place), "\(place)")) }
    let markup = table.node(id: "t").markup
    #expect(markup.components(separatedBy: "<tr>").count - 1 == PageTable.mostRows + 1)
    #expect(
      markup.contains("The first 2,000 of 3,000 rows; the output of --json has all of them."))
    #expect(markup.utf8.count < 400_000)
  }
}

@Suite struct TickTests {
  @Test(arguments: [
    (0.0, 1.0, 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (0, 24, 5, ["0", "10", "20", "30"]),
    (0, 100, 6, ["0", "20", "40", "60", "80", "100"]),
    (0.3, 2.7, 5, ["0", "1", "2", "3"]),
    (-3, 7, 5, ["-5", "0", "5", "10"]),
    (1, 29, 6, ["0", "10", "20", "30"]),
    (0, 0, 5, ["0.0", "0.5", "1.0"]),
    (5, 5, 5, ["2", "4", "6", "8"]),
    (0, 1e-7, 5, ["0", "5e-08", "1e-07"]),
    (0, 2e9, 5, ["0", "5e+08", "1e+09", "1.5e+09", "2e+09"]),
  ])
  func linear(low: Double, high: Double, count: Int, texts: [String]) {
    let ticks = Ticks(linear: low, high, count: count)
    #expect(ticks.texts == texts)
    #expect(ticks.values.first ?? 1 <= low && ticks.values.last ?? 0 >= high)
  }

  @Test(arguments: [
    (0.2, 30.0, ["0.1", "1", "10", "100"]),
    (1, 1, ["1", "10"]),
    (1e-9, 1e-3, ["1e-9", "1e-7", "1e-5", "0.001"]),
    (1e-300, 1e300, ["1e-300", "1e-180", "1e-60", "1e60", "1e180", "1e300"]),
    (0, 5, ["0.1", "1", "10"]),
    // Less than a power and a half of ten.
    (6.86e-5, 2e-4, ["5e-5", "1e-4", "2e-4"]), (0.02, 0.3, ["0.02", "0.05", "0.1", "0.2", "0.5"]),
    (1, 2, ["1", "2"]), (9, 11, ["5", "10", "20"]), (3e5, 1e6, ["2e5", "5e5", "1e6"]),
  ])
  func logarithmic(low: Double, high: Double, texts: [String]) {
    #expect(Ticks(logarithmic: low, high).texts == texts)
  }

  // The ends of what a double holds; a step of 0 or a mark that is infinite would have no end.
  @Test(
    arguments: [
      (0, .leastNonzeroMagnitude), (.leastNonzeroMagnitude, .leastNonzeroMagnitude),
      (-.leastNonzeroMagnitude, .leastNonzeroMagnitude), (0, 1e-305), (1.7e308, 1.7e308),
      (-1.7e308, 1.7e308), (-1.7e308, -1.7e308), (.leastNonzeroMagnitude, 1.7e308),
    ] as [(Double, Double)])
  func extremes(low: Double, high: Double) {
    for ticks in [Ticks(linear: low, high), Ticks(logarithmic: low, high)] {
      #expect((2...12).contains(ticks.values.count), "\(ticks.values)")
      #expect(zip(ticks.values, ticks.values.dropFirst()).allSatisfy { $0 < $1 })
      #expect(ticks.values.allSatisfy(\.isFinite) && ticks.texts.count == ticks.values.count)
      for value in [low, high, 0, .infinity, -.infinity] {
        #expect((0...1).contains(ticks.share(value)))
      }
    }
  }

  @Test func shares() {
    let ticks = Ticks(linear: 0, 10)
    #expect([-1, 0, 2.5, 10, 11, .infinity].map(ticks.share) == [0, 0, 0.25, 1, 1, 1])
    #expect(ticks.share(.nan) == 0)
    let ratios = Ticks(logarithmic: 1, 100)
    #expect([0, 1, 10, 100, .infinity].map(ratios.share) == [0, 0, 0.5, 1, 1])
  }

  // Nine steps of equal ratios.
  @Test(arguments: [
    (1.0, 0), (1.99, 0), (2.01, 1), (4.01, 2), (255, 7), (257, 8), (512, 8), (0, 0), (9999, 8),
  ])
  func heatSteps(value: Double, step: Int) {
    #expect(HeatMap.step(value, low: 1, high: 512) == step)
  }

  // Bounds whose quotient no double holds.
  @Test(arguments: [(1e-150, 0), (1.0, 4), (1e150, 8), (1e200, 8)])
  func heatStepsOfEveryRange(value: Double, step: Int) {
    #expect(HeatMap.step(value, low: 1e-170, high: 1e170) == step)
  }

  @Test(arguments: [
    (2.8, "2.80"), (0.55, "0.550"), (1e-7, "1.00e-07"), (0, "0"), (100, "100"), (.nan, "NaN"),
    (1234, "1.23e+03"),
  ])
  func figures(value: Double, text: String) {
    #expect(figure(value) == text)
  }
}
