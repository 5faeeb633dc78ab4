// The float64 truth and its noise, for one instruction set; included after vectors.h.
//
// Every output element is a chain in a fixed order, so all variants round alike.

#define TRUTH_LANES (LANES < 8 ? 4 : LANES / 2)
typedef double TRUTH_VEC __attribute__((vector_size(8 * TRUTH_LANES)));
typedef double TRUTH_LOOSE __attribute__((vector_size(8 * TRUTH_LANES), aligned(8)));
#define TRUTH_SPLAT(x) ((x) - (TRUTH_VEC){0})
#define TRUTH_FMA __builtin_elementwise_fma

/// 4 output channels x `vectors` vectors of columns. `w` is [in_channel][d][h][w][4].
INLINE void truth_conv_tile(const tp_conv3d *s, const double *x, ptrdiff_t row, ptrdiff_t slice,
                            ptrdiff_t channel, ptrdiff_t kd, ptrdiff_t kh, ptrdiff_t kw,
                            ptrdiff_t step, int vectors, const double *w, const double *bias,
                            TRUTH_LOOSE *out) {
  // Named one by one: an array of accumulators is spilled.
  TRUTH_VEC a0 = TRUTH_SPLAT(bias[0]), b0 = TRUTH_SPLAT(bias[1]);
  TRUTH_VEC c0 = TRUTH_SPLAT(bias[2]), d0 = TRUTH_SPLAT(bias[3]);
  TRUTH_VEC a1 = a0, b1 = b0, c1 = c0, d1 = d0, a2 = a0, b2 = b0, c2 = c0, d2 = d0;
  for (ptrdiff_t ic = 0; ic < s->in_channels; ic++)
    for (ptrdiff_t d = 0; d < kd; d++)
      for (ptrdiff_t h = 0; h < kh; h++) {
        const double *line = x + ic * channel + d * slice + h * row;
        for (ptrdiff_t k = 0; k < kw; k++, w += 4) {
          const double *p = line + (step == 1 ? k : k % step * s->phase + k / step);
          TRUTH_VEC x0 = *(const TRUTH_LOOSE *)p;
          TRUTH_VEC x1 = vectors > 1 ? *(const TRUTH_LOOSE *)(p + TRUTH_LANES) : x0;
          TRUTH_VEC x2 = vectors > 2 ? *(const TRUTH_LOOSE *)(p + 2 * TRUTH_LANES) : x0;
          TRUTH_VEC v = TRUTH_SPLAT(w[0]);
          a0 = TRUTH_FMA(v, x0, a0);
          if (vectors > 1) a1 = TRUTH_FMA(v, x1, a1);
          if (vectors > 2) a2 = TRUTH_FMA(v, x2, a2);
          v = TRUTH_SPLAT(w[1]);
          b0 = TRUTH_FMA(v, x0, b0);
          if (vectors > 1) b1 = TRUTH_FMA(v, x1, b1);
          if (vectors > 2) b2 = TRUTH_FMA(v, x2, b2);
          v = TRUTH_SPLAT(w[2]);
          c0 = TRUTH_FMA(v, x0, c0);
          if (vectors > 1) c1 = TRUTH_FMA(v, x1, c1);
          if (vectors > 2) c2 = TRUTH_FMA(v, x2, c2);
          v = TRUTH_SPLAT(w[3]);
          d0 = TRUTH_FMA(v, x0, d0);
          if (vectors > 1) d1 = TRUTH_FMA(v, x1, d1);
          if (vectors > 2) d2 = TRUTH_FMA(v, x2, d2);
        }
      }
  out[0] = a0, out[3] = b0, out[6] = c0, out[9] = d0;
  if (vectors > 1) out[1] = a1, out[4] = b1, out[7] = c1, out[10] = d1;
  if (vectors > 2) out[2] = a2, out[5] = b2, out[8] = c2, out[11] = d2;
}

/// One tile of each block of output channels, so that the input that they share stays in L1.
INLINE void truth_conv_column(const tp_conv3d *s, const double *x, ptrdiff_t row, ptrdiff_t slice,
                              ptrdiff_t channel, ptrdiff_t kd, ptrdiff_t kh, ptrdiff_t kw,
                              ptrdiff_t step, int vectors, const double *weights,
                              const double *bias, ptrdiff_t columns, double *out) {
  ptrdiff_t volume = s->output[0] * s->output[1] * s->output[2];
  ptrdiff_t block = s->in_channels * kd * kh * kw * TP_CHANNEL_BLOCK;
  for (ptrdiff_t oc = 0; oc < s->out_channels; oc += TP_CHANNEL_BLOCK) {
    TRUTH_LOOSE tile[12];
    truth_conv_tile(s, x, row, slice, channel, kd, kh, kw, step, vectors, weights, bias + oc, tile);
    weights += block;
    for (ptrdiff_t j = 0; j < TP_CHANNEL_BLOCK && oc + j < s->out_channels; j++)
      memcpy(out + (oc + j) * volume, tile + 3 * j, (size_t)columns * sizeof(double));
  }
}

