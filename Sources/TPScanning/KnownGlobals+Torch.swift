extension KnownGlobals {
  static let torch: [(String, String)] = [
    (
      "torch torch.cuda torch.xpu",
      """
      ByteStorage DoubleStorage FloatStorage HalfStorage LongStorage IntStorage ShortStorage \
      CharStorage BoolStorage BFloat16Storage ComplexDoubleStorage ComplexFloatStorage \
      QUInt8Storage QInt8Storage QInt32Storage QUInt4x2Storage QUInt2x4Storage \
      ByteTensor DoubleTensor FloatTensor HalfTensor LongTensor IntTensor ShortTensor CharTensor \
      BoolTensor BFloat16Tensor
      """
    ),
    (
      "torch.sparse torch.cuda.sparse",
      """
      ByteTensor DoubleTensor FloatTensor HalfTensor LongTensor IntTensor ShortTensor CharTensor \
      BFloat16Tensor
      """
    ),
    ("torch.storage", "UntypedStorage TypedStorage _UntypedStorage _TypedStorage _load_from_bytes"),
    (
      "torch",
      """
      Tensor Size device dtype layout Generator Storage UntypedStorage TypedStorage \
      uint8 int8 int16 short int32 int int64 long float16 half float32 float float64 double \
      complex32 chalf complex64 cfloat complex128 cdouble bool qint8 quint8 qint32 bfloat16 quint4x2 \
      quint2x4 bits1x8 bits2x4 bits4x2 bits8 bits16 float8_e5m2 float8_e4m3fn float8_e5m2fnuz \
      float8_e4m3fnuz float8_e8m0fnu float4_e2m1fn_x2 bcomplex32 uint16 uint32 uint64 \
      uint1 uint2 uint3 uint4 uint5 uint6 uint7 int1 int2 int3 int4 int5 int6 int7 \
      strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc jagged _mkldnn \
      preserve_format contiguous_format channels_last channels_last_3d legacy_contiguous_format \
      per_tensor_affine per_channel_affine per_tensor_symmetric per_channel_symmetric \
      per_channel_affine_float_qparams relu tanh sigmoid
      """
    ),
    ("torch.tensor torch._tensor", "Tensor _rebuild_from_type _rebuild_from_type_v2"),
    ("torch.autograd.variable", "Variable"),
    (
      "torch._utils",
      """
      _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter \
      _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_nested_tensor \
      _rebuild_meta_tensor_no_storage _rebuild_device_tensor_from_numpy _rebuild_xla_tensor \
      _rebuild_device_tensor_from_cpu_tensor _rebuild_wrapper_subclass _rebuild_sparse_csr_tensor \
      _rebuild_buffer
      """
    ),
    ("torch.serialization", "_get_layout"),
    ("torch.nn.parameter", "Parameter Buffer UninitializedParameter UninitializedBuffer"),
    ("torch.nn", "Parameter Buffer"),
    ("torch.torch_version", "TorchVersion"),
    ("torch._C", "Generator _VariableFunctionsClass"),
    ("torch.backends.cuda", "cuFFTPlanCache"),
    (
      "torch.jit._pickle",
      """
      build_intlist build_tensorlist build_doublelist build_boollist build_tensor_from_id \
      restore_type_tag
      """
    ),
    (
      "torch.nn.functional",
      """
      relu relu6 gelu silu tanh sigmoid softmax log_softmax leaky_relu elu selu celu mish hardswish \
      hardtanh hardsigmoid softplus softsign tanhshrink glu logsigmoid
      """
    ),
    ("torch._C._nn", "gelu silu relu6 leaky_relu elu mish hardswish hardtanh hardsigmoid softplus"),
    ("torch._C._VariableFunctions", "relu tanh sigmoid"),
  ]

  /// The modules of torch.nn, whose state is data, and optimizers.
  static let torchModules: [(String, String)] = [
    (
      "torch.nn.modules.activation",
      """
      CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax \
      Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin \
      Softplus Softshrink Softsign Tanh Tanhshrink Threshold
      """
    ),
    ("torch.nn.modules.adaptive", "AdaptiveLogSoftmaxWithLoss"),
    (
      "torch.nn.modules.batchnorm",
      """
      BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d \
      SyncBatchNorm
      """
    ),
    ("torch.nn.modules.channelshuffle", "ChannelShuffle"),
    ("torch.nn.modules.container", "ModuleDict ModuleList ParameterDict ParameterList Sequential"),
    (
      "torch.nn.modules.conv",
      """
      Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d \
      LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d
      """
    ),
    ("torch.nn.modules.distance", "CosineSimilarity PairwiseDistance"),
    (
      "torch.nn.modules.dropout",
      "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout"
    ),
    ("torch.nn.modules.flatten", "Flatten Unflatten"),
    ("torch.nn.modules.fold", "Fold Unfold"),
    (
      "torch.nn.modules.instancenorm",
      """
      InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d \
      LazyInstanceNorm3d
      """
    ),
    (
      "torch.nn.modules.linear",
      "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear"
    ),
    (
      "torch.nn.modules.loss",
      """
      BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss \
      HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss \
      MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss \
      SoftMarginLoss TripletMarginLoss
      """
    ),
    (
      "torch.nn.modules.normalization",
      "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm"
    ),
    (
      "torch.nn.modules.padding",
      """
      CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d \
      ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d \
      ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d
      """
    ),
    ("torch.nn.modules.pixelshuffle", "PixelShuffle PixelUnshuffle"),
    (
      "torch.nn.modules.pooling",
      """
      AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d \
      AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d \
      LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d
      """
    ),
    ("torch.nn.modules.rnn", "GRU GRUCell LSTM LSTMCell RNN RNNCell"),
    ("torch.nn.modules.sparse", "Embedding EmbeddingBag"),
    (
      "torch.nn.modules.transformer",
      """
      Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder \
      TransformerEncoderLayer
      """
    ),
    ("torch.nn.modules.upsampling", "Upsample UpsamplingBilinear2d UpsamplingNearest2d"),
    ("torch.nn.parallel.data_parallel", "DataParallel"),
    ("torch.optim.adadelta", "Adadelta"),
    ("torch.optim.adagrad", "Adagrad"),
    ("torch.optim.adam", "Adam"),
    ("torch.optim.adamax", "Adamax"),
    ("torch.optim.adamw", "AdamW"),
    ("torch.optim.asgd", "ASGD"),
    ("torch.optim.lbfgs", "LBFGS"),
    ("torch.optim.nadam", "NAdam"),
    ("torch.optim.radam", "RAdam"),
    ("torch.optim.rmsprop", "RMSprop"),
    ("torch.optim.rprop", "Rprop"),
    ("torch.optim.sgd", "SGD"),
    ("torch.optim.sparse_adam", "SparseAdam"),
  ]
}
