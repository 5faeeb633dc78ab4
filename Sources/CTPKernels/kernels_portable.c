// Every kernel for one instruction set.
#include "kernels.h"
#include <string.h>
#define TP_VARIANT TP_PORTABLE
#include "vectors.h"

#include "winograd.h"
#include "direct.h"
#include "dense.h"
#include "planes.h"
#include "truth.h"

const tp_kernels tp_kernels_portable = {
#include "kernel_table.h"
};
