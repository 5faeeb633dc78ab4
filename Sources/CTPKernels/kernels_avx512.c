// Every kernel for one instruction set.
#include "kernels.h"
#include <string.h>
#if defined(__x86_64__)
#define TP_VARIANT TP_AVX512
// For every function that follows; the file itself is compiled for any processor.
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#pragma clang attribute push(TARGET, apply_to = function)
#include "every_kernel.h"
#pragma clang attribute pop

const tp_kernels tp_kernels_avx512 = {
#include "kernel_table.h"
};
#endif
