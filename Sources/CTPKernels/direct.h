// Convolutions of any kernel, stride and padding: a chain of fused multiply-adds from 0 over input
// channel, kernel depth, height, width, then the bias: a large bias, as that of a folded batch norm
// may be, would make every step before it round more coarsely. Padded positions take part as zeros:
// they change no finite value, but make NaN of an infinite weight, as PyTorch does.

/// COLUMNS outputs of a row for VECTORS vectors of channels. `in` is the first input; `step` is how
/// far the inputs of neighbouring outputs are apart.
INLINE void direct_tile(const int COLUMNS, const int VECTORS, const tp_step *s, const float *in,
                        ptrdiff_t step, const float *w, const float *bias, float *out,
                        ptrdiff_t outputs) {
  const ptrdiff_t inputs = s->source.channels, row = s->source.row, slice = s->source.slice;
  VEC sum[12][4];
  UNROLL for (int j = 0; j < COLUMNS; j++)
    UNROLL for (int n = 0; n < VECTORS; n++) sum[j][n] = (VEC){0};
  KEEP_LOOP for (ptrdiff_t i = 0; i < inputs; i++)
    KEEP_LOOP for (ptrdiff_t d = 0; d < s->kernel[0]; d++)
      KEEP_LOOP for (ptrdiff_t h = 0; h < s->kernel[1]; h++) {
        const float *x = in + i + d * slice + h * row;
        KEEP_LOOP for (ptrdiff_t k = 0; k < s->kernel[2]; k++, x += inputs, w += VECTORS * LANES) {
          VEC v[4];
          UNROLL for (int n = 0; n < VECTORS; n++) v[n] = LOAD(w + n * LANES);
          UNROLL for (int j = 0; j < COLUMNS; j++) {
            VEC one = SPLAT(x[j * step]);
            UNROLL for (int n = 0; n < VECTORS; n++) sum[j][n] = FMA(one, v[n], sum[j][n]);
          }
        }
      }
  UNROLL for (int j = 0; j < COLUMNS; j++)
    UNROLL for (int n = 0; n < VECTORS; n++)
      STORE(out + j * outputs + n * LANES, sum[j][n] + LOAD(bias + n * LANES));
}

/// Some columns at a time; the last ones overlap those before, where the row is long enough.
INLINE void direct_columns(const int COLUMNS, const int VECTORS, const tp_step *s, const float *in,
                           ptrdiff_t step, const float *w, const float *bias, float *out,
                           ptrdiff_t outputs) {
  const ptrdiff_t last = s->middle[2] - COLUMNS;
  KEEP_LOOP for (ptrdiff_t x = 0; x < last + COLUMNS; x += COLUMNS) {
    ptrdiff_t at = x < last ? x : last;
    direct_tile(COLUMNS, VECTORS, s, in + at * step, step, w, bias, out + at * outputs, outputs);
  }
}

/// A row of outputs for a block of channels.
INLINE void direct_block(const int COLUMNS, const int VECTORS, const tp_step *s, const float *in,
                         const float *w, const float *bias, float *out, ptrdiff_t outputs) {
  const ptrdiff_t step = s->stride[2] * s->source.channels, width = s->middle[2];
  if (width >= COLUMNS)
    direct_columns(COLUMNS, VECTORS, s, in, step, w, bias, out, outputs);
  else if (width >= COLUMNS / 3)
    direct_columns(COLUMNS / 3, VECTORS, s, in, step, w, bias, out, outputs);
  else
    direct_columns(1, VECTORS, s, in, step, w, bias, out, outputs);
}

/// A row of outputs, `outputs` channels each: whole blocks, then single vectors.
INLINE void direct_row(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                       ptrdiff_t outputs) {
  const ptrdiff_t taps = s->source.channels * s->kernel[0] * s->kernel[1] * s->kernel[2];
  const ptrdiff_t block = tp_direct_block(LANES);
  ptrdiff_t c = 0;
  for (; c + block <= outputs; c += block)
    direct_block(LANES == 16 ? 12 : 6, LANES == 4 ? 4 : 2, s, in, constants->weights + c * taps,
                 constants->bias + c, out + c, outputs);
  for (; c < outputs; c += LANES)
    direct_block(12, 1, s, in, constants->weights + c * taps, constants->bias + c, out + c,
                 outputs);
}

/// The largest of a window of rows that lie one after the other, and the ReLU.
INLINE void direct_finish(const tp_step *s, const float *rows, ptrdiff_t outputs, float *out) {
  const ptrdiff_t channels = s->target.channels, across = s->pool[2];
  const ptrdiff_t lines = s->pool[0] * s->pool[1], line = s->middle[2] * outputs;
  const VEC least = SPLAT(s->relu ? 0.0f : -__builtin_inff());
  for (ptrdiff_t x = 0; x < s->target.extents[2]; x++, out += channels)
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      const float *window = rows + x * across * outputs + c;
      VEC best = LOAD(window);
      for (ptrdiff_t l = 0; l < lines; l++)
        for (ptrdiff_t k = 0; k < across; k++)
          best = larger_or_nan(best, LOAD(window + l * line + k * outputs));
      best = larger(least, best);
      if (c + LANES <= channels)
        STORE(out + c, best);
      else
        memcpy(out + c, &best, (size_t)(channels - c) * sizeof(float));
    }
}

static void direct(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                   float *scratch, ptrdiff_t strip, int warm) {
  (void)warm;
  const tp_volume *v = &s->source, *t = &s->target;
  const ptrdiff_t depth = strip / t->extents[1], height = strip % t->extents[1];
  const ptrdiff_t outputs = tp_round_up(t->channels, LANES);
  float *row = scratch;
  for (ptrdiff_t i = 0; i < s->pool[0]; i++)
    for (ptrdiff_t j = 0; j < s->pool[1]; j++, row += s->middle[2] * outputs) {
      const ptrdiff_t d = (depth * s->pool[0] + i) * s->stride[0];
      const ptrdiff_t h = (height * s->pool[1] + j) * s->stride[1];
      direct_row(s, constants, in + d * v->slice + h * v->row, row, outputs);
    }
  direct_finish(s, scratch, outputs,
                out + (depth + t->padding[0]) * t->slice + (height + t->padding[1]) * t->row +
                    t->padding[2] * t->channels);
}
