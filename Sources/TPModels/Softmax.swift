/// The probabilities of one clip's classes: e^x / sum e^x in float64, each rounded once to float32.
///
/// NaN or infinity among the logits, or nothing but -infinity, makes every probability NaN, as in
/// PyTorch.
public func softmax(_ logits: [Float]) -> [Float] {
  let largest = logits.reduce(-Float.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
  let powers = logits.map { exponential(Double($0) - Double(largest)) }
  let sum = powers.reduce(0, +)
  return powers.map { Float($0 / sum) }
}
