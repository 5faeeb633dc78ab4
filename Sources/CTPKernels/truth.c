// The float64 truth: which variant runs it.
#include "kernels.h"

void tp_truth_pad(int32_t variant, const tp_conv3d *shape, const double *in, double *padded) {
  tp_kernels_of(variant)->truth.pad(shape, in, padded);
}

void tp_truth_conv(int32_t variant, const tp_conv3d *shape, const double *padded,
                   const double *weights, const double *bias, double *out) {
  tp_kernels_of(variant)->truth.conv(shape, padded, weights, bias, out);
}

void tp_truth_linear(int32_t variant, ptrdiff_t inputs, ptrdiff_t outputs, const double *x,
                     const double *weights, double *sums) {
  tp_kernels_of(variant)->truth.linear(inputs, outputs, x, weights, sums);
}

void tp_truth_scale_shift(int32_t variant, ptrdiff_t channels, ptrdiff_t count, const double *scale,
                          const double *shift, double *x) {
  tp_kernels_of(variant)->truth.scale_shift(channels, count, scale, shift, x);
}

void tp_truth_relu(int32_t variant, ptrdiff_t count, double *x) {
  tp_kernels_of(variant)->truth.relu(count, x);
}

void tp_truth_max_pool(int32_t variant, ptrdiff_t channels, const ptrdiff_t *input,
                       const ptrdiff_t *kernel, const ptrdiff_t *stride, const ptrdiff_t *output,
                       const double *in, double *out) {
  tp_kernels_of(variant)->truth.max_pool(channels, input, kernel, stride, output, in, out);
}

void tp_truth_correlate(int32_t variant, const tp_correlation *shape, const double *in,
                        const double *weights, const double *bias, double *out) {
  tp_kernels_of(variant)->truth.correlate(shape, in, weights, bias, out);
}

void tp_truth_pool(int32_t variant, ptrdiff_t channels, const tp_pooling *shape,
                   const int32_t *spans, const double *in, double *out) {
  tp_kernels_of(variant)->truth.pool(channels, shape, spans, in, out);
}

void tp_truth_add_rounding(int32_t variant, ptrdiff_t count, double half_unit,
                           const double *magnitude, double *variance) {
  tp_kernels_of(variant)->truth.add_rounding(count, half_unit, magnitude, variance);
}

void tp_truth_batch_norm_variance(int32_t variant, ptrdiff_t channels, ptrdiff_t count, double unit,
                                  const double *a, const double *mean, const double *shift,
                                  const double *x, double *variance) {
  tp_kernels_of(variant)->truth.batch_norm_variance(channels, count, unit, a, mean, shift, x,
                                                   variance);
}

void tp_truth_magnitude(int32_t variant, ptrdiff_t count, const double *in, double *out) {
  tp_kernels_of(variant)->truth.magnitude(count, in, out);
}

void tp_truth_noise(int32_t variant, ptrdiff_t count, const double *value, const double *variance,
                    float *noise) {
  tp_kernels_of(variant)->truth.noise(count, value, variance, noise);
}
