// What lies between two tensors, for one instruction set; included after vectors.h.
//
// All variants work on vectors of 8 float64 numbers, of which narrower ones need several.
#include <math.h>

typedef double D8 __attribute__((vector_size(64)));
typedef double D8_LOOSE __attribute__((vector_size(64), aligned(1)));
typedef int64_t I8 __attribute__((vector_size(64)));
typedef uint64_t U8 __attribute__((vector_size(64)));
typedef uint64_t U8_LOOSE __attribute__((vector_size(64), aligned(1)));
typedef uint16_t H8 __attribute__((vector_size(16)));
typedef uint16_t H8_LOOSE __attribute__((vector_size(16), aligned(1)));
typedef float F8 __attribute__((vector_size(32)));
typedef float F16 __attribute__((vector_size(64)));
typedef int32_t I16 __attribute__((vector_size(64)));
typedef uint32_t U16 __attribute__((vector_size(64)));
typedef uint32_t U16_LOOSE __attribute__((vector_size(64), aligned(1)));
typedef uint16_t H16_LOOSE __attribute__((vector_size(32), aligned(1)));
typedef uint8_t B16 __attribute__((vector_size(16)));
typedef uint8_t B16_LOOSE __attribute__((vector_size(16), aligned(1)));

// Macros, not functions: how vectors wider than a variant's are passed would depend on it.
#define LEAST(a, b) __builtin_elementwise_min(a, b)
#define GREATEST(a, b) __builtin_elementwise_max(a, b)
#if TP_VARIANT == TP_AVX512
#define GREATEST8(a, b) ((D8)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
#else
/// Of numbers; compilers make the processor's own maximum of it.
#define GREATEST8(a, b) ((D8)(((U8)((a) > (b)) & (U8)(a)) | (~(U8)((a) > (b)) & (U8)(b))))
#endif
#define SIZE8(d) ((D8)((U8)(d) & ~(1ull << 63)))
#define LOW_HALF(v) __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
#define HIGH_HALF(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)

/// The products are exact, so that a processor without fused multiply-adds rounds alike.
#if TP_VARIANT == TP_PORTABLE && defined(__x86_64__)
#define ADD_EXACT(sum, a, b) ((sum) + (a) * (b))
#else
#define ADD_EXACT(sum, a, b) __builtin_elementwise_fma(a, b, sum)
#endif
#define ADD_ROUNDED(sum, a, b) ((sum) + (a) * (b))

