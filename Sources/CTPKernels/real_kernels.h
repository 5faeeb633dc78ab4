// The kernels of one type of number; network.c includes this once for float and once for double.
//
// REAL, VEC (LANES numbers), UNALIGNED (the same without alignment), FMA, VFMA and NAME(x) are
// defined there. Every body is inlined into one function per instruction set, and says itself what
// fuses; so all of them round alike.

/// 4 output channels x `vectors` vectors of columns. `w` is [in_channel][d][h][w][4].
INLINE void NAME(conv_tile)(const tp_conv3d *s, const REAL *x, ptrdiff_t row, ptrdiff_t slice,
                            ptrdiff_t channel, ptrdiff_t kd, ptrdiff_t kh, ptrdiff_t kw,
                            ptrdiff_t step, int vectors, const REAL *w, const REAL *bias,
                            UNALIGNED *out) {
  // Named one by one: an array of accumulators is spilled.
  VEC a0 = SPLAT(bias[0]), b0 = SPLAT(bias[1]);
  VEC c0 = SPLAT(bias[2]), d0 = SPLAT(bias[3]);
  VEC a1 = a0, b1 = b0, c1 = c0, d1 = d0, a2 = a0, b2 = b0, c2 = c0, d2 = d0;
  for (ptrdiff_t ic = 0; ic < s->in_channels; ic++)
    for (ptrdiff_t d = 0; d < kd; d++)
      for (ptrdiff_t h = 0; h < kh; h++) {
        const REAL *line = x + ic * channel + d * slice + h * row;
        for (ptrdiff_t k = 0; k < kw; k++, w += 4) {
          const REAL *p = line + (step == 1 ? k : k % step * s->phase + k / step);
          VEC x0 = *(const UNALIGNED *)p;
          VEC x1 = vectors > 1 ? *(const UNALIGNED *)(p + LANES) : x0;
          VEC x2 = vectors > 2 ? *(const UNALIGNED *)(p + 2 * LANES) : x0;
          VEC v = SPLAT(w[0]);
          a0 = VFMA(v, x0, a0);
          if (vectors > 1) a1 = VFMA(v, x1, a1);
          if (vectors > 2) a2 = VFMA(v, x2, a2);
          v = SPLAT(w[1]);
          b0 = VFMA(v, x0, b0);
          if (vectors > 1) b1 = VFMA(v, x1, b1);
          if (vectors > 2) b2 = VFMA(v, x2, b2);
          v = SPLAT(w[2]);
          c0 = VFMA(v, x0, c0);
          if (vectors > 1) c1 = VFMA(v, x1, c1);
          if (vectors > 2) c2 = VFMA(v, x2, c2);
          v = SPLAT(w[3]);
          d0 = VFMA(v, x0, d0);
          if (vectors > 1) d1 = VFMA(v, x1, d1);
          if (vectors > 2) d2 = VFMA(v, x2, d2);
        }
      }
  out[0] = a0, out[3] = b0, out[6] = c0, out[9] = d0;
  if (vectors > 1) out[1] = a1, out[4] = b1, out[7] = c1, out[10] = d1;
  if (vectors > 2) out[2] = a2, out[5] = b2, out[8] = c2, out[11] = d2;
}

/// One tile of each block of output channels, so that the input that they share stays in L1.
INLINE void NAME(conv_column)(const tp_conv3d *s, const REAL *x, ptrdiff_t row, ptrdiff_t slice,
                              ptrdiff_t channel, ptrdiff_t kd, ptrdiff_t kh, ptrdiff_t kw,
                              ptrdiff_t step, int vectors, const REAL *weights, const REAL *bias,
                              ptrdiff_t columns, REAL *out) {
  ptrdiff_t volume = s->output[0] * s->output[1] * s->output[2];
  ptrdiff_t block = s->in_channels * kd * kh * kw * TP_CHANNEL_BLOCK;
  for (ptrdiff_t oc = 0; oc < s->out_channels; oc += TP_CHANNEL_BLOCK) {
    UNALIGNED tile[12];
    NAME(conv_tile)(s, x, row, slice, channel, kd, kh, kw, step, vectors, weights, bias + oc, tile);
    weights += block;
    for (ptrdiff_t j = 0; j < TP_CHANNEL_BLOCK && oc + j < s->out_channels; j++)
      memcpy(out + (oc + j) * volume, tile + 3 * j, (size_t)columns * sizeof(REAL));
  }
}

