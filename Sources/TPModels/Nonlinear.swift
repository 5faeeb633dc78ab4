internal import CTPKernels

/// 1 / (1 + e^-x) of each element as the LSTM computes it, within 2.5 ulp; NaN stays.
package func sigmoid(_ x: [Float], variant: KernelVariant = .best) -> [Float] {
  var result = x
  unsafe tp_sigmoid(variant.code, result.count, &result)
  return result
}

/// The hyperbolic tangent of each element as the LSTM computes it, within 2 ulp; NaN stays.
package func hyperbolicTangent(_ x: [Float], variant: KernelVariant = .best) -> [Float] {
  var result = x
  unsafe tp_tanh(variant.code, result.count, &result)
  return result
}
