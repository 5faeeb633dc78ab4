/// The known faults of a port or of a golden; the raw value stands in JSON and never changes.
public enum Fault: String, Hashable, Sendable, CaseIterable {
  // The order of a weight's elements.
  case kernelFlipped = "kernel_flipped"
  case axesPermuted = "axes_permuted"
  case layout = "weight_layout"
  case transposed = "weight_transposed"
  case gateOrder = "lstm_gate_order"
  case gruGateOrder = "gru_gate_order"
  case directions = "directions_mixed"
  case layerOrder = "recurrent_layers"
  case classesPermuted = "classes_permuted"
  case flattenOrder = "flatten_order"
  case bytesSwapped = "bytes_swapped"
  case storageOffset = "storage_offset"
  case otherTensor = "other_tensor"
  case otherWeights = "other_weights"
  // Biases.
  case biasMissing = "bias_missing"
  case biasDoubled = "bias_doubled"
  // Batch normalisation.
  case epsilon = "batch_norm_eps"
  case deviation = "variance_as_deviation"
  case gammaBetaSwapped = "gamma_beta_swapped"
  case normSkipped = "batch_norm_skipped"
  case unbiasedVariance = "unbiased_variance"
  case otherStatistics = "other_statistics"
  // Layer normalisation.
  case layerNormEpsilon = "layer_norm_eps"
  case layerNormSkipped = "layer_norm_skipped"
  case meanKept = "mean_not_subtracted"
  case affineMissing = "affine_missing"
  // What a layer does.
  case padding = "padding"
  case stride = "stride"
  case ceilMode = "ceil_mode"
  case poolingKind = "pooling_kind"
  case adaptiveBins = "adaptive_bins"
  case activationFunction = "activation_function"
  case timeStep = "time_step"
  case timeReversed = "time_reversed"
  case cellState = "lstm_cell_state"
  case cellTanh = "lstm_cell_tanh"
  case hardSigmoid = "hard_sigmoid"
  case gruReset = "gru_reset_gate"
  case gruUpdate = "gru_update_gate"
  case softmax = "softmax"
  case dropoutScale = "dropout_scale"
  // What the network was given.
  case inputScale = "input_scale"
  case inputStandardised = "input_standardised"
  case inputChannels = "input_channels"
  // Digits.
  case weightsRounded = "weights_rounded"
  case reducedPrecision = "reduced_precision"
  // How the golden was recorded.
  case trainMode = "train_mode"
  case dropoutActive = "dropout_active"
  /// None of the above explains what was recorded.
  case unknown

  /// Whether it is a fault of the recording, never of the weights or the port.
  public var isOfGolden: Bool {
    switch self {
    case .trainMode, .dropoutActive, .reducedPrecision: true
    default: false
    }
  }
}