INLINE void truth_conv_sized(const tp_conv3d *s, ptrdiff_t kd, ptrdiff_t kh, ptrdiff_t kw,
                             ptrdiff_t step, const double *padded, const double *weights,
                             const double *bias, double *out) {
  ptrdiff_t row = s->phase * step, slice = row * (s->input[1] + 2 * s->padding[1]);
  ptrdiff_t channel = slice * (s->input[0] + 2 * s->padding[0]), width = s->output[2];
  for (ptrdiff_t d = 0; d < s->output[0]; d++)
    for (ptrdiff_t h = 0; h < s->output[1]; h++) {
      const double *x = padded + d * s->stride[0] * slice + h * s->stride[1] * row;
      double *line = out + (d * s->output[1] + h) * width;
      ptrdiff_t w = 0;
      for (; width - w > 2 * TRUTH_LANES; w += 3 * TRUTH_LANES)
        truth_conv_column(s, x + w, row, slice, channel, kd, kh, kw, step, 3, weights, bias,
                          width - w < 3 * TRUTH_LANES ? width - w : 3 * TRUTH_LANES, line + w);
      if (width - w > TRUTH_LANES)
        truth_conv_column(s, x + w, row, slice, channel, kd, kh, kw, step, 2, weights, bias,
                          width - w, line + w);
      else if (width - w > 0)
        truth_conv_column(s, x + w, row, slice, channel, kd, kh, kw, step, 1, weights, bias,
                          width - w, line + w);
    }
}

static void truth_conv(const tp_conv3d *s, const double *padded, const double *weights,
                       const double *bias, double *out) {
  if (s->kernel[0] == 3 && s->kernel[1] == 3 && s->kernel[2] == 3 && s->stride[2] == 1)
    truth_conv_sized(s, 3, 3, 3, 1, padded, weights, bias, out);
  else
    truth_conv_sized(s, s->kernel[0], s->kernel[1], s->kernel[2], s->stride[2], padded, weights,
                     bias, out);
}

static void truth_pad(const tp_conv3d *s, const double *in, double *padded) {
  ptrdiff_t step = s->stride[2], row = s->phase * step;
  ptrdiff_t rows = s->input[1] + 2 * s->padding[1], slices = s->input[0] + 2 * s->padding[0];
  for (ptrdiff_t c = 0; c < s->in_channels; c++)
    for (ptrdiff_t d = 0; d < slices; d++)
      for (ptrdiff_t h = 0; h < rows; h++, padded += row) {
        memset(padded, 0, (size_t)row * sizeof(double));
        ptrdiff_t y = h - s->padding[1], z = d - s->padding[0];
        if (y < 0 || y >= s->input[1] || z < 0 || z >= s->input[0]) continue;
        const double *line = in + ((c * s->input[0] + z) * s->input[1] + y) * s->input[2];
        if (step == 1) {
          memcpy(padded + s->padding[2], line, (size_t)s->input[2] * sizeof(double));
          continue;
        }
        for (ptrdiff_t w = 0; w < s->input[2]; w++) {
          ptrdiff_t column = w + s->padding[2];
          padded[column % step * s->phase + column / step] = line[w];
        }
      }
}

static void truth_linear(ptrdiff_t inputs, ptrdiff_t outputs, const double *x,
                         const double *weights, double *sums) {
  enum { VECTORS = TP_LINEAR_BLOCK / TRUTH_LANES };
  for (ptrdiff_t o = 0; o < outputs; o += TP_LINEAR_BLOCK) {
    TRUTH_LOOSE *s = (TRUTH_LOOSE *)(sums + o);
    TRUTH_VEC sum[VECTORS];
    UNROLL for (int n = 0; n < VECTORS; n++) sum[n] = s[n];
    for (ptrdiff_t i = 0; i < inputs; i++, weights += TP_LINEAR_BLOCK) {
      const TRUTH_LOOSE *w = (const TRUTH_LOOSE *)weights;
      TRUTH_VEC v = TRUTH_SPLAT(x[i]);
      UNROLL for (int n = 0; n < VECTORS; n++) sum[n] = TRUTH_FMA(v, w[n], sum[n]);
    }
    UNROLL for (int n = 0; n < VECTORS; n++) s[n] = sum[n];
  }
}

