internal import ArgumentParser
internal import TPBytes
internal import TPModels

/// `--kernels`: which of the processor's instructions the network runs with.
struct KernelsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the network runs with: portable, neon, avx2 or avx512.",
      discussion: "Without it the fastest that the processor has. All give the same bits.",
      valueName: "name"), completion: .list(KernelVariant.allCases.map(\.rawValue)),
    transform: Self.named)
  var kernels = KernelVariant.best

  private static func named(_ name: String) throws -> KernelVariant {
    guard let variant = KernelVariant(rawValue: name), KernelVariant.available.contains(variant)
    else {
      let names = KernelVariant.available.map(\.rawValue)
      let hint = meant(name, among: names).map { "; " + $0 } ?? ""
      throw ValidationError(
        "this processor runs \(listed(names)), not \(printable(name, limit: 40))" + hint)
    }
    return variant
  }
}
