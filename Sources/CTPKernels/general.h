// The layers that nothing faster was made for, in float32 and in float64.
//
// Included once for each type, with NUMBER, FUSED and NAMED. Tensors are row-major.

/// One output channel: from the bias a chain of fused multiply-adds over input channel of the group,
/// depth, height, width. The input has its padding.
static void NAMED(correlate)(const tp_correlation *s, const NUMBER *in, const NUMBER *weights,
                             const NUMBER *bias, NUMBER *out, ptrdiff_t channel) {
  const ptrdiff_t each = s->channels / s->groups, *k = s->kernel, *step = s->dilation;
  const ptrdiff_t line = s->input[2], slice = line * s->input[1], volume = slice * s->input[0];
  const ptrdiff_t width = s->output[2], stride = s->stride[2];
  in += channel / (s->outputs / s->groups) * each * volume;
  weights += channel * each * k[0] * k[1] * k[2];
  out += channel * s->output[0] * s->output[1] * width;
  for (ptrdiff_t d = 0; d < s->output[0]; d++)
    for (ptrdiff_t h = 0; h < s->output[1]; h++, out += width) {
      NUMBER *restrict row = out;
      const NUMBER *w = weights;
      for (ptrdiff_t x = 0; x < width; x++) row[x] = bias[channel];
      for (ptrdiff_t c = 0; c < each; c++)
        for (ptrdiff_t i = 0; i < k[0]; i++)
          for (ptrdiff_t j = 0; j < k[1]; j++) {
            const NUMBER *from = in + c * volume + (d * s->stride[0] + i * step[0]) * slice +
                                 (h * s->stride[1] + j * step[1]) * line;
            for (ptrdiff_t l = 0; l < k[2]; l++, from += step[2]) {
              const NUMBER weight = *w++;
              if (stride == 1)
                for (ptrdiff_t x = 0; x < width; x++) row[x] = FUSED(weight, from[x], row[x]);
              else
                for (ptrdiff_t x = 0; x < width; x++)
                  row[x] = FUSED(weight, from[x * stride], row[x]);
            }
          }
    }
}

/// One channel of a pooling whose windows are given: of each axis, for each output coordinate the
/// first input, the one after the last, and what the axis contributes to the count.
static void NAMED(pool)(const tp_pooling *s, const int32_t *spans, const NUMBER *in, NUMBER *out) {
  const ptrdiff_t line = s->input[2], slice = line * s->input[1];
  const int32_t *depths = spans, *heights = depths + 3 * s->output[0];
  const int32_t *widths = heights + 3 * s->output[1];
  for (ptrdiff_t d = 0; d < s->output[0]; d++)
    for (ptrdiff_t h = 0; h < s->output[1]; h++)
      for (ptrdiff_t w = 0; w < s->output[2]; w++) {
        const int32_t *z = depths + 3 * d, *y = heights + 3 * h, *x = widths + 3 * w;
        NUMBER best = -(NUMBER)__builtin_inf(), sum = 0;
        ptrdiff_t elements = 0;
        for (ptrdiff_t i = z[0]; i < z[1]; i += s->dilation[0])
          for (ptrdiff_t j = y[0]; j < y[1]; j += s->dilation[1])
            for (ptrdiff_t k = x[0]; k < x[1]; k += s->dilation[2]) {
              const NUMBER v = in[i * slice + j * line + k];
              best = v > best || v != v ? v : best;
              sum += s->function == TP_MEAN_ROUNDING ? (v < 0 ? -v : v) : v;
              elements++;
            }
        const NUMBER count = (NUMBER)(s->divisor > 0 ? s->divisor : (ptrdiff_t)z[2] * y[2] * x[2]);
        switch (s->function) {
          case TP_LARGEST: *out++ = best; break;
          case TP_MEAN: *out++ = sum / count; break;
          case TP_MEAN_VARIANCE: *out++ = sum / count / count; break;
          default: {
            const NUMBER chain = (NUMBER)elements / 16;
            *out++ = sum / count * (chain > 1 ? __builtin_elementwise_sqrt(chain) : 1);
          }
        }
      }
}
