// The kernels for the instruction set of TP_VARIANT; included once by the file of each.
#include "vectors.h"

#include "winograd.h"
#include "winograd_first.h"
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
#include "difference.h"
