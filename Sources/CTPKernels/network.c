// The forward pass: one body per kernel for float and double, one function per instruction set.
//
// Nothing fuses by itself; what fuses says so, and then every machine agrees bit for bit.
#include "CTPKernels.h"
#include "variants.h"
#include <math.h>
#include <string.h>
#pragma STDC FP_CONTRACT OFF

#define SPLAT(x) ((x) - (VEC){0})
#define VFMA __builtin_elementwise_fma

#define REAL float
#define LANES 8
typedef float vector_f32 __attribute__((vector_size(32)));
typedef float loose_f32 __attribute__((vector_size(32), aligned(4)));
#define VEC vector_f32
#define UNALIGNED loose_f32
#define FMA __builtin_fmaf
#define NAME(x) x##_f32
#include "real_kernels.h"
#undef REAL
#undef LANES
#undef VEC
#undef UNALIGNED
#undef FMA
#undef NAME

#define REAL double
#define LANES 4
typedef double vector_f64 __attribute__((vector_size(32)));
typedef double loose_f64 __attribute__((vector_size(32), aligned(8)));
#define VEC vector_f64
#define UNALIGNED loose_f64
#define FMA __builtin_fma
#define NAME(x) x##_f64
#include "real_kernels.h"

int32_t tp_best_variant(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return TP_AVX2;
#endif
  return TP_PORTABLE;
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

INLINE void sigmoid_all(ptrdiff_t count, float *x) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = sigmoid_one(x[i]);
}

INLINE void tanh_all(ptrdiff_t count, float *x) {
  for (ptrdiff_t i = 0; i < count; i++) x[i] = tanh_one(x[i]);
}

INLINE void lstm_cell(ptrdiff_t n, float *gates, float *c, float *h) {
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

// What the truth needs besides: rounding noise, carried as variances.

INLINE void add_rounding(ptrdiff_t count, double half_unit, const double *magnitude,
                         double *variance) {
  for (ptrdiff_t i = 0; i < count; i++) {
    double e = half_unit * magnitude[i];
    variance[i] = __builtin_fma(e, e, variance[i]);
  }
}

INLINE void batch_norm_variance(ptrdiff_t channels, ptrdiff_t count, double unit, const double *a,
                                const double *mean, const double *shift, const double *x,
                                double *variance) {
  for (ptrdiff_t c = 0; c < channels; c++, x += count, variance += count) {
    double centre = unit * a[c] * mean[c], offset = unit * shift[c];
    double fixed = centre * centre + offset * offset, square = a[c] * a[c];
    for (ptrdiff_t i = 0; i < count; i++) {
      double e = unit * a[c] * x[i];
      variance[i] = __builtin_fma(square, variance[i], __builtin_fma(e, e, fixed));
    }
  }
}

INLINE void magnitude_all(ptrdiff_t count, const double *in, double *out) {
  for (ptrdiff_t i = 0; i < count; i++) out[i] = __builtin_fabs(in[i]);
}

VARIANTS(tp_sigmoid_f32, sigmoid_all, (ptrdiff_t count, float *x), (count, x),
         (int32_t variant, ptrdiff_t count, float *x))
VARIANTS(tp_tanh_f32, tanh_all, (ptrdiff_t count, float *x), (count, x),
         (int32_t variant, ptrdiff_t count, float *x))
VARIANTS(tp_lstm_cell_f32, lstm_cell, (ptrdiff_t hidden, float *gates, float *c, float *h),
         (hidden, gates, c, h),
         (int32_t variant, ptrdiff_t hidden, float *gates, float *c, float *h))
VARIANTS(tp_add_rounding_f64, add_rounding,
         (ptrdiff_t count, double half_unit, const double *magnitude, double *variance),
         (count, half_unit, magnitude, variance),
         (int32_t variant, ptrdiff_t count, double half_unit, const double *magnitude,
          double *variance))
VARIANTS(tp_batch_norm_variance_f64, batch_norm_variance,
         (ptrdiff_t channels, ptrdiff_t count, double unit, const double *a, const double *mean,
          const double *shift, const double *x, double *variance),
         (channels, count, unit, a, mean, shift, x, variance),
         (int32_t variant, ptrdiff_t channels, ptrdiff_t count, double unit, const double *a,
          const double *mean, const double *shift, const double *x, double *variance))
VARIANTS(tp_magnitude_f64, magnitude_all, (ptrdiff_t count, const double *in, double *out),
         (count, in, out), (int32_t variant, ptrdiff_t count, const double *in, double *out))