INLINE double lane_sum(const double *s) {
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

#define INFINITE_SIZE ((U8){0} + ((uint64_t)TP_SIZE_INFINITE << TP_SIZE_SHIFT))

/// Appends what lies within a range to `out`. `ANY` says whether a lane of a comparison holds.
#if TP_VARIANT == TP_AVX512
#define ANY(lanes) (_mm512_movepi64_mask((__m512i)(lanes)) != 0)
#define KEEP_WITHIN(sizes, range, out, n)                                                      \
  {                                                                                            \
    const U8 above = (U8)(sizes) - (range).first;                                              \
    const __mmask8 mask = _mm512_cmple_epu64_mask(                                             \
        (__m512i)above, _mm512_set1_epi64((long long)((range).last - (range).first)));         \
    if (mask) {                                                                                \
      _mm512_storeu_pd((out) + (n), _mm512_maskz_compress_pd(mask, (__m512d)(sizes)));         \
      (n) += __builtin_popcount(mask);                                                         \
    }                                                                                          \
  }
#else
#define ANY(lanes) (__builtin_reduce_or((I8)(lanes)) != 0)
#define KEEP_WITHIN(sizes, range, out, n)                                                      \
  {                                                                                            \
    /* Sizes have no sign: comparisons of signed integers do, which every processor has. */    \
    const I8 bits = (I8)(sizes);                                                               \
    const I8 inside = (bits >= (int64_t)(range).first) & (bits <= (int64_t)(range).last);      \
    if (ANY(inside)) {                                                                         \
      const D8 kept = (sizes);                                                                 \
      for (int lane = 0; lane < 8; lane++) {                                                   \
        (out)[n] = kept[lane];                                                                 \
        (n) += inside[lane] != 0;                                                              \
      }                                                                                        \
    }                                                                                          \
  }
#endif

/// Elements between two looks at whether anything differs.
#define BLOCK 256

#undef NAMED
// Per type: WORD, its VECTOR and how many make one (STEP), PLACES(p) with sign and magnitude in the
// highest bits, FLOATS, the numbers.
#define WORD uint32_t
#define STEP 16
#define LOAD_WORDS(p) (*(const U16_LOOSE *)(p))
#define PLACES(w) (w)
#define PLACE_SHIFT 0
#define FLOATS(w) ((F16)(w))
#define TINY 0x00800000u
#define SCALAR_PLACE(w) (w)
#define NAMED(name) name##_float32
INLINE double NAMED(value)(WORD w) {
  float x;
  memcpy(&x, &w, 4);
  return x;
}
#include "difference_pass.h"

#define WORD uint16_t
#define LOAD_WORDS(p) (__builtin_convertvector(*(const H16_LOOSE *)(p), U16))
#define PLACES(w) ((w) << 16)
#define PLACE_SHIFT 16
#define FLOATS(w) ((F16)((w) << 16))
#define TINY 0x00800000u
#define SCALAR_PLACE(w) ((uint32_t)(w) << 16)
#define NAMED(name) name##_bfloat16
INLINE double NAMED(value)(WORD w) { return value_float32((uint32_t)w << 16); }
#include "difference_pass.h"

#define WORD uint16_t
#define LOAD_WORDS(p) (__builtin_convertvector(*(const H16_LOOSE *)(p), U16))
#define PLACES(w) ((w) << 16)
#define PLACE_SHIFT 16
// The exponent is 112 less than that of float32; 31 stands for infinity and NaN.
#define FLOATS(w)                                                                              \
  ((F16)((U16)((F16)(((w) & 0x7FFF) << 13) * 0x1p112f) |                                       \
         ((U16)(((w) & 0x7C00) == 0x7C00) & 0x7F800000u) | ((w) & 0x8000) << 16))
#define TINY 0x04000000u
#define SCALAR_PLACE(w) ((uint32_t)(w) << 16)
#define NAMED(name) name##_float16
INLINE double NAMED(value)(WORD w) {
  const double size = value_float32((uint32_t)(w & 0x7FFF) << 13) * 0x1p112;
  const double number = (w & 0x7C00) != 0x7C00 ? size : (w & 0x3FF) ? NAN : INFINITY;
  return w & 0x8000 ? -number : number;
}
#include "difference_pass.h"
#undef STEP

#define WORD uint64_t
#define STEP 8
#define LOAD_WORDS(p) (*(const U8_LOOSE *)(p))
#define PLACES(w) (w)
#define PLACE_SHIFT 0
#define FLOATS(w) ((D8)(w))
#define TINY 0x0010000000000000ull
#define SCALAR_PLACE(w) (w)
#define NAMED(name) name##_float64
INLINE double NAMED(value)(WORD w) {
  double x;
  memcpy(&x, &w, 8);
  return x;
}
#include "difference_pass.h"
#undef STEP

static void adam_step(const tp_adam *adam, ptrdiff_t count, const float *a, const float *b,
                      const float *m, const float *v, double *sums) {
  D8 expected = {0}, observed = {0}, product = {0};
  const double first = 1 / adam->first, second = 1 / adam->second;
  const ptrdiff_t whole = count / 8 * 8;
  typedef float F8_LOOSE __attribute__((vector_size(32), aligned(1)));
  for (ptrdiff_t i = 0; i < whole; i += 8) {
    const D8 x = __builtin_convertvector(*(const F8_LOOSE *)((const char *)a + 4 * i), D8);
    const D8 y = __builtin_convertvector(*(const F8_LOOSE *)((const char *)b + 4 * i), D8);
    const D8 mean = __builtin_convertvector(*(const F8_LOOSE *)((const char *)m + 4 * i), D8) * first;
    const D8 spread = __builtin_convertvector(*(const F8_LOOSE *)((const char *)v + 4 * i), D8) * second;
    const D8 step = -adam->rate * (mean / (__builtin_elementwise_sqrt(spread) + adam->epsilon) +
                                   adam->decay * y);
    const D8 d = y - x;
    expected = ADD_ROUNDED(expected, step, step);
    observed = ADD_ROUNDED(observed, d, d);
    product = ADD_ROUNDED(product, step, d);
  }
  double s[8], t[8], u[8];
  memcpy(s, &expected, 64), memcpy(t, &observed, 64), memcpy(u, &product, 64);
  for (ptrdiff_t i = whole; i < count; i++) {
    const double x = value_float32(word_float32(a, i)), y = value_float32(word_float32(b, i));
    const double mean = value_float32(word_float32(m, i)) * first;
    const double spread = value_float32(word_float32(v, i)) * second;
    const double step =
        -adam->rate * (mean / (sqrt(spread) + adam->epsilon) + adam->decay * y);
    const double d = y - x;
    s[i % 8] += step * step, t[i % 8] += d * d, u[i % 8] += step * d;
  }
  sums[0] = lane_sum(s), sums[1] = lane_sum(t), sums[2] = lane_sum(u);
}
