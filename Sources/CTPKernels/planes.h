// Copies between layouts, and pooling that no convolution takes along.

/// The row of a volume at a depth and height.
INLINE ptrdiff_t row_of(const tp_volume *v, ptrdiff_t d, ptrdiff_t h) {
  return (d + v->padding[0]) * v->slice + (h + v->padding[1]) * v->row;
}

/// One slice of depth.
static void enter(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                  float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)scratch, (void)warm;
  const tp_volume *v = &s->target;
  const ptrdiff_t width = v->extents[2], plane = v->extents[1] * width, channels = v->channels;
  const ptrdiff_t volume = plane * v->extents[0];
  for (ptrdiff_t h = 0; h < v->extents[1]; h++) {
    const float *line = in + strip * plane + h * width;
    float *row = out + row_of(v, strip, h);
    if (v->phase > 0) {
      // One column of padding, and a width that is a multiple of 4.
      float *p0 = row + v->phase, *p1 = p0 + v->phase, *p2 = p1 + v->phase, *p3 = row + 1;
      for (ptrdiff_t t = 0; t < width / 4; t++)
        p0[t] = line[4 * t], p1[t] = line[4 * t + 1], p2[t] = line[4 * t + 2],
        p3[t] = line[4 * t + 3];
      continue;
    }
    row += v->padding[2] * channels;
    if (channels == 1) {
      memcpy(row, line, (size_t)width * sizeof(float));
      continue;
    }
    for (ptrdiff_t w = 0; w < width; w++)
      for (ptrdiff_t c = 0; c < channels; c++) row[w * channels + c] = line[c * volume + w];
  }
}

/// One slice of depth.
static void leave(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                  float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)scratch, (void)warm;
  const tp_volume *v = &s->source;
  const ptrdiff_t width = v->extents[2], plane = v->extents[1] * width, channels = v->channels;
  const ptrdiff_t volume = plane * v->extents[0];
  for (ptrdiff_t h = 0; h < v->extents[1]; h++) {
    const float *row = in + row_of(v, strip, h) + v->padding[2] * channels;
    float *line = out + strip * plane + h * width;
    for (ptrdiff_t c = 0; c < channels; c++)
      for (ptrdiff_t w = 0; w < width; w++) line[c * volume + w] = row[w * channels + c];
  }
}

static void copy(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                 float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)scratch, (void)strip, (void)warm;
  memmove(out, in + s->skip, (size_t)s->count * sizeof(float));
}

static void reorder(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                    float *scratch, ptrdiff_t strip, int warm) {
  (void)scratch, (void)strip, (void)warm;
  for (ptrdiff_t i = 0; i < s->count; i++) {
    const int32_t from = constants->order[i];
    out[i] = from < 0 ? 0 : in[from];
  }
}

/// One channel.
static void max_pool(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                     float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)scratch, (void)warm;
  const ptrdiff_t *from = s->source.extents, *to = s->target.extents, *k = s->kernel;
  in += strip * from[0] * from[1] * from[2], out += strip * to[0] * to[1] * to[2];
  for (ptrdiff_t d = 0; d < to[0]; d++)
    for (ptrdiff_t h = 0; h < to[1]; h++)
      for (ptrdiff_t w = 0; w < to[2]; w++) {
        const float *window =
            in + (d * s->stride[0] * from[1] + h * s->stride[1]) * from[2] + w * s->stride[2];
        float best = *window;
        for (ptrdiff_t i = 0; i < k[0]; i++)
          for (ptrdiff_t j = 0; j < k[1]; j++)
            for (ptrdiff_t l = 0; l < k[2]; l++) {
              float v = window[(i * from[1] + j) * from[2] + l];
              best = v > best || v != v ? v : best;
            }
        *out++ = best;
      }
}

/// One slice of the output. Bins are [floor(i in / out), ceil((i + 1) in / out)); sums go in
/// row-major order and are divided by the number of elements.
static void average_pool(const tp_step *s, const tp_constants *constants, const float *in,
                         float *out, float *scratch, ptrdiff_t strip, int warm) {
  (void)constants, (void)warm;
  const tp_volume *v = &s->source, *t = &s->target;
  const ptrdiff_t channels = v->channels, plane = t->extents[1] * t->extents[2];
  const int last = v->row > 0;  // channels last
  const ptrdiff_t line = last ? v->row : v->extents[2], across = last ? channels : 1;
  const ptrdiff_t slice = last ? v->slice : v->extents[1] * line;
  const ptrdiff_t next = last ? 1 : v->extents[0] * slice;
  if (last) in += row_of(v, 0, 0) + v->padding[2] * channels;
  for (ptrdiff_t h = 0; h < t->extents[1]; h++)
    for (ptrdiff_t w = 0; w < t->extents[2]; w++) {
      const ptrdiff_t at[3] = {strip, h, w};
      ptrdiff_t from[3], to[3];
      for (int a = 0; a < 3; a++) {
        from[a] = at[a] * v->extents[a] / t->extents[a];
        to[a] = ((at[a] + 1) * v->extents[a] + t->extents[a] - 1) / t->extents[a];
      }
      const float n = (float)((to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]));
      memset(scratch, 0, (size_t)channels * sizeof(float));
      for (ptrdiff_t i = from[0]; i < to[0]; i++)
        for (ptrdiff_t j = from[1]; j < to[1]; j++)
          for (ptrdiff_t k = from[2]; k < to[2]; k++) {
            const float *x = in + i * slice + j * line + k * across;
            if (last)
              for (ptrdiff_t c = 0; c < channels; c++) scratch[c] += x[c];
            else
              for (ptrdiff_t c = 0; c < channels; c++) scratch[c] += x[c * next];
          }
      float *place = out + strip * plane + h * t->extents[2] + w;
      for (ptrdiff_t c = 0; c < channels; c++)
        place[c * t->extents[0] * plane] = scratch[c] / n;
    }
}

/// One output channel.
static void correlate(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                      float *scratch, ptrdiff_t strip, int warm) {
  (void)scratch, (void)warm;
  tp_correlation c = {.channels = s->source.channels, .outputs = s->target.channels,
                      .groups = s->groups};
  for (int a = 0; a < 3; a++) {
    c.input[a] = s->source.extents[a], c.output[a] = s->target.extents[a];
    c.kernel[a] = s->kernel[a], c.stride[a] = s->stride[a], c.dilation[a] = s->dilation[a];
  }
  correlate_float(&c, in, constants->weights, constants->bias, out, strip);
}

/// One channel.
static void pool(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                 float *scratch, ptrdiff_t strip, int warm) {
  (void)scratch, (void)warm;
  tp_pooling p = {.divisor = s->skip, .function = s->function};
  for (int a = 0; a < 3; a++) {
    p.input[a] = s->source.extents[a], p.output[a] = s->target.extents[a];
    p.dilation[a] = s->dilation[a];
  }
  const ptrdiff_t from = p.input[0] * p.input[1] * p.input[2];
  const ptrdiff_t to = p.output[0] * p.output[1] * p.output[2];
  pool_float(&p, constants->order, in + strip * from, out + strip * to);
}
