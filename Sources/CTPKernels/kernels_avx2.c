// Every kernel for one instruction set.
#include "kernels.h"
#include <string.h>
#if defined(__x86_64__)
#define TP_VARIANT TP_AVX2
// For every function that follows; the file itself is compiled for any processor.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "every_kernel.h"
#pragma clang attribute pop

const tp_kernels tp_kernels_avx2 = {
#include "kernel_table.h"
};
#endif