INLINE void NAME(conv_sized)(const tp_conv3d *s, ptrdiff_t kd, ptrdiff_t kh, ptrdiff_t kw,
                             ptrdiff_t step, const REAL *padded, const REAL *weights,
                             const REAL *bias, REAL *out) {
  ptrdiff_t row = s->phase * step, slice = row * (s->input[1] + 2 * s->padding[1]);
  ptrdiff_t channel = slice * (s->input[0] + 2 * s->padding[0]), width = s->output[2];
  for (ptrdiff_t d = 0; d < s->output[0]; d++)
    for (ptrdiff_t h = 0; h < s->output[1]; h++) {
      const REAL *x = padded + d * s->stride[0] * slice + h * s->stride[1] * row;
      REAL *line = out + (d * s->output[1] + h) * width;
      ptrdiff_t w = 0;
      for (; width - w > 2 * LANES; w += 3 * LANES)
        NAME(conv_column)(s, x + w, row, slice, channel, kd, kh, kw, step, 3, weights, bias,
                          width - w < 3 * LANES ? width - w : 3 * LANES, line + w);
      if (width - w > LANES)
        NAME(conv_column)(s, x + w, row, slice, channel, kd, kh, kw, step, 2, weights, bias,
                          width - w, line + w);
      else if (width - w > 0)
        NAME(conv_column)(s, x + w, row, slice, channel, kd, kh, kw, step, 1, weights, bias,
                          width - w, line + w);
    }
}

INLINE void NAME(conv)(const tp_conv3d *s, const REAL *padded, const REAL *weights,
                       const REAL *bias, REAL *out) {
  if (s->kernel[0] == 3 && s->kernel[1] == 3 && s->kernel[2] == 3 && s->stride[2] == 1)
    NAME(conv_sized)(s, 3, 3, 3, 1, padded, weights, bias, out);
  else
    NAME(conv_sized)(s, s->kernel[0], s->kernel[1], s->kernel[2], s->stride[2], padded, weights,
                     bias, out);
}

void NAME(tp_pad)(const tp_conv3d *s, const REAL *in, REAL *padded) {
  ptrdiff_t step = s->stride[2], row = s->phase * step;
  ptrdiff_t rows = s->input[1] + 2 * s->padding[1], slices = s->input[0] + 2 * s->padding[0];
  for (ptrdiff_t c = 0; c < s->in_channels; c++)
    for (ptrdiff_t d = 0; d < slices; d++)
      for (ptrdiff_t h = 0; h < rows; h++, padded += row) {
        memset(padded, 0, (size_t)row * sizeof(REAL));
        ptrdiff_t y = h - s->padding[1], z = d - s->padding[0];
        if (y < 0 || y >= s->input[1] || z < 0 || z >= s->input[0]) continue;
        const REAL *line = in + ((c * s->input[0] + z) * s->input[1] + y) * s->input[2];
        if (step == 1) {
          memcpy(padded + s->padding[2], line, (size_t)s->input[2] * sizeof(REAL));
          continue;
        }
        for (ptrdiff_t w = 0; w < s->input[2]; w++) {
          ptrdiff_t column = w + s->padding[2];
          padded[column % step * s->phase + column / step] = line[w];
        }
      }
}

INLINE void NAME(linear)(ptrdiff_t inputs, ptrdiff_t outputs, const REAL *x, const REAL *weights,
                         REAL *sums) {
  for (ptrdiff_t o = 0; o < outputs; o += 4 * LANES) {
    UNALIGNED *s = (UNALIGNED *)(sums + o);
    VEC s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
    for (ptrdiff_t i = 0; i < inputs; i++, weights += 4 * LANES) {
      const UNALIGNED *w = (const UNALIGNED *)weights;
      VEC v = SPLAT(x[i]);
      s0 = VFMA(v, w[0], s0), s1 = VFMA(v, w[1], s1);
      s2 = VFMA(v, w[2], s2), s3 = VFMA(v, w[3], s3);
    }
    s[0] = s0, s[1] = s1, s[2] = s2, s[3] = s3;
  }
}

INLINE void NAME(scale_shift)(ptrdiff_t channels, ptrdiff_t count, const REAL *scale,
                              const REAL *shift, REAL *x) {
  for (ptrdiff_t c = 0; c < channels; c++, x += count)
    for (ptrdiff_t i = 0; i < count; i++) x[i] = FMA(x[i], scale[c], shift[c]);
}

INLINE void NAME(relu)(ptrdiff_t count, REAL *x) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = x[i] < 0 ? 0 : x[i];
}

