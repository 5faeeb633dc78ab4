// Normalisation and functions of rows, and the recurrent part of LSTM and GRU.

static void pointwise(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                      float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)strip, (void)scratch, (void)warm;
  const float slope = (float)s->value;
  switch (s->function) {
    case TP_LEAKY_RELU:
      for (ptrdiff_t i = 0; i < s->count; i++) out[i] = in[i] > 0 ? in[i] : in[i] * slope;
      break;
    case TP_TANH:
      for (ptrdiff_t i = 0; i < s->count; i++) out[i] = tanh_one(in[i]);
      break;
    default:
      for (ptrdiff_t i = 0; i < s->count; i++) out[i] = sigmoid_one(in[i]);
  }
}

/// One row: mean and variance in float64, each a chain over the row; the result is rounded once.
static void layer_norm(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                       float *scratch, ptrdiff_t strip, int warm) {
  (void)scratch, (void)warm;
  const float *scale = constants->weights, *shift = constants->bias;
  in += strip * s->count, out += strip * s->count;
  double sum = 0, squares = 0;
  for (ptrdiff_t i = 0; i < s->count; i++) sum += (double)in[i];
  const double mean = sum / (double)s->count;
  for (ptrdiff_t i = 0; i < s->count; i++) {
    const double x = (double)in[i] - mean;
    squares = __builtin_fma(x, x, squares);
  }
  const double deviation = __builtin_elementwise_sqrt(squares / (double)s->count + s->value);
  for (ptrdiff_t i = 0; i < s->count; i++)
    out[i] = (float)__builtin_fma(((double)in[i] - mean) / deviation, (double)scale[i],
                                  (double)shift[i]);
}

/// ln x of a number from 1 on, in an order of operations of our own: libm's may differ between CPUs.
INLINE double natural_logarithm(double x) {
  int64_t bits;
  memcpy(&bits, &x, sizeof bits);
  double exponent = (double)((bits >> 52) - 1023);
  bits = (bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 0x1.6a09e667f3bcdp+0) m *= 0.5, exponent += 1;
  // 2 artanh s, of which |s| < 0.172.
  const double s = (m - 1) / (m + 1), square = s * s;
  double sum = 0;
  for (int k = 25; k >= 3; k -= 2) sum = (sum + 1.0 / k) * square;
  return exponent * 0x1.62e42fefa39efp-1 + 2 * (s + s * sum);
}

/// One line along the axis for each of the elements after it.
static void softmax(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                    float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)scratch, (void)warm;
  const ptrdiff_t step = s->outputs;
  in += strip * s->count * step, out += strip * s->count * step;
  for (ptrdiff_t line = 0; line < step; line++, in++, out++) {
    float most = in[0];
    for (ptrdiff_t i = 1; i < s->count; i++) {
      const float x = in[i * step];
      most = x > most || x != x ? x : most;
    }
    double sum = 0;
    for (ptrdiff_t i = 0; i < s->count; i++) {
      // Not below zero where the largest is NaN or infinite: then the difference is NaN.
      const float e = exp_nonpositive(in[i * step] - most);
      sum += (double)e;
      out[i * step] = e;
    }
    if (s->function == TP_LOG_SOFTMAX) {
      const double total = sum >= 1 ? natural_logarithm(sum) : sum;
      for (ptrdiff_t i = 0; i < s->count; i++)
        out[i * step] = (float)((double)(in[i * step] - most) - total);
    } else {
      for (ptrdiff_t i = 0; i < s->count; i++) out[i * step] = (float)((double)out[i * step] / sum);
    }
  }
}

/// c = fma(f, c, i * g); h = o * tanh(c).
INLINE void lstm_step(ptrdiff_t n, float *gates, float *c, float *h) {
  sigmoid_all(2 * n, gates);
  tanh_all(n, gates + 2 * n);
  sigmoid_all(n, gates + 3 * n);
  for (ptrdiff_t j = 0; j < n; j++) {
    c[j] = __builtin_fmaf(gates[n + j], c[j], gates[j] * gates[2 * n + j]);
    h[j] = c[j];
  }
  tanh_all(n, h);
  for (ptrdiff_t j = 0; j < n; j++) h[j] = gates[3 * n + j] * h[j];
}

/// n = tanh(fma(r, hidden part, x)); h = fma(z, h - n, n).
INLINE void gru_step(ptrdiff_t n, const float *x, float *gates, float *h) {
  float *fresh = gates + 2 * n;
  sigmoid_all(2 * n, gates);
  for (ptrdiff_t j = 0; j < n; j++) fresh[j] = __builtin_fmaf(gates[j], fresh[j], x[j]);
  tanh_all(n, fresh);
  for (ptrdiff_t j = 0; j < n; j++) h[j] = __builtin_fmaf(gates[n + j], h[j] - fresh[j], fresh[j]);
}

/// One direction; the second reads the sequence from its end.
static void recur(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                  float *scratch, ptrdiff_t strip, int warm) {
  (void)warm;
  const int lstm = s->function == TP_LSTM;
  const ptrdiff_t n = s->outputs, all = (lstm ? 4 : 3) * n, block = tp_linear_block(LANES);
  const ptrdiff_t padded = tp_round_up(all, block);
  const float *weights = constants->weights + strip * padded * n;
  const float *bias = constants->bias + strip * n;
  float *gates = scratch, *c = gates + padded, *h = c + n;
  memset(c, 0, 2 * (size_t)n * sizeof(float));
  for (ptrdiff_t t = 0; t < s->rows; t++) {
    const ptrdiff_t at = strip == 0 ? t : s->rows - 1 - t;
    const float *x = in + (at * s->groups + strip) * all;
    memcpy(gates, x, (size_t)(lstm ? all : 2 * n) * sizeof(float));
    if (!lstm) memcpy(gates + 2 * n, bias, (size_t)n * sizeof(float));
    for (ptrdiff_t o = 0; o < padded; o += block)
      linear_tile(1, 4, n, h, weights + o * n, gates + o, 0, gates + o, block);
    if (lstm)
      lstm_step(n, gates, c, h);
    else
      gru_step(n, x + 2 * n, gates, h);
    memcpy(out + (at * s->groups + strip) * n, h, (size_t)n * sizeof(float));
  }
}
