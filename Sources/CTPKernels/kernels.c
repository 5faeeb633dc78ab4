#include "CTPKernels.h"
