internal import TPBytes
internal import TPParity

extension VerifySummary {
  /// GitHub takes at most 1 MiB as the summary of a step; this leaves room for another's.
  private static let mostBytes = 900_000

  /// The report as Markdown, for the summary of a step or a comment.
  public var markdown: String {
    var text = ""
    for entry in entries {
      let part: String
      switch entry.outcome {
      case .success(let report): part = report.markdown
      case .failure(let error):
        part =
          "### \(escaped(weights)) against \(escaped(entry.golden)): not judged\n\n"
          + escaped(error.description, limit: 2000) + "\n\n"
      }
      guard text.utf8.count + part.utf8.count <= VerifySummary.mostBytes else {
        return text + "_The rest is left out: the summary would be too long._\n"
      }
      text += part
    }
    if let comparison {
      text += "#### Against \(escaped(comparison.file))\n\n"
      text += comparison.missing.map { "- \(escaped($0)) was not judged\n" }.joined()
      text +=
        comparison.grown.isEmpty
        ? "None of \(counted(comparison.compared, "figure")) grew.\n\n"
        : "\(comparison.grown.count) of \(counted(comparison.compared, "figure")) grew:\n\n"
          + comparison.grown.prefix(50).map { "- \(escaped($0.clause))\n" }.joined() + "\n"
    }
    return text
  }
}

extension VerifyReport {
  fileprivate var markdown: String {
    var text = "### \(escaped(weights)) against \(escaped(golden)): \(words)\n\n"
    text += parity.warnings.map { "> \(escaped($0, limit: 1000))\n\n" }.joined()
    text += "\(escaped(parity.reason, limit: 2000))\n\n"
    for diagnosis in parity.diagnosis.prefix(20) {
      text += "- **\(escaped(diagnosis.layer))**: \(escaped(diagnosis.sentence, limit: 2000))"
      if !diagnosis.remedy.isEmpty {
        text += ". Remedy: \(escaped(diagnosis.remedy, limit: 1000))"
      }
      text += "\n"
    }
    if !parity.diagnosis.isEmpty { text += "\n" }
    text += "| activation | n | PyTorch max z | rms z | port max z | rms z | line | max error | |\n"
    text += "|---|--:|--:|--:|--:|--:|--:|--:|---|\n"
    let judged = parity.activations.filter { $0.status == .holds || $0.status == .over }
    for activation in judged.prefix(300) {
      let count = (activation.golden ?? activation.port)?.count ?? 0
      let cells = [
        escaped(activation.name, limit: 80), grouped(count), number(activation.golden?.max),
        number(activation.golden?.rms), number(activation.port?.max), number(activation.port?.rms),
        significant(NoiseScore.rmsLine(count: count)), number(activation.maxError),
        activation.status == .over ? "**\(escaped(remark(activation)))**" : "holds",
      ]
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    if judged.count > 300 { text += "\n\(judged.count - 300) more activations.\n" }
    if !parity.predictions.isEmpty {
      let flipped = parity.predictions.count { $0.expected != $0.found }
      text += "\n\(parity.predictions.count - flipped) of \(parity.predictions.count)"
      text += " predictions equal"
      if let certificate = parity.certificate {
        text += certificate.clause(anyFlipped: flipped > 0)
        text += " (smallest margin \(significant(certificate.margin)), largest logit error"
        text += " \(significant(certificate.maxError)))"
      }
      text += ".\n"
    }
    return text + "\n"
  }
}

/// A text of a file or of ours that Markdown and HTML take as it is.
func escaped(_ text: String, limit: Int = 200) -> String {
  var result = ""
  for scalar in printable(text, limit: limit).unicodeScalars {
    switch scalar {
    case "&", "<", ">", "|", "`", "*", "_", "[", "]", "#", "~", "!", "\\", "@", "$":
      result += "&#\(scalar.value);"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
