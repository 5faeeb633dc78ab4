// Every kernel for one instruction set.
#include "kernels.h"
#include <string.h>
#if defined(__x86_64__)
#define TP_VARIANT TP_AVX2
// For every function that follows; the file itself is compiled for any processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "vectors.h"

#include "winograd.h"
#include "direct.h"
#include "dense.h"
#include "sequence.h"
#include "peak.h"
#define NUMBER float
#define FUSED __builtin_fmaf
#define NAMED(name) name##_float
#include "general.h"
#undef NUMBER
#undef FUSED
#undef NAMED
#define NUMBER double
#define FUSED __builtin_fma
#define NAMED(name) name##_double
#include "general.h"
#include "planes.h"
#include "truth.h"
#pragma clang attribute pop

const tp_kernels tp_kernels_avx2 = {
#include "kernel_table.h"
};
#endif
