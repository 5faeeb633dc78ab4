#pragma once
// One function per instruction set from one body, and the function that chooses among them.

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define VARIANTS_(FUNCTION, BODY, PARAMETERS, ARGUMENTS, ALL)                          \
  __attribute__((target("avx2,fma"))) static void FUNCTION##_avx2 PARAMETERS { BODY ARGUMENTS; } \
  static void FUNCTION##_portable PARAMETERS { BODY ARGUMENTS; }                      \
  void FUNCTION ALL {                                                                 \
    if (variant == TP_AVX2)                                                           \
      FUNCTION##_avx2 ARGUMENTS;                                                      \
    else                                                                              \
      FUNCTION##_portable ARGUMENTS;                                                  \
  }
#else
// Elsewhere (arm64) a fused multiply-add is part of the baseline.
#define VARIANTS_(FUNCTION, BODY, PARAMETERS, ARGUMENTS, ALL) \
  void FUNCTION ALL {                                        \
    (void)variant;                                           \
    BODY ARGUMENTS;                                          \
  }
#endif

/// Expands the names before they are pasted.
#define VARIANTS(...) VARIANTS_(__VA_ARGS__)
