/// The house as SVG: a module stands above all that it imports, a line leads to each import that no
/// other import brings along.
struct HousePicture {
  private struct Node {
    /// Nil for a line that passes through the floor.
    var module: String?
    var x = 0.0
    var width: Double
  }

  private let house: House
  private var nodes: [Node] = []
  /// Places of nodes, floor by floor, from left to right.
  private var floors: [[Int]] = []
  /// Upper and lower end.
  private var lines: [(upper: Int, lower: Int)] = []

  private static let boxWidth = 128.0
  private static let boxHeight = 34.0
  private static let floorHeight = 78.0
  private static let gap = 18.0
  private static let margin = 44.0

  init(_ house: House) {
    self.house = house
    let modules = house.imports.keys.sorted()
    floors = Array(repeating: [], count: (modules.map(house.floor).max() ?? 0) + 1)
    var places: [String: Int] = [:]
    for module in modules {
      places[module] = add(Node(module: module, width: Self.boxWidth), on: house.floor(module))
    }
    for module in modules {
      for target in house.direct(module) {
        guard var upper = places[module], let lower = places[target] else { continue }
        for floor in stride(from: house.floor(module) - 1, to: house.floor(target), by: -1) {
          let bend = add(Node(module: nil, width: 4), on: floor)
          lines.append((upper, bend))
          upper = bend
        }
        lines.append((upper, lower))
      }
    }
    arrange()
  }

  private mutating func add(_ node: Node, on floor: Int) -> Int {
    nodes.append(node)
    floors[floor].append(nodes.count - 1)
    return nodes.count - 1
  }

  /// Orders each floor by where its neighbours stand, up and down in turns, then spreads it.
  private mutating func arrange() {
    for floor in floors.indices { spread(floor) }
    for round in 0..<24 {
      let order = round.isMultiple(of: 2) ? Array(floors.indices) : floors.indices.reversed()
      for floor in order {
        for place in floors[floor] {
          let near =
            lines.filter { $0.upper == place }.map { nodes[$0.lower].x }
            + lines.filter { $0.lower == place }.map { nodes[$0.upper].x }
          if !near.isEmpty { nodes[place].x = near.reduce(0, +) / Double(near.count) }
        }
        floors[floor].sort { (nodes[$0].x, $0) < (nodes[$1].x, $1) }
        separate(floor)
      }
    }
    let left = nodes.map { $0.x - $0.width / 2 }.min() ?? 0
    for place in nodes.indices { nodes[place].x += Self.margin - left }
  }

  private mutating func spread(_ floor: Int) {
    var x = 0.0
    for place in floors[floor] {
      nodes[place].x = x + nodes[place].width / 2
      x += nodes[place].width + Self.gap
    }
  }

  /// Moves what stands too close apart, half to either side.
  private mutating func separate(_ floor: Int) {
    let row = floors[floor]
    for _ in 0..<64 {
      for (left, right) in zip(row, row.dropFirst()) {
        let least = (nodes[left].width + nodes[right].width) / 2 + Self.gap
        let missing = least - (nodes[right].x - nodes[left].x)
        if missing > 0 {
          nodes[left].x -= missing / 2
          nodes[right].x += missing / 2
        }
      }
    }
  }

  private func y(_ place: Int) -> Double {
    let floor = floors.firstIndex { $0.contains(place) } ?? 0
    return 24 + Double(floors.count - 1 - floor) * Self.floorHeight
  }

  var svg: String {
    let width = (nodes.map { $0.x + $0.width / 2 }.max() ?? 0) + 12
    let height = 24 + Double(floors.count - 1) * Self.floorHeight + Self.boxHeight + 46
    var svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(round(width)) \(round(height))" \
      role="img" aria-labelledby="title">
      <title id="title">The modules, each above all that it imports</title>
      <style>
      text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
      .floor { fill: #59636e; text-anchor: start }
      rect { fill: #f6f8fa; stroke: #8c959f }
      .app rect, rect.app { fill: #ddf4ff; stroke: #218bff }
      .c rect, rect.c { stroke-dasharray: 4 3 }
      path { fill: none; stroke: #8c959f; stroke-width: 1.2 }
      @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .floor { fill: #9198a1 } rect { fill: #161b22; stroke: #656c76 }
      .app rect, rect.app { fill: #0c2d6b; stroke: #4493f8 } path { stroke: #656c76 }
      }
      </style>

      """
    for (upper, lower) in lines {
      let from = y(upper) + (nodes[upper].module == nil ? 0 : Self.boxHeight)
      let start = nodes[upper].module == nil ? from + Self.boxHeight : from
      let end = y(lower)
      let bend = nodes[upper].module == nil ? " M \(point(upper, from)) V \(round(start))" : ""
      svg += "<path d=\"M \(point(upper, start)) C \(point(upper, start + 26))"
      svg += ", \(point(lower, end - 26)), \(point(lower, end))\(bend)\"/>\n"
    }
    let app = house.reach("LipReading")
    for (place, node) in nodes.enumerated() {
      guard let module = node.module else { continue }
      let kinds = [app.contains(module) ? "app" : nil, module.hasPrefix("CTP") ? "c" : nil]
      svg += "<g class=\"\(kinds.compactMap { $0 }.joined(separator: " "))\">"
      svg += "<rect x=\"\(round(node.x - node.width / 2))\" y=\"\(round(y(place)))\""
      svg += " width=\"\(round(node.width))\" height=\"\(round(Self.boxHeight))\" rx=\"6\"/>"
      svg += "<text x=\"\(round(node.x))\" y=\"\(round(y(place) + 22))\">\(module)</text></g>\n"
    }
    for floor in floors.indices {
      let y = 24 + Double(floors.count - 1 - floor) * Self.floorHeight + 22
      svg += "<text class=\"floor\" x=\"8\" y=\"\(round(y))\">\(floor)</text>\n"
    }
    let y = height - 16
    svg += """
      <rect class="app" x="44" y="\(round(y - 12))" width="22" height="14" rx="3"/>\
      <text class="floor" x="74" y="\(round(y))">what an app that links LipReading gets</text>
      <rect class="c" x="364" y="\(round(y - 12))" width="22" height="14" rx="3"/>\
      <text class="floor" x="394" y="\(round(y))">C</text>
      </svg>

      """
    return svg
  }

  private func point(_ place: Int, _ y: Double) -> String {
    "\(round(nodes[place].x)) \(round(y))"
  }

  private func round(_ value: Double) -> Int { Int(value.rounded()) }
}
