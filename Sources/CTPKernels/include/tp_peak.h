#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs rounds of fused multiply-adds in registers, and gives how many a round has.
ptrdiff_t tp_fma_peak(int32_t variant, ptrdiff_t rounds);
