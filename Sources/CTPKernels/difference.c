// What lies between two tensors: which variant measures it, and what no instruction set changes.
#include "kernels.h"
#include <string.h>

int32_t tp_measure(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                   tp_difference *result, int64_t *ulps, uint32_t *sizes) {
  return tp_kernels_of(variant)->difference[type].measure(count, a, b, result, ulps, sizes);
}

int32_t tp_measure_side(int32_t variant, int32_t type, ptrdiff_t count, const void *a,
                        tp_side *result) {
  return tp_kernels_of(variant)->difference[type].measure_side(count, a, result);
}

int32_t tp_compare(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                   tp_difference *result) {
  return tp_kernels_of(variant)->difference[type].compare(count, a, b, result);
}

int32_t tp_squares(int32_t variant, int32_t type, ptrdiff_t count, const void *a, double *result) {
  return tp_kernels_of(variant)->difference[type].squares(count, a, result);
}

void tp_channels(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                 ptrdiff_t rest, ptrdiff_t channel, double *deltas, double *squares) {
  tp_kernels_of(variant)->difference[type].channels(count, a, b, rest, channel, deltas, squares);
}

ptrdiff_t tp_first(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                   double size) {
  return tp_kernels_of(variant)->difference[type].first(count, a, b, size);
}

void tp_sizes(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
              const tp_range *ranges, double *const *out, ptrdiff_t *found) {
  tp_kernels_of(variant)->difference[type].sizes(count, a, b, ranges, out, found);
}

void tp_adam_step(int32_t variant, const tp_adam *adam, ptrdiff_t count, const void *a,
                  const void *b, const void *m, const void *v, double *sums) {
  tp_kernels_of(variant)->adam_step(adam, count, a, b, m, v, sums);
}

static uint64_t bits_of(double number) {
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

/// Few enough to be sorted by insertion.
#define FEW 24

void tp_select(double *x, ptrdiff_t count, ptrdiff_t rank, double *found) {
  // The least number of those that were left behind because they are greater.
  uint64_t above = UINT64_MAX;
  while (count > FEW) {
    uint64_t low = UINT64_MAX, high = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
      const uint64_t bits = bits_of(x[i]);
      low = bits < low ? bits : low;
      high = bits > high ? bits : high;
    }
    if (low == high) break;
    // Eight bits from the highest in which two numbers differ: none of those above does.
    const int width = 64 - __builtin_clzll(low ^ high), shift = width > 8 ? width - 8 : 0;
    ptrdiff_t bins[256] = {0};
    for (ptrdiff_t i = 0; i < count; i++) bins[bits_of(x[i]) >> shift & 255]++;
    ptrdiff_t before = 0;
    uint64_t bin = 0;
    while (before + bins[bin] <= rank) before += bins[bin++];
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
      const uint64_t bits = bits_of(x[i]), own = bits >> shift & 255;
      if (own > bin && bits < above) above = bits;
      x[kept] = x[i];
      kept += own == bin;
    }
    count = kept;
    rank -= before;
  }
  if (count <= FEW) {
    for (ptrdiff_t i = 1; i < count; i++) {
      const double own = x[i];
      ptrdiff_t place = i;
      for (; place > 0 && x[place - 1] > own; place--) x[place] = x[place - 1];
      x[place] = own;
    }
  }
  found[0] = found[1] = x[rank];
  if (rank + 1 < count) {
    found[1] = x[rank + 1];
  } else if (above != UINT64_MAX) {
    memcpy(&found[1], &above, sizeof above);
  }
}
