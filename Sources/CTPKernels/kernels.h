#pragma once
// What the files of the kernels share.
#include "tp_difference.h"
#include "tp_forward.h"
#include "tp_truth.h"

/// The parameters of a step.
typedef struct tp_constants {
  const float *weights, *bias;
  const int32_t *order;
} tp_constants;

/// Runs one strip of a step. `warm` says that the strip before was run just now by the same thread,
/// in the same scratch memory.
typedef void tp_strip(const tp_step *step, const tp_constants *constants, const float *in,
                      float *out, float *scratch, ptrdiff_t strip, int warm);

/// The float64 kernels of a variant.
typedef struct tp_truth_kernels {
  void (*pad)(const tp_conv3d *shape, const double *in, double *padded);
  void (*conv)(const tp_conv3d *shape, const double *padded, const double *weights,
               const double *bias, double *out);
  void (*linear)(ptrdiff_t inputs, ptrdiff_t outputs, const double *x, const double *weights,
                 double *sums);
  void (*scale_shift)(ptrdiff_t channels, ptrdiff_t count, const double *scale,
                      const double *shift, double *x);
  void (*relu)(ptrdiff_t count, double *x);
  void (*max_pool)(ptrdiff_t channels, const ptrdiff_t *input, const ptrdiff_t *kernel,
                   const ptrdiff_t *stride, const ptrdiff_t *output, const double *in,
                   double *out);
  void (*correlate)(const tp_correlation *shape, const double *in, const double *weights,
                    const double *bias, double *out);
  void (*pool)(ptrdiff_t channels, const tp_pooling *shape, const int32_t *spans, const double *in,
               double *out);
  void (*add_rounding)(ptrdiff_t count, double half_unit, const double *magnitude,
                       double *variance);
  void (*batch_norm_variance)(ptrdiff_t channels, ptrdiff_t count, double unit, const double *a,
                              const double *mean, const double *shift, const double *x,
                              double *variance);
  void (*magnitude)(ptrdiff_t count, const double *in, double *out);
  void (*noise)(ptrdiff_t count, const double *value, const double *variance, float *noise);
} tp_truth_kernels;

/// What is measured of two tensors of a type.
typedef struct tp_difference_kernels {
  int32_t (*measure)(ptrdiff_t count, const void *a, const void *b, tp_difference *result,
                     int64_t *ulps, uint32_t *sizes);
  int32_t (*measure_side)(ptrdiff_t count, const void *a, tp_side *result);
  int32_t (*compare)(ptrdiff_t count, const void *a, const void *b, tp_difference *result);
  int32_t (*squares)(ptrdiff_t count, const void *a, double *result);
  void (*channels)(ptrdiff_t count, const void *a, const void *b, ptrdiff_t rest,
                   ptrdiff_t channel, double *deltas, double *squares);
  ptrdiff_t (*first)(ptrdiff_t count, const void *a, const void *b, double size);
  void (*sizes)(ptrdiff_t count, const void *a, const void *b, const tp_range *ranges,
                double *const *out, ptrdiff_t *found);
} tp_difference_kernels;

/// What a variant has to offer.
typedef struct tp_kernels {
  /// By kind of step.
  tp_strip *run[TP_KINDS];
  /// Rounds of twelve fused multiply-adds on whole vectors; the result means nothing.
  double (*fma_peak)(ptrdiff_t rounds);
  void (*sigmoid)(ptrdiff_t count, float *x);
  void (*tanh)(ptrdiff_t count, float *x);
  tp_truth_kernels truth;
  /// By type.
  tp_difference_kernels difference[TP_FLOATS];
  void (*adam_step)(const tp_adam *adam, ptrdiff_t count, const float *a, const float *b,
                    const float *m, const float *v, double *sums);
} tp_kernels;

extern const tp_kernels tp_kernels_portable, tp_kernels_avx2, tp_kernels_avx512;

const tp_kernels *tp_kernels_of(int32_t variant);

/// Numbers in a vector of a variant.
static inline ptrdiff_t tp_lanes(int32_t variant) {
  return variant == TP_AVX512 ? 16 : variant == TP_AVX2 ? 8 : 4;
}

static inline ptrdiff_t tp_round_up(ptrdiff_t count, ptrdiff_t unit) {
  return (count + unit - 1) / unit * unit;
}

/// Output channels of a block of Winograd's products: 1 to 4 vectors.
static inline ptrdiff_t tp_winograd_vectors(ptrdiff_t lanes, ptrdiff_t channels) {
  if (lanes < 16) return 16 / lanes;
  return channels % 32 == 0 ? 2 : channels % 48 == 0 ? 3 : 1;
}

/// Tiles that are multiplied together, so that their sums for two slices fill the registers.
static inline ptrdiff_t tp_winograd_tiles(ptrdiff_t lanes, ptrdiff_t vectors) {
  return lanes < 16 ? 3 : 12 / vectors;
}

/// Tiles of 4 x 4 outputs, from one channel of 2 x 2, in a strip, in rows of tiles.
typedef struct tp_tiling {
  ptrdiff_t columns, rows, row_strips;
  /// Tiles of a strip, rounded up to whole products.
  ptrdiff_t tiles;
  /// Pairs of slices in all and in a strip, and strips over the depth.
  ptrdiff_t pairs, chunk, chunks;
} tp_tiling;

static inline tp_tiling tp_tile(ptrdiff_t lanes, const tp_step *s) {
  tp_tiling t;
  const int first = s->kind == TP_WINOGRAD_FIRST, side = first ? 2 : 4;
  const ptrdiff_t all = s->middle[1] / side;
  t.columns = s->middle[2] / side;
  // Enough tiles to make the reading of the weights cheap, few enough for the second-level cache.
  ptrdiff_t wanted = s->source.channels * s->target.channels > 1024 ? 24 : 12;
  t.rows = first ? 1 : (wanted + t.columns - 1) / t.columns;
  if (t.rows > all) t.rows = all;
  t.row_strips = (all + t.rows - 1) / t.rows;
  t.tiles = first ? 2 * tp_round_up(t.columns / 2, lanes)
                  : tp_round_up(t.rows * t.columns,
                                tp_winograd_tiles(lanes, tp_winograd_vectors(
                                                             lanes, s->target.channels)));
  t.pairs = s->middle[0] / 2;
  t.chunk = t.row_strips >= 8 ? t.pairs : (t.pairs * t.row_strips + 7) / 8;
  if (t.chunk < 2) t.chunk = 2;
  if (t.chunk > t.pairs) t.chunk = t.pairs;
  t.chunks = (t.pairs + t.chunk - 1) / t.chunk;
  return t;
}

/// Numbers of a whole block of a linear layer.
static inline ptrdiff_t tp_linear_block(ptrdiff_t lanes) { return 4 * lanes; }

/// Output channels of the blocks of a direct convolution that are not the last.
static inline ptrdiff_t tp_direct_block(ptrdiff_t lanes) { return lanes == 4 ? 16 : 2 * lanes; }
