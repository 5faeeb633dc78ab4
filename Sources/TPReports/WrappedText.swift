/// Lines of at most `width` characters, broken at spaces where there are some; at most 12.
func wrapped(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ", omittingEmptySubsequences: false) {
    if !line.isEmpty, line.count + 1 + word.count > width {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
    while line.count > width {
      lines.append(String(line.prefix(width)))
      line = String(line.dropFirst(width))
    }
  }
  lines.append(line)
  return lines.count > 12 ? lines.prefix(12) + ["…"] : lines
}

/// Sentences in lines of their own, indented by two spaces, what is too wide by four on the next.
func wrapped(lines text: String, width: Int) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
    line.count <= width
      ? String(line)
      : "  "
        + wrapped(String(line.drop { $0 == " " }), width: width - 4)
        .joined(separator: "\n    ")
  }.joined(separator: "\n")
}
