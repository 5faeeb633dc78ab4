// The vectors of one instruction set: LANES float32 numbers in a VEC.
//
// Included once per file of a variant, which defines TP_VARIANT. Only what plain C cannot say
// portably and fast at once is written with intrinsics.
#pragma STDC FP_CONTRACT OFF

#if TP_VARIANT == TP_AVX512
#include <immintrin.h>
#define LANES 16
#elif TP_VARIANT == TP_AVX2
#include <immintrin.h>
#define LANES 8
#else
#if defined(__aarch64__)
#include <arm_neon.h>
#endif
#define LANES 4
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define KEEP_LOOP _Pragma("clang loop unroll(disable)")

typedef float VEC __attribute__((vector_size(4 * LANES)));
typedef float LOOSE __attribute__((vector_size(4 * LANES), aligned(4)));

#define LOAD(p) (*(const LOOSE *)(p))
#define STORE(p, v) (*(LOOSE *)(p) = (v))
#define SPLAT(x) ((x) - (VEC){0})
#if TP_VARIANT == TP_PORTABLE && defined(__x86_64__)
/// Four calls of libm; a function of its own, lest they be repeated in every loop.
static __attribute__((noinline)) VEC fused(VEC a, VEC b, VEC c) {
  for (int i = 0; i < LANES; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
}
#define FMA(a, b, c) fused(a, b, c)
#else
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#endif

/// a > b ? a : b, so b where one of them is NaN.
INLINE VEC larger(VEC a, VEC b) {
#if TP_VARIANT == TP_AVX512
  return _mm512_max_ps(a, b);
#elif TP_VARIANT == TP_AVX2
  return _mm256_max_ps(a, b);
#elif defined(__aarch64__)
  return vbslq_f32(vcgtq_f32(a, b), a, b);
#else
  for (int i = 0; i < LANES; i++) a[i] = a[i] > b[i] ? a[i] : b[i];
  return a;
#endif
}

/// Whether a lane of a or b is NaN.
INLINE int unordered(VEC a, VEC b) {
#if TP_VARIANT == TP_AVX512
  return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) != 0;
#elif TP_VARIANT == TP_AVX2
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q)) != 0;
#elif defined(__aarch64__)
  return vminvq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b))) == 0;
#else
  int found = 0;
  for (int i = 0; i < LANES; i++) found |= __builtin_isunordered(a[i], b[i]);
  return found;
#endif
}

/// The larger of two, NaN where one of them is.
INLINE VEC larger_or_nan(VEC a, VEC b) {
  VEC most = larger(a, b);
#if TP_VARIANT == TP_AVX512
  return _mm512_mask_mov_ps(most, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
#elif TP_VARIANT == TP_AVX2
  return _mm256_blendv_ps(most, a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
#elif defined(__aarch64__)
  return vbslq_f32(vceqq_f32(a, a), most, a);
#else
  for (int i = 0; i < LANES; i++) most[i] = a[i] == a[i] ? most[i] : a[i];
  return most;
#endif
}
