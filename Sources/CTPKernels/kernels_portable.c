// Every kernel for one instruction set.
#include "kernels.h"
#include <string.h>
#define TP_VARIANT TP_PORTABLE
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

const tp_kernels tp_kernels_portable = {
#include "kernel_table.h"
};
