import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A page as an XML parser reads it: pages are HTML that is well-formed XML, too.
final class PageDocument: NSObject, XMLParserDelegate {
  struct Element {
    var name: String
    var attributes: [String: String]
    var text = ""
  }
  /// In the order of their start tags; the text is that of all that is inside.
  private(set) var elements: [Element] = []
  private var open: [Int] = []
  private(set) var problem: String?
  let text: String

  init(_ path: String) throws {
    text = try String(contentsOfFile: path, encoding: .utf8)
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    if !parser.parse() { problem = "\(parser.parserError.map { "\($0)" } ?? "not read")" }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    for place in open { elements[place].text += string }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }

  func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

  /// The numbers of cells, with all of their digits.
  var values: [Double] {
    elements.compactMap { $0.attributes["data-value"].flatMap { Double($0) } }
  }

  private static let names: Set<String> = [
    "a", "bdi", "body", "caption", "code", "dd", "desc", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "head", "header", "html", "input", "label",
    "li", "main", "meta", "nav", "output", "p", "script", "section", "small", "span", "strong",
    "style", "summary", "table", "tbody", "td", "th", "thead", "title", "tr", "ul", "svg", "circle",
    "g",
    "line", "path", "polyline", "rect", "text",
  ]

  /// Everything that holds of every page.
  func check() {
    #expect(problem == nil)
    #expect(text.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    #expect(Set(elements.map(\.name)).subtracting(Self.names) == [])
    #expect(all("script").count == 1 && all("style").count == 1 && all("h1").count == 1)
    let attributes = Set(elements.flatMap(\.attributes.keys))
    #expect(!attributes.contains { $0.hasPrefix("on") || ["style", "src", "srcset"].contains($0) })
    let links = elements.compactMap { $0.attributes["href"] }
    #expect(links.allSatisfy { $0.hasPrefix("#") })
    #expect(!text.contains("http://") && !text.contains("https://"))
    let ids = elements.compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count)
    let references = ["aria-labelledby", "aria-describedby", "for", "data-table"]
    for element in elements {
      for reference in references {
        if let name = element.attributes[reference] { #expect(ids.contains(name), "\(name)") }
      }
      if element.name == "svg" {
        let isHidden = element.attributes["aria-hidden"] == "true"
        #expect(isHidden || element.attributes["role"] == "img")
      }
    }
    #expect(links.allSatisfy { ids.contains(String($0.dropFirst())) })
    var level = 0
    for element in elements where ["h1", "h2", "h3"].contains(element.name) {
      let own = Int(element.name.dropFirst()) ?? 9
      #expect(own <= level + 1, "\(element.text)")
      level = own
    }
    // Nothing that hides, controls or reorders.
    #expect(
      !text.unicodeScalars.contains {
        $0.value < 0x20 && $0 != "\n" || (0x7F...0x9F).contains($0.value)
          || (0x202A...0x202E).contains($0.value) || (0x2066...0x2069).contains($0.value)
      })
  }
}
