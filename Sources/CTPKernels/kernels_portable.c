// Every kernel for one instruction set.
#include "kernels.h"
#include <string.h>
#define TP_VARIANT TP_PORTABLE
#include "every_kernel.h"

const tp_kernels tp_kernels_portable = {
#include "kernel_table.h"
};
