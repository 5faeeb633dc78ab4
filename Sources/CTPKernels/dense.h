// Linear layers, and the functions of an LSTM's gates.

/// ROWS rows of inputs for VECTORS vectors of outputs, onto what `out` holds or the bias.
INLINE void linear_tile(const int ROWS, const int VECTORS, ptrdiff_t inputs, const float *x,
                        const float *w, const float *start, ptrdiff_t start_row, float *out,
                        ptrdiff_t out_row) {
  VEC sum[4][4];
  UNROLL for (int r = 0; r < ROWS; r++)
    UNROLL for (int n = 0; n < VECTORS; n++)
      sum[r][n] = LOAD(start + r * start_row + n * LANES);
  KEEP_LOOP for (ptrdiff_t i = 0; i < inputs; i++, w += 4 * LANES) {
    VEC v[4];
    UNROLL for (int n = 0; n < VECTORS; n++) v[n] = LOAD(w + n * LANES);
    UNROLL for (int r = 0; r < ROWS; r++) {
      VEC one = SPLAT(x[r * inputs + i]);
      UNROLL for (int n = 0; n < VECTORS; n++) sum[r][n] = FMA(one, v[n], sum[r][n]);
    }
  }
  UNROLL for (int r = 0; r < ROWS; r++)
    UNROLL for (int n = 0; n < VECTORS; n++) STORE(out + r * out_row + n * LANES, sum[r][n]);
}

/// One block of outputs for all rows.
static void linear(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                   float *scratch, ptrdiff_t strip, int warm) {
  (void)warm;
  const int half = LANES == 8 ? 2 : 4;  // AVX2 has registers for half a block of four rows
  const ptrdiff_t block = tp_linear_block(LANES), first = strip * block;
  const ptrdiff_t left = s->outputs - first, width = left < block ? left : block;
  const float *w = constants->weights + first * s->count, *bias = constants->bias + first;
  for (ptrdiff_t r = 0; r < s->rows; r += 4) {
    ptrdiff_t rows = s->rows - r < 4 ? s->rows - r : 4;
    const float *x = in + r * s->count;
    if (rows == 4)
      for (int n = 0; n < 4; n += half)
        linear_tile(4, half, s->count, x, w + n * LANES, bias + n * LANES, 0, scratch + n * LANES,
                    block);
    else
      for (ptrdiff_t i = 0; i < rows; i++)
        linear_tile(1, 4, s->count, x + i * s->count, w, bias, 0, scratch + i * block, block);
    for (ptrdiff_t i = 0; i < rows; i++)
      memcpy(out + (r + i) * s->outputs + first, scratch + i * block,
             (size_t)width * sizeof(float));
  }
}

// Sigmoid and tanh, from one exponential. Cody and Waite's reduction by ln 2 in two parts, then a
// polynomial of degree 6 on [-ln2/2, ln2/2].

/// e^x for x <= 0, within 1 ulp; NaN stays.
INLINE float exp_nonpositive(float x) {
  // Below this every result rounds to 0; and the scaling below needs n >= -252.
  x = x < -104.0f ? -104.0f : x;
  float n = __builtin_fmaf(x, 0x1.715476p+0f, 0x1.8p23f) - 0x1.8p23f;
  float r = __builtin_fmaf(n, -0x1.62e400p-1f, x);
  r = __builtin_fmaf(n, -0x1.7f7d1cp-20f, r);
  float p = 1.37805939e-3f;
  p = __builtin_fmaf(p, r, 8.37312452e-3f);
  p = __builtin_fmaf(p, r, 4.16695364e-2f);
  p = __builtin_fmaf(p, r, 1.66664720e-1f);
  p = __builtin_fmaf(p, r, 4.99999851e-1f);
  p = __builtin_fmaf(p, r, 1.0f);
  p = __builtin_fmaf(p, r, 1.0f);
  // 2^n in two factors: n may lie below the smallest normal exponent. A NaN has no integer value.
  int32_t whole = x == x ? (int32_t)n : 0, half = whole / 2;
  uint32_t first = (uint32_t)(half + 127) << 23, second = (uint32_t)(whole - half + 127) << 23;
  float a, b;
  memcpy(&a, &first, sizeof a);
  memcpy(&b, &second, sizeof b);
  return p * a * b;
}

INLINE float sigmoid_one(float x) {
  float z = exp_nonpositive(-__builtin_fabsf(x));
  return (x < 0 ? z : 1.0f) / (1.0f + z);
}

INLINE float tanh_one(float x) {
  float m = __builtin_fabsf(x), s = x * x;
  // Minimax of (tanh x - x) / x^3 on [0, 0.625], relative error of the whole 0.07 * 2^-24.
  float p = -0x1.75e1a8p-8f;
  p = __builtin_fmaf(p, s, 0x1.522692p-6f);
  p = __builtin_fmaf(p, s, -0x1.b83c58p-5f);
  p = __builtin_fmaf(p, s, 0x1.110726p-3f);
  p = __builtin_fmaf(p, s, -0x1.555532p-2f);
  float small = __builtin_copysignf(__builtin_fmaf(p * s, m, m), x);  // keeps -0.0
  float z = exp_nonpositive(-2.0f * m);
  float large = __builtin_copysignf((1.0f - z) / (1.0f + z), x);
  return m < 0.625f ? small : large;
}

static void sigmoid_all(ptrdiff_t count, float *x) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = sigmoid_one(x[i]);
}

static void tanh_all(ptrdiff_t count, float *x) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = tanh_one(x[i]);
}

/// One channel.
static void scale(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                  float *scratch, ptrdiff_t strip, int warm) {
  (void)scratch, (void)warm;
  const float a = constants->weights[strip], b = constants->bias[strip];
  in += strip * s->count, out += strip * s->count;
  for (ptrdiff_t i = 0; i < s->count; i++) out[i] = __builtin_fmaf(in[i], a, b);
}

static void relu(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                 float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)strip, (void)scratch, (void)warm;
  for (ptrdiff_t i = 0; i < s->count; i++) out[i] = in[i] < 0 ? 0 : in[i];
}
