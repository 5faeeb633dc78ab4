#pragma once
// The hot loops of the package, in C: what Swift cannot ask a processor for.
#include "tp_crc32.h"
#include "tp_difference.h"
#include "tp_forward.h"
#include "tp_peak.h"
#include "tp_truth.h"
