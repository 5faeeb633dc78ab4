#pragma once
// What lies between two tensors of one type: the hot loops of `diff`.
//
// Element i of what is handed over adds to lane i % 8 of each sum in float64, and lanes are added as
// ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)), so that no vector width or instruction set changes a bit.
// Products of float32, float16 and bfloat16 are exact in float64, so it is all the same whether they
// are fused; those of float64 never are. Numbers are little-endian and need no alignment.
#include <stddef.h>
#include <stdint.h>

/// The types of the elements.
enum { TP_FLOAT32 = 0, TP_FLOAT16, TP_BFLOAT16, TP_FLOAT64, TP_FLOATS };

/// The most elements of a call of `tp_measure`.
#define TP_RUN 32768
/// Bins of distances in units in the last place: 0, then 2^(k-1) to 2^k - 1 in bin k.
#define TP_ULP_BINS 66
/// Bins of sizes: the bits of a |d| in float64 without the lowest 48. There are two rows of them,
/// which are to be added up; what lies from TP_SIZE_INFINITE on is not finite.
#define TP_SIZE_BINS 32768
#define TP_SIZE_SHIFT 48
#define TP_SIZE_INFINITE 0x7FF0

/// What one side is like. `least` and `greatest` are never -0.
typedef struct tp_side {
  double squares, sum, mean, deviation, least, greatest;
  int64_t zero, denormal;
} tp_side;

/// What is measured of a run of elements of both.
typedef struct tp_difference {
  tp_side a, b;
  double squares, product, sum_abs, largest;
  int64_t changed, flips;
} tp_difference;

/// Measures a run of at most TP_RUN elements, both sides and what lies between them.
///
/// `ulps` has TP_ULP_BINS; `sizes` has 2 rows of TP_SIZE_BINS, or is NULL. Both are added to.
///
/// Returns 0 where a number, or its square, is not finite: then only `sizes` holds, pairs of two NaN
/// and of the same infinity as 0.
int32_t tp_measure(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                   tp_difference *result, int64_t *ulps, uint32_t *sizes);

/// The same of one side alone.
int32_t tp_measure_side(int32_t variant, int32_t type, ptrdiff_t count, const void *a,
                        tp_side *result);

/// Fills in only squares, product, largest and changed; bits as `tp_measure` has them.
int32_t tp_compare(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                   tp_difference *result);

/// The sum of the squares of one side, as `tp_measure` has it.
int32_t tp_squares(int32_t variant, int32_t type, ptrdiff_t count, const void *a, double *result);

/// Squares of the differences and of the first side, summed by channel: of what is left of a channel
/// (`rest` elements), then of `channel` elements each, the last as far as it goes.
void tp_channels(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                 ptrdiff_t rest, ptrdiff_t channel, double *deltas, double *squares);

/// The place of the first |d| that is `size`; `count` where there is none.
ptrdiff_t tp_first(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
                   double size);

/// Sizes whose bits, as a number, lie from `first` to `last`: finite ones, from +0 on. Both 2^63 for
/// none.
typedef struct tp_range {
  uint64_t first, last;
} tp_range;

/// The |d| of two ranges, in order, and how many they are; those of two NaN and of the same infinity
/// are 0. Each of `out` has room for all of its range and 8 more.
void tp_sizes(int32_t variant, int32_t type, ptrdiff_t count, const void *a, const void *b,
              const tp_range *ranges, double *const *out, ptrdiff_t *found);

/// The number of a rank, from 0 in ascending order, and the next one (the same where it is the last),
/// into `found`. The numbers are at least +0, and are not kept.
void tp_select(double *numbers, ptrdiff_t count, ptrdiff_t rank, double *found);

/// Adam's step, and what it has to do with what was observed.
typedef struct tp_adam {
  double rate, first, second, epsilon, decay;
} tp_adam;

/// Sums over float32 elements of the squares of -rate (m / first / (sqrt(v / second) + epsilon) +
/// decay b), of those of b - a, and of the products of the two, into `sums`.
void tp_adam_step(int32_t variant, const tp_adam *adam, ptrdiff_t count, const void *a,
                  const void *b, const void *m, const void *v, double *sums);