INLINE void NAME(max_pool_sized)(ptrdiff_t channels, const ptrdiff_t *input, ptrdiff_t kd,
                                 ptrdiff_t kh, ptrdiff_t kw, const ptrdiff_t *stride,
                                 ptrdiff_t step, const ptrdiff_t *output, const REAL *in,
                                 REAL *out) {
  ptrdiff_t row = input[2], slice = row * input[1], channel = slice * input[0];
  for (ptrdiff_t c = 0; c < channels; c++, in += channel)
    for (ptrdiff_t d = 0; d < output[0]; d++)
      for (ptrdiff_t h = 0; h < output[1]; h++, out += output[2]) {
        const REAL *x = in + d * stride[0] * slice + h * stride[1] * row;
        for (ptrdiff_t w = 0; w < output[2]; w++) {
          REAL best = x[w * step];
          for (ptrdiff_t i = 0; i < kd; i++)
            for (ptrdiff_t j = 0; j < kh; j++)
              for (ptrdiff_t k = 0; k < kw; k++) {
                REAL v = x[i * slice + j * row + w * step + k];
                best = v > best || v != v ? v : best;
              }
          out[w] = best;
        }
      }
}

INLINE void NAME(max_pool)(ptrdiff_t channels, const ptrdiff_t *input, const ptrdiff_t *kernel,
                           const ptrdiff_t *stride, const ptrdiff_t *output, const REAL *in,
                           REAL *out) {
  int plane = kernel[1] == 2 && kernel[2] == 2 && stride[2] == 2;
  if (plane && kernel[0] == 1)
    NAME(max_pool_sized)(channels, input, 1, 2, 2, stride, 2, output, in, out);
  else if (plane && kernel[0] == 2)
    NAME(max_pool_sized)(channels, input, 2, 2, 2, stride, 2, output, in, out);
  else
    NAME(max_pool_sized)(channels, input, kernel[0], kernel[1], kernel[2], stride, stride[2],
                         output, in, out);
}

void NAME(tp_average_pool3d)(ptrdiff_t channels, const ptrdiff_t *input, const ptrdiff_t *output,
                             int again, const REAL *in, REAL *out) {
  for (ptrdiff_t c = 0; c < channels; c++, in += input[0] * input[1] * input[2])
    for (ptrdiff_t d = 0; d < output[0]; d++)
      for (ptrdiff_t h = 0; h < output[1]; h++)
        for (ptrdiff_t w = 0; w < output[2]; w++) {
          ptrdiff_t at[3] = {d, h, w}, from[3], to[3];
          for (int a = 0; a < 3; a++) {
            from[a] = at[a] * input[a] / output[a];
            to[a] = ((at[a] + 1) * input[a] + output[a] - 1) / output[a];
          }
          REAL sum = 0;
          for (ptrdiff_t i = from[0]; i < to[0]; i++)
            for (ptrdiff_t j = from[1]; j < to[1]; j++)
              for (ptrdiff_t k = from[2]; k < to[2]; k++)
                sum += in[(i * input[1] + j) * input[2] + k];
          REAL n = (REAL)((to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]));
          *out++ = again ? sum / n / n : sum / n;
        }
}

VARIANTS(NAME(tp_conv3d), NAME(conv), (const tp_conv3d *s, const REAL *padded, const REAL *weights,
         const REAL *bias, REAL *out), (s, padded, weights, bias, out),
         (int32_t variant, const tp_conv3d *s, const REAL *padded, const REAL *weights,
          const REAL *bias, REAL *out))
VARIANTS(NAME(tp_linear), NAME(linear), (ptrdiff_t inputs, ptrdiff_t outputs, const REAL *x,
         const REAL *weights, REAL *sums), (inputs, outputs, x, weights, sums),
         (int32_t variant, ptrdiff_t inputs, ptrdiff_t outputs, const REAL *x,
          const REAL *weights, REAL *sums))
VARIANTS(NAME(tp_scale_shift), NAME(scale_shift), (ptrdiff_t channels, ptrdiff_t count,
         const REAL *scale, const REAL *shift, REAL *x), (channels, count, scale, shift, x),
         (int32_t variant, ptrdiff_t channels, ptrdiff_t count, const REAL *scale,
          const REAL *shift, REAL *x))
VARIANTS(NAME(tp_relu), NAME(relu), (ptrdiff_t count, REAL *x), (count, x),
         (int32_t variant, ptrdiff_t count, REAL *x))
VARIANTS(NAME(tp_max_pool3d), NAME(max_pool), (ptrdiff_t channels, const ptrdiff_t *input,
         const ptrdiff_t *kernel, const ptrdiff_t *stride, const ptrdiff_t *output, const REAL *in,
         REAL *out), (channels, input, kernel, stride, output, in, out),
         (int32_t variant, ptrdiff_t channels, const ptrdiff_t *input, const ptrdiff_t *kernel,
          const ptrdiff_t *stride, const ptrdiff_t *output, const REAL *in, REAL *out))
