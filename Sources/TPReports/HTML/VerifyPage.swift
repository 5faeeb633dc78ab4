internal import TPBytes
internal import TPParity

extension VerifySummary {
  /// The report as one self-contained page.
  public var html: String { page.html }

  package var page: Page {
    let headline: String
    let mark: Mark
    switch verdict {
    case .holds? where comparison?.isWorse == true: (headline, mark) = ("An error grew", .bad)
    case .holds? where entries.contains { $0.report == nil }:
      (headline, mark) = ("Parity holds where it was judged", .doubt)
    case .holds?: (headline, mark) = ("Parity holds", .good)
    case .broken?: (headline, mark) = ("Parity is broken", .bad)
    case .goldenSuspect?: (headline, mark) = ("The golden is suspect", .bad)
    case .undecided?: (headline, mark) = ("Undecided: nothing could be compared", .doubt)
    case nil: (headline, mark) = ("Nothing was judged", .bad)
    }
    var page = Page(
      command: "verify", title: "\(headline): \(weights)", mark: mark, headline: headline)
    page.summary = summary
    for entry in entries {
      let prefix = entries.count > 1 ? "\(abridged(entry.golden, limit: 60)): " : ""
      switch entry.outcome {
      case .success(let report): report.add(to: &page, prefix: prefix)
      case .failure(let error):
        page.add("\(abridged(entry.golden, limit: 60)): not judged") {
          callouts([(.bad, [.text(sentence(error.description))])])
        }
      }
    }
    if let comparison { add(comparison, to: &page) }
    return page
  }

  /// What stands first: the reason, and who was held against whom.
  private var summary: [Node] {
    guard entries.count == 1, let report = entries[0].report else {
      var table = PageTable(
        "Each golden and what came of it.",
        [("golden", .name), ("verdict", .mark), ("clips", .number), ("reason", .words)])
      for entry in entries {
        switch entry.outcome {
        case .success(let report):
          table.add(
            .name(entry.golden), .mark(report.mark, report.plainWords),
            .count(report.parity.clips), .text(sentence(report.parity.reason)))
        case .failure(let error):
          table.add(
            .name(entry.golden), .mark(.bad, "not judged"), .number(nil, ""),
            .text(sentence(error.description)))
        }
      }
      return [
        element(.p, .class("lead")) {
          named(weights)
          " against \(counted(entries.count, "golden"))"
        },
        table.node(id: "goldens"),
      ]
    }
    let lead = element(.p, .class("lead")) {
      named(report.weights)
      " against "
      named(report.golden)
    }
    return [lead, paragraph(sentence(report.parity.reason))]
      + warningCallouts(report.parity.warnings)
      + [report.facts]
  }

  private func add(_ comparison: BaselineComparison, to page: inout Page) {
    page.add("Against an earlier run") {
      element(.p) {
        comparison.grown.isEmpty
          ? "None of \(counted(comparison.compared, "figure")) grew since "
          : "\(grouped(comparison.grown.count)) of \(counted(comparison.compared, "figure")) grew since "
        named(comparison.file)
        "."
      }
      callouts(
        comparison.missing.prefix(50).map { (.doubt, [.text(sentence("\($0) was not judged"))]) }
          + comparison.grown.prefix(200).map { (.bad, [.text(sentence($0.clause))]) })
    }
  }
}

extension VerifyReport {
  var mark: Mark {
    switch parity.verdict {
    case .holds: .good
    case .broken, .goldenSuspect: .bad
    case .undecided: .doubt
    }
  }

  /// The verdict without capitals that shout.
  var plainWords: String {
    switch parity.verdict {
    case .holds: "holds"
    case .broken: "broken"
    case .goldenSuspect: "golden suspect"
    case .undecided: "undecided"
    }
  }

  fileprivate var facts: Node {
    let judged = parity.activations.filter { $0.status == .holds || $0.status == .over }
    let flipped = parity.predictions.count { $0.expected != $0.found }
    let equal = parity.predictions.count - flipped
    var list: [(term: String, value: [Node])] = [
      ("Architecture", [named(architecture)]),
      ("Clips", [.text(grouped(parity.clips))]),
      ("Activations compared", [.text(grouped(judged.count))]),
      (
        "Predictions equal",
        [
          .text(
            parity.predictions.isEmpty ? "none recorded" : "\(equal) of \(parity.predictions.count)"
          )
        ]
      ),
    ]
    if let certificate = parity.certificate {
      list.append(
        ("Can a prediction flip?", [.text(certificate.noPredictionCanFlip ? "No" : "Yes")]))
    }
    list.append(("Digest of the weights", [named(parity.digest)]))
    return factList(list)
  }
}