static void truth_scale_shift(ptrdiff_t channels, ptrdiff_t count, const double *scale,
                              const double *shift, double *x) {
  for (ptrdiff_t c = 0; c < channels; c++, x += count)
    for (ptrdiff_t i = 0; i < count; i++) x[i] = __builtin_fma(x[i], scale[c], shift[c]);
}

static void truth_relu(ptrdiff_t count, double *x) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = x[i] < 0 ? 0 : x[i];
}

INLINE void truth_max_pool_sized(ptrdiff_t channels, const ptrdiff_t *input, ptrdiff_t kd,
                                 ptrdiff_t kh, ptrdiff_t kw, const ptrdiff_t *stride,
                                 ptrdiff_t step, const ptrdiff_t *output, const double *in,
                                 double *out) {
  ptrdiff_t row = input[2], slice = row * input[1], channel = slice * input[0];
  for (ptrdiff_t c = 0; c < channels; c++, in += channel)
    for (ptrdiff_t d = 0; d < output[0]; d++)
      for (ptrdiff_t h = 0; h < output[1]; h++, out += output[2]) {
        const double *x = in + d * stride[0] * slice + h * stride[1] * row;
        for (ptrdiff_t w = 0; w < output[2]; w++) {
          double best = x[w * step];
          for (ptrdiff_t i = 0; i < kd; i++)
            for (ptrdiff_t j = 0; j < kh; j++)
              for (ptrdiff_t k = 0; k < kw; k++) {
                double v = x[i * slice + j * row + w * step + k];
                best = v > best || v != v ? v : best;
              }
          out[w] = best;
        }
      }
}

static void truth_max_pool(ptrdiff_t channels, const ptrdiff_t *input, const ptrdiff_t *kernel,
                           const ptrdiff_t *stride, const ptrdiff_t *output, const double *in,
                           double *out) {
  int plane = kernel[1] == 2 && kernel[2] == 2 && stride[2] == 2;
  if (plane && kernel[0] == 1)
    truth_max_pool_sized(channels, input, 1, 2, 2, stride, 2, output, in, out);
  else if (plane && kernel[0] == 2)
    truth_max_pool_sized(channels, input, 2, 2, 2, stride, 2, output, in, out);
  else
    truth_max_pool_sized(channels, input, kernel[0], kernel[1], kernel[2], stride, stride[2],
                         output, in, out);
}

static void truth_correlate(const tp_correlation *shape, const double *in, const double *weights,
                            const double *bias, double *out) {
  for (ptrdiff_t o = 0; o < shape->outputs; o++)
    correlate_double(shape, in, weights, bias, out, o);
}

static void truth_pool(ptrdiff_t channels, const tp_pooling *shape, const int32_t *spans,
                       const double *in, double *out) {
  const ptrdiff_t from = shape->input[0] * shape->input[1] * shape->input[2];
  const ptrdiff_t to = shape->output[0] * shape->output[1] * shape->output[2];
  for (ptrdiff_t c = 0; c < channels; c++) pool_double(shape, spans, in + c * from, out + c * to);
}

// What the truth needs besides: rounding noise, carried as variances.

static void truth_add_rounding(ptrdiff_t count, double half_unit, const double *magnitude,
                               double *variance) {
  for (ptrdiff_t i = 0; i < count; i++) {
    double e = half_unit * magnitude[i];
    variance[i] = __builtin_fma(e, e, variance[i]);
  }
}

static void truth_batch_norm_variance(ptrdiff_t channels, ptrdiff_t count, double unit,
                                      const double *a, const double *mean, const double *shift,
                                      const double *x, double *variance) {
  for (ptrdiff_t c = 0; c < channels; c++, x += count, variance += count) {
    double centre = unit * a[c] * mean[c], offset = unit * shift[c];
    double fixed = centre * centre + offset * offset, square = a[c] * a[c];
    for (ptrdiff_t i = 0; i < count; i++) {
      double e = unit * a[c] * x[i];
      variance[i] = __builtin_fma(square, variance[i], __builtin_fma(e, e, fixed));
    }
  }
}

static void truth_magnitude(ptrdiff_t count, const double *in, double *out) {
  for (ptrdiff_t i = 0; i < count; i++) out[i] = __builtin_fabs(in[i]);
}

static void truth_noise(ptrdiff_t count, const double *value, const double *variance,
                        float *noise) {
  for (ptrdiff_t i = 0; i < count; i++) {
    float deviation = (float)__builtin_elementwise_sqrt(variance[i]);
    // Below the smallest normal number engines may give zero, and many do: a sigmoid whose
    // exponential overflows, a processor that flushes.
    int below = value[i] != 0 && __builtin_fabs(value[i]) < 0x1p-126;
    float least = variance[i] > 0 || below ? 0x1p-126f : 0.0f;
    noise[i] = deviation < least ? least : deviation;
  }
}
